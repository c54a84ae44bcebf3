#!/usr/bin/env bash
# Gets the PostgreSQL 15 that the tests run beside the wheel's 18: Debian's package.
#
# Root gets it with apt-get; no cluster of the machine is made or started. Anyone else is told the
# command; the tests that need it are then skipped, or fail where CI is set.
set -euo pipefail

version=15
say() { echo "PostgreSQL tests: $*" >&2; }

[ -x "/usr/lib/postgresql/$version/bin/postgres" ] && exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  say "missing; to run them: sudo apt-get install postgresql-$version"
  exit 0
fi
say "installing postgresql-$version with apt-get"
install() { DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"; }
{
  apt-get update -qq && install postgresql-common \
    && sed -i -E 's/^#?create_main_cluster *=.*/create_main_cluster = false/' \
      /etc/postgresql-common/createcluster.conf \
    && install "postgresql-$version"
} >/dev/null 2>&1 || say "apt-get could not install postgresql-$version"
