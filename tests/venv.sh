#!/bin/sh
# Make a virtual environment: venv.sh PYTHON FOLDER. Debian keeps ensurepip in a package of its own.
set -eu
"$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "stripwatch needs Python >= 3.11; $1 is $("$1" -V)"; exit 1; }
if ! "$1" -c 'import ensurepip' 2>/dev/null; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "installing python3-venv (Debian package): $1 has no ensurepip"
        apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null
    else
        echo "$1 has no ensurepip: install python3-venv first (as root: apt-get install python3-venv)"
        exit 1
    fi
fi
"$1" -m venv "$2"
