#!/usr/bin/env bash
# make_venv.sh FOLDER: a virtual environment made with the first Python 3.11 or newer that runs.
set -u
for python in python3.11 python3.12 python3.13 python3.14 python3 python; do
  if "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    exec "$python" -m venv "$1"
  fi
done
echo "dlexplain needs Python 3.11 or newer with venv (on Debian: apt-get install python3-venv); none was found." >&2
exit 1
