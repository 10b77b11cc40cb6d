#!/bin/sh
# Install a tool in an environment of its own, .local/tools/NAME: sh infra/local/tool.sh NAME REQUIREMENTS [VERSION]
# VERSION is the only Python that will do, such as 3.13; without it any from 3.11 on.
set -eu
name=$1 requirements=$2 version=${3:-}

usable() {
    "$1" -c "import ensurepip, ssl, sys, venv
wanted = '$version'
found = '.'.join(map(str, sys.version_info[:2]))
sys.exit(found != wanted if wanted else sys.version_info < (3, 11))" >/dev/null 2>&1
}

for candidate in ${PYTHON:-} "python${version:-3}" "$HOME"/.pyenv/versions/"$version"*/bin/python3 .venv/bin/python; do
    if usable "$candidate"; then
        python=$candidate
        break
    fi
done
if [ -z "${python:-}" ]; then
    echo "$name needs Python ${version:-3.11 or later} with the venv module; PYTHON=/path/to/python names one." >&2
    exit 1
fi

directory=.local/tools/$name
echo "Setting up $name in $directory with $("$python" --version)."
rm -rf "$directory"
"$python" -m venv "$directory"
# The lock is complete, and pip's resolver stumbles over its extras.
"$directory/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r "$requirements"
touch "$directory/.ready"
