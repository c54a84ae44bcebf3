#!/usr/bin/env bash
# Gets what the browser tests need and the locks cannot hold: Debian's Chromium, and axe-core.
#
# Root gets them with apt-get and npm. Anyone else is told the command; the tests that need them
# are then skipped, or fail where CI is set.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { echo "browser tests: $*" >&2; }
find_chromium() { command -v chromium || command -v chromium-browser; }

apt_install() {
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say "installing $* with apt-get"
    { apt-get update -qq \
      && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"; } \
      >/dev/null 2>&1 || say "apt-get could not install $*"
  else
    say "missing; to run them: sudo apt-get install $*"
  fi
}

find_chromium >/dev/null || apt_install chromium

# axe-core is pinned by version and by the hash of its archive; npm fetches, sha512sum judges.
version=4.14.1
integrity=1477dafa598d8d065f273d6af302aa203c02e83131707b7fa648cd41bd3d6b734f8c22a0dab86ee6a6f64b8afbe804b214d36db85a2826965edfb3a0b9d546b5
target=build/axe/axe.min.js
if [ ! -f "$target" ] || [ "$(cat build/axe/VERSION 2>/dev/null)" != "$version" ]; then
  command -v npm >/dev/null || apt_install npm
  if command -v npm >/dev/null; then
    mkdir -p build/axe
    scratch="$(mktemp -d)"
    trap 'rm -rf "$scratch"' EXIT
    if (cd "$scratch" && npm pack --silent "axe-core@$version" >/dev/null); then
      archive="$scratch/axe-core-$version.tgz"
      if [ "$(sha512sum "$archive" | cut -d' ' -f1)" != "$integrity" ]; then
        say "axe-core $version does not have the expected hash: not used"
        exit 1
      fi
      tar -xzf "$archive" -C "$scratch" package/axe.min.js
      mv "$scratch/package/axe.min.js" "$target"
      echo "$version" >build/axe/VERSION
    else
      say "npm could not fetch axe-core $version"
    fi
  fi
fi
