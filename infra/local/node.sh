#!/bin/sh
# Install what infra/local/node/package-lock.json names. No package's own script runs.
set -eu
cd "$(dirname "$0")/node"

if ! node -e 'process.exit(parseInt(process.versions.node) >= 18 ? 0 : 1)' >/dev/null 2>&1; then
    echo "Node 18 or later is needed (nodejs.org, or on Debian: apt install nodejs npm); found: $(node --version 2>/dev/null || echo none)." >&2
    exit 1
fi
if ! command -v npm >/dev/null 2>&1; then
    echo "npm is needed beside Node (on Debian: apt install npm)." >&2
    exit 1
fi

echo "Setting up the local chain nodes with npm."
npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
touch node_modules/.ready
