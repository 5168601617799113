#!/bin/sh
# Browser tests drive an installed Chromium or Chrome; as root on Debian this installs one.
for name in chromium chromium-browser google-chrome google-chrome-stable; do
    if command -v "$name" > /dev/null; then exit 0; fi
done
if [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
    (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium) > /dev/null 2>&1 && exit 0
fi
echo "Browser tests are skipped: install chromium (Debian: apt-get install chromium)."
[ "${REQUIRE_BROWSER:-0}" != 1 ]
