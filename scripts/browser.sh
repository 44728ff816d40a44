#!/usr/bin/env bash
# Makes sure that the browser tests find a Chromium; installs Debian's where this account may.
set -euo pipefail

for browser in chromium chromium-browser google-chrome google-chrome-stable; do
  if command -v "$browser" >/dev/null; then exit 0; fi
done

as_root=()
if [ "$(id -u)" != 0 ]; then as_root=(sudo -n); fi
if command -v apt-get >/dev/null && { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }; then
  echo "test: installing Chromium"
  if { "${as_root[@]+"${as_root[@]}"}" apt-get update -qq &&
       "${as_root[@]+"${as_root[@]}"}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium
     } >/tmp/sitthi-browser.$$ 2>&1 </dev/null && command -v chromium >/dev/null; then
    rm -f /tmp/sitthi-browser.$$
    exit 0
  fi
  tail -n 15 /tmp/sitthi-browser.$$ >&2
  rm -f /tmp/sitthi-browser.$$
fi
cat >&2 <<'TEXT'
test: some tests drive a browser, and no chromium or google-chrome is on the PATH.
test: Install one (Debian: sudo apt-get install chromium; Fedora: sudo dnf install chromium; macOS: brew install chromium).
test: `make quick` runs the tests that need none.
TEXT
exit 1
