#!/usr/bin/env bash
# find_chromium.sh BIN: print the path of a Chromium that starts: $CHROMIUM, the machine's own,
# Debian's package (installed here when root), else Playwright's download. BIN is the venv's bin.
set -u
works() { [ -n "$1" ] && "$1" --version >/dev/null 2>&1; }

for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable; do
  path=$(command -v "$name" 2>/dev/null) && works "$path" && { echo "$path"; exit 0; }
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing Chromium from Debian's packages ..." >&2
  apt-get update -qq >&2 && apt-get install -y -qq chromium >&2
  path=$(command -v chromium 2>/dev/null) && works "$path" && { echo "$path"; exit 0; }
fi
echo "Downloading Playwright's Chromium ..." >&2
"$1/playwright" install chromium >&2
path=$("$1/python" -c 'from playwright.sync_api import sync_playwright as s
with s() as p: print(p.chromium.executable_path)')
works "$path" && { echo "$path"; exit 0; }
echo "No Chromium was found or could be installed; set CHROMIUM to the path of one." >&2
exit 1
