#!/bin/sh
# Installs what gluec is built and tested with, from Debian's packages, when something is missing.
set -eu
packages="gcc make libc6-dev pkg-config libprotobuf-c-dev protobuf-c-compiler libonnx-dev libmd-dev libpng-dev check"
[ "${1:-}" = check ] && packages="$packages clang clang-format gcc-multilib xz-utils"
# The exports that GLUEC_SHARED names are put together by a Python script.
[ -n "${GLUEC_SHARED:-}" ] && [ "${1:-}" = check ] && packages="$packages python3-onnx"

# Those of the packages that are not installed.
missing() {
	for package; do
		dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q ' installed$' || printf ' %s' "$package"
	done
}
sudo=
if [ "$(id -u)" != 0 ]; then
	sudo=sudo
fi
install() {
	$sudo apt-get update -qq
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# What `make bench` measures against is left out where it cannot be had: setup.sh bench FOLDER.
if [ "${1:-}" = bench ]; then
	peers="libdnnl-dev gnuplot-nox"
	command -v npm >/dev/null || peers="$peers npm"
	# shellcheck disable=SC2086
	peers=$(missing $peers)
	# shellcheck disable=SC2086
	[ -z "$peers" ] || install $peers 2>/dev/null || echo "Could not install$peers"
	mkdir -p "$2"
	cp bench/package.json "$2"
	# The package's own install script fetches GPU libraries that nothing here uses.
	[ -e "$2/node_modules/onnxruntime-node" ] ||
		(cd "$2" && npm install --ignore-scripts --silent >/dev/null 2>&1) || echo "Could not install onnxruntime-node"
fi

# shellcheck disable=SC2086
packages=$(missing $packages)
if [ -n "$packages" ]; then
	if ! command -v apt-get >/dev/null; then
		echo "This needs Debian's packages:$packages" >&2
		exit 1
	fi
	echo "Installing$packages"
	# shellcheck disable=SC2086
	install $packages
fi
[ "${1:-}" = check ] || exit 0

# For the tests for 64-bit Arm, which are skipped without: qemu, and what clang needs to make programs for that machine.
# Debian does not have gcc-aarch64-linux-gnu beside gcc-multilib; whoever has it keeps it.
cross=$(missing qemu-user binutils-aarch64-linux-gnu libc6-dev-arm64-cross "libgcc-$(gcc -dumpversion)-dev-arm64-cross")
if [ -n "$cross" ]; then
	echo "Installing$cross"
	# shellcheck disable=SC2086
	install --no-remove $cross 2>/dev/null || echo "Without$cross the tests for 64-bit Arm are skipped"
fi
