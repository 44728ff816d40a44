#!/usr/bin/env bash
# Resolves the three requirements*.in for every platform and Python we support, with hashes. What is locked
# stays unless the .in file forces it; ARGS adds uv's options, e.g. make lock ARGS=--upgrade.
set -euo pipefail
cd "$(dirname "$0")/.."

python=.venv/bin/python
[ -x .venv/bin/uv ] || $python -m pip install --disable-pip-version-check -q 'uv>=0.8,<1'
if [ -z "${UV_DEFAULT_INDEX:-}${UV_INDEX_URL:-}" ]; then  # uv does not read pip's settings
  index=$($python -m pip config get global.index-url 2>/dev/null || true)
  if [ -n "$index" ]; then export UV_DEFAULT_INDEX=$index; fi
fi
for list in requirements requirements-node requirements-dev; do
  echo "lock: $list.in"
  .venv/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
    ${ARGS:-} $list.in -o $list.txt
done
