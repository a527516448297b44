#!/bin/sh
# Installs what gluec is built and tested with, from Debian's packages, when something is missing.
set -eu
packages="gcc make libc6-dev pkg-config libprotobuf-c-dev protobuf-c-compiler libonnx-dev libmd-dev libpng-dev check"
[ "${1:-}" = check ] && packages="$packages clang clang-format gcc-multilib xz-utils"
# The exports that GLUEC_SHARED names are put together by a Python script.
[ -n "${GLUEC_SHARED:-}" ] && [ "${1:-}" = check ] && packages="$packages python3-onnx"

missing=
for package in $packages; do
	dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q ' installed$' || missing="$missing $package"
done
[ -z "$missing" ] && exit 0

if ! command -v apt-get >/dev/null; then
	echo "This needs Debian's packages:$missing" >&2
	exit 1
fi
sudo=
if [ "$(id -u)" != 0 ]; then
	sudo=sudo
fi
echo "Installing$missing"
$sudo apt-get update -qq
# shellcheck disable=SC2086
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
