#!/usr/bin/env bash
# Removes caches and what tests left behind. The data in var/ and .venv stay.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ -e var/test/postgres.lock ] && [ -x .venv/bin/python ]; then
  SITTHI_DATA_DIR=var/test .venv/bin/python -m database stop
fi
if [ -L var/test/postgres ]; then rm -rf "$(dirname "$(readlink var/test/postgres)")"; fi
rm -rf var/test test-artifacts .pytest_cache .mypy_cache .ruff_cache .hypothesis
find . -name __pycache__ -type d -not -path './.venv/*' -not -path '*/node_modules/*' -prune -exec rm -rf {} +
