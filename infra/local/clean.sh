#!/bin/sh
# Remove .local, unless a stack of this checkout is running on it.
set -eu

if [ -x .venv/bin/python ] && [ -d .local ]; then
    .venv/bin/python -m infra.local.lock .local
fi
rm -rf .local
