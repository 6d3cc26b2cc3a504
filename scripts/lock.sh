#!/usr/bin/env bash
# lock.sh UV: writes a .lock beside each requirements file, every pin with the SHA-256 of each of its
# files on PyPI. torch has none: its files depend on where it is from, docs/decisions/0046.
set -eu
cd "$(dirname "$0")/.."

lock() {  # lock TARGET FILE...
  local target=$1
  shift
  {
    echo "# Written by make lock from $*; every file of each release by its SHA-256."
    cat "$@" | grep -vE '^(torch==|-r |#|[[:space:]]*$)' | sed 's/[[:space:]]*#.*//' | sort -u |
      "$UV" pip compile - --quiet --no-deps --generate-hashes --no-header --no-annotate \
        --python-version 3.11
  } >"$target.part"
  mv "$target.part" "$target"
}

UV=$1
lock requirements.lock requirements.txt
lock requirements-no-deps.lock requirements-no-deps.txt
lock requirements-dev.lock requirements-dev.txt requirements-ray.txt requirements-postgres.txt
lock requirements-dev-no-deps.lock requirements-dev-no-deps.txt
