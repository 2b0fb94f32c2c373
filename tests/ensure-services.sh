#!/bin/sh
# Installs the Debian packages named as arguments, those that are missing. `make test` and `make bench` call it with what
# they drive. It needs root (or sudo) only when something is missing, and touches nothing when nothing is.
set -eu

there() {
    case "$1" in
        postgresql) command -v initdb >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 ;;
        chromium-driver) command -v chromedriver >/dev/null 2>&1 ;;
        *) command -v "$1" >/dev/null 2>&1 ;;
    esac
}

missing=""
for package in "$@"; do
    there "$package" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
    echo "Missing:$missing (names of Debian packages). Install what provides them." >&2
    exit 1
fi
root=""
[ "$(id -u)" = 0 ] || root="sudo"
echo "Installing:$missing"
$root apt-get update -qq
# shellcheck disable=SC2086 # a list of packages
$root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
