#!/bin/sh
# Installs what is missing: Debian packages by scripts/packages.txt, npm packages by the lock files of tools/npm and dashboard.
# usage: scripts/setup.sh [run|test]   (test, the default, is all of it)
set -eu
cd "$(dirname "$0")/.."
what=${1:-test}

say() { printf '%s\n' "setup: $*"; }
fail() {
    printf '%s\n' "setup: $*" >&2
    exit 1
}

# --- Debian packages ---------------------------------------------------------------------------------------------

# With a second architecture on the machine a package may be there twice: the one counts that the name says, else ours.
arch=$(dpkg --print-architecture 2>/dev/null || true)
is_installed() {
    case $1 in *:*) of=${1#*:} ;; *) of="($arch|all)" ;; esac
    # shellcheck disable=SC2016
    dpkg-query -W -f '${Architecture} ${db:Status-Status}\n' "$1" 2>/dev/null | grep -qxE "$of installed"
}

missing=
missing_arch=
while read -r group package instead _; do
    case $group in '' | '#'*) continue ;; esac
    [ "$group" = run ] || [ "$what" = test ] || continue
    if [ "$instead" != - ] && command -v "$instead" >/dev/null 2>&1; then continue; fi
    if is_installed "$package"; then continue; fi
    if [ "$group" = arch ]; then missing_arch="$missing_arch $package"; else missing="$missing $package"; fi
done <scripts/packages.txt

as_root=
become_root() {
    [ "$(id -u)" -ne 0 ] || return 0
    command -v sudo >/dev/null 2>&1 || fail "these Debian packages are missing, and there is no sudo to install them with:
  $missing
ask somebody who may to run:
  apt-get install --no-install-recommends$missing"
    as_root=sudo
}

# The packages of PostgreSQL and Mosquitto would start services of the system. We use neither: while they are being
# installed nothing starts and no system cluster is made; afterwards the folder /etc is as the packages left it.
policy=/usr/sbin/policy-rc.d
cluster=/etc/postgresql-common/createcluster.d/pediluve-setup.conf
restore() {
    [ -z "${made_policy:-}" ] || $as_root rm -f "$policy"
    [ -z "${made_cluster:-}" ] || $as_root rm -f "$cluster"
}

install_packages() {
    command -v apt-get >/dev/null 2>&1 || fail "apt-get is not here; install these by hand:$missing"
    become_root
    mkdir -p build
    log=build/setup.log
    say "installing Debian packages (log: $log):$missing"
    new_mosquitto=
    case "$missing " in *' mosquitto '*) new_mosquitto=1 ;; esac
    trap restore EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    if [ ! -e "$policy" ]; then
        made_policy=1
        printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
        $as_root chmod 755 "$policy"
    fi
    if ! is_installed postgresql-common; then
        made_cluster=1
        $as_root mkdir -p "$(dirname "$cluster")"
        echo 'create_main_cluster = false' | $as_root tee "$cluster" >/dev/null
    fi
    apt="$as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 -qq"
    $apt update >"$log" 2>&1 || say "apt-get update failed; trying with the lists as they are"
    # shellcheck disable=SC2086
    $apt -o Dpkg::Use-Pty=0 install -y --no-install-recommends $missing >>"$log" 2>&1 || {
        tail -n 20 "$log" >&2
        fail "apt-get could not install:$missing"
    }
    if [ -n "$new_mosquitto" ] && [ -d /run/systemd/system ]; then
        $as_root systemctl disable --quiet mosquitto || true
    fi
}

if [ -n "$missing" ]; then install_packages; fi

# Packages of another architecture: a machine that cannot have them (no such lists, another processor) goes without,
# and the test that wants them says so. Beside each the machine's own is named: both must be of one version.
install_arch() {
    become_root
    mkdir -p build
    log=build/setup-arch.log
    say "installing Debian packages for arm64 (log: $log):$missing_arch"
    pairs=
    for package in $missing_arch; do
        case $package in
        *-dev:arm64 | *-cross | qemu-* | gcc-*) pairs="$pairs $package" ;;
        *) pairs="$pairs $package ${package%:arm64}" ;;
        esac
    done
    apt="$as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 -qq"
    # shellcheck disable=SC2086
    $as_root dpkg --add-architecture arm64 >"$log" 2>&1 && $apt update >>"$log" 2>&1 &&
        $apt -o Dpkg::Use-Pty=0 install -y --no-install-recommends $pairs >>"$log" 2>&1 && return 0
    say "they cannot be installed here: the test of the build for arm64 will be skipped"
}

if [ -n "$missing_arch" ] && [ "$arch" = amd64 ]; then install_arch; fi

# --- npm packages ------------------------------------------------------------------------------------------------

# The mark holds the lock file's sum and how much was installed: all serves run too.
npm_packages() { # npm_packages FOLDER HOW-MUCH [OPTION]
    folder=$1
    mark=$folder/node_modules/.pediluve-setup
    sum=$(sha256sum <"$folder/package-lock.json" | cut -d' ' -f1)
    have=$(cat "$mark" 2>/dev/null || true)
    if [ "$have" = "$sum test" ] || [ "$have" = "$sum $2" ]; then return 0; fi
    major=$(node --version 2>/dev/null | sed 's/^v\([0-9]*\).*/\1/')
    [ "${major:-0}" -ge 18 ] || fail "node 18 or newer is needed, and this one is $(node --version 2>&1 || true)"
    say "installing npm packages ($folder)"
    # No package's own scripts are run: none of them needs to.
    (cd "$folder" && npm ci ${3:+"$3"} --ignore-scripts --no-audit --no-fund --loglevel=error) ||
        fail "npm could not install what $folder/package-lock.json names"
    echo "$sum $2" >"$mark"
}

if [ "$what" = test ]; then npm_packages tools/npm test; else npm_packages tools/npm run --omit=dev; fi
npm_packages dashboard test # to build the page is to run it: there is no less
say "everything is there"
