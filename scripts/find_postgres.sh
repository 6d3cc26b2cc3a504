#!/usr/bin/env bash
# find_postgres.sh: print the folder of PostgreSQL's initdb and pg_ctl: $POSTGRES_BIN, Debian's
# package, installed here when root, or what is in PATH; nothing, and 0, where there is none: the
# tests that need one then say so.
set -u
look() {
  for folder in "${POSTGRES_BIN:-}" $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -rV) \
    "$(dirname "$(readlink -f "$(command -v initdb || echo /nowhere/x)")")"; do
    [ -n "$folder" ] && [ -x "$folder/initdb" ] && [ -x "$folder/pg_ctl" ] \
      && { echo "$folder"; return 0; }
  done
  return 1
}

look && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing PostgreSQL from Debian's packages ..." >&2
  apt-get update -qq >&2 && apt-get install -y -qq postgresql >&2
  look && exit 0
fi
echo "No PostgreSQL was found or could be installed; its tests are skipped." >&2
