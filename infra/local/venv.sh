#!/bin/sh
# Make .venv from requirements-dev.txt with the best Python that is here and really runs: a name on the
# PATH may be a version manager's shim that answers with an error.
set -eu

usable() {
    "$1" -c 'import ensurepip, ssl, sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

for candidate in ${PYTHON:-python3.13 python3 python3.12 python3.11 python3.14 python}; do
    if usable "$candidate"; then
        python=$candidate
        break
    fi
done
if [ -z "${python:-}" ]; then
    echo "No usable Python: 3.11 or later with the venv module is needed (on Debian: apt install python3-venv)." >&2
    echo "Tried: ${PYTHON:-python3.13 python3 python3.12 python3.11 python3.14 python}. PYTHON=/path/to/python chooses another." >&2
    exit 1
fi

echo "Setting up .venv with $("$python" --version); the first time takes a minute."
if ! .venv/bin/python -c '' >/dev/null 2>&1 || [ -n "${PYTHON:-}" ]; then
    rm -rf .venv
    "$python" -m venv .venv
fi
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
touch .venv/.ready
