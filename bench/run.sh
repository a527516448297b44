#!/bin/sh
# Speed against ONNX Runtime in one run, as ratios: run.sh [THREADS]. Each model is timed in turns with the peer, since a
# machine's clock drifts. With GLUEC_SHARED the matcher gets real keypoints, without it random ones, which leave it at
# an early exit.
set -eu
cd "$(dirname "$0")/.."
threads=${1:-2}
gluec=${BUILD:-build}/gluec
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cp bench/peer.mjs bench/package.json "$work"
# The package's own install script fetches GPU libraries that nothing here uses.
(cd "$work" && npm install --ignore-scripts --silent >/dev/null)

number() { sed -n "s/.*\"$1\": *\([0-9.]*\).*/\1/p" | head -1; }

# compare NAME MODEL "OPTIONS OF GLUEC" "INPUTS OF THE PEER"
compare() {
	for isa in $isas; do
		for turn in 1 2 3; do
			# shellcheck disable=SC2086
			ours=$("$gluec" bench "$2" $3 --isa "$isa" --threads "$threads" --iterations 10 --json | number median)
			# shellcheck disable=SC2086
			peer=$(node "$work/peer.mjs" "$2" "$threads" 10 $4 | number median_ms)
			echo "$1 $isa $ours $peer"
		done
	done | awk '{ n[$1 " " $2]++; a[$1 " " $2] += $3; b[$1 " " $2] += $4 }
		END { for (k in n) printf "%-28s %9.1f ms   ONNX Runtime %9.1f ms   ratio %.2f\n", k, a[k] / n[k], b[k] / n[k], a[k] / b[k] }'
}

isas="c avx2 avx512"
compare superpoint-480x640 models/superpoint.onnx "--dim height=480 --dim width=640 --topk 512" image=1x1x480x640
if [ -n "${GLUEC_SHARED:-}" ]; then
	tar xf "$GLUEC_SHARED/golden/golden.tar.xz" -C "$work" ./lightglue
	data=$work/lightglue/test_data_set_graf1_graf2_k1024
	compare lightglue-1024 models/lightglue.onnx "--data $data" "keypoints=$data/input_0.pb descriptors=$data/input_1.pb"
else
	compare lightglue-1024 models/lightglue.onnx "--dim num_keypoints=1024" \
		"keypoints=2x1024x2 descriptors=2x1024x256"
fi
