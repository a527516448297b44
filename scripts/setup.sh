#!/bin/sh
# Installs what gluec is built and tested with, from Debian's packages, when something is missing.
set -eu
packages="gcc make libc6-dev pkg-config libprotobuf-c-dev protobuf-c-compiler libonnx-dev libmd-dev libpng-dev check"
cross=
if [ "${1:-}" = check ]; then
	packages="$packages clang clang-format gcc-multilib xz-utils"
	# Tests for 64-bit Arm; without these they say that they are skipped.
	cross="gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user"
fi

# Those of the packages that are not installed.
missing() {
	for package; do
		dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q ' installed$' || printf ' %s' "$package"
	done
}
# shellcheck disable=SC2086
packages=$(missing $packages)
# shellcheck disable=SC2086
cross=$(missing $cross)
[ -z "$packages$cross" ] && exit 0

if ! command -v apt-get >/dev/null; then
	[ -z "$packages" ] && exit 0
	echo "This needs Debian's packages:$packages" >&2
	exit 1
fi
sudo=
if [ "$(id -u)" != 0 ]; then
	sudo=sudo
fi
install() {
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}
if [ -n "$packages" ]; then
	echo "Installing$packages"
	$sudo apt-get update -qq
	# shellcheck disable=SC2086
	install $packages
fi
if [ -n "$cross" ]; then
	echo "Installing$cross"
	# shellcheck disable=SC2086
	{ { [ -n "$packages" ] || $sudo apt-get update -qq; } && install $cross; } 2>/dev/null ||
		echo "These are not to be had:$cross; the tests for 64-bit Arm are skipped"
fi
