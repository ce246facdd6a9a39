#!/bin/sh
# Succeeds when a Chromium is there, or could be installed; the tests look in the same places.
[ -n "${CHROMIUM:-}" ] && [ -x "$CHROMIUM" ] && exit 0
for name in chromium chromium-browser google-chrome google-chrome-stable; do
    command -v "$name" >/dev/null 2>&1 && exit 0
done
bundled='from playwright.sync_api import sync_playwright as s
import pathlib, sys
with s() as p: sys.exit(not pathlib.Path(p.chromium.executable_path).exists())'
"$1" -c "$bundled" 2>/dev/null && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "installing Chromium"
    apt-get update -qq >/dev/null && apt-get install -y -qq --no-install-recommends chromium >/dev/null 2>&1 && exit 0
fi
"$1" -m playwright install chromium >/dev/null 2>&1
