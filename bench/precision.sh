#!/bin/sh
# Writes models/PRECISION.md: what each precision costs in matches, and what it saves, for the default models. Judged by
# `gluec gate` on 20 rendered pairs, and on photographs where GLUEC_SHARED names a folder that has some.
set -eu
cd "$(dirname "$0")/.."
build=${BUILD:-build}
gluec=$build/gluec
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
threads=$(nproc)
[ "$threads" -le 2 ] || threads=2
options="--topk 512 --dim height=480 --dim width=640"

# Other worlds than those that calibration sees.
for seed in $(seq 101 120); do
	"$build/scene" --seed "$seed" --out "$work/$seed" >/dev/null
	echo "${seed}_a.png ${seed}_b.png ${seed}_truth.flo" >>"$work/rendered.txt"
done
mkdir "$work/calibration"
for seed in 21 22 23 24 25; do
	"$build/scene" --seed "$seed" --out "$work/calibration/$seed" >/dev/null
done
sets=rendered
if [ -n "${GLUEC_SHARED:-}" ]; then
	sets="rendered photographs"
	images=$GLUEC_SHARED/images
	for pair in graf1_graf2 graf1_graf3 dogman1_dogman2 dsc1_dsc2; do
		truth=$images/$pair.H.txt
		[ -e "$truth" ] || truth=
		echo "$images/${pair%_*}.png $images/${pair#*_}.png $truth" >>"$work/photographs.txt"
	done
fi
superpoint=models/superpoint.onnx
lightglue=models/lightglue.onnx
superpoint_int8=$work/superpoint_int8.onnx
lightglue_int8=$work/lightglue_int8.onnx
# What is not quantised in the matcher, attention above all.
rest="--precision bf16"
only_matcher=
"$gluec" calibrate $superpoint -o "$superpoint_int8" --images "$work/calibration" --size 320x240 >/dev/null
"$gluec" calibrate $lightglue -o "$lightglue_int8" --images "$work/calibration" --size 320x240 --extractor $superpoint \
	--topk 512 >/dev/null

# bytes MODEL OPTIONS...: of flash and of the arena
bytes() {
	# shellcheck disable=SC2068
	"$gluec" compile $@ --name form -o "$work/c" 2>/dev/null |
		sed -n 's/.*arena \([0-9]*\) bytes.*flash \([0-9]*\) bytes.*/\2 \1/p'
}

# field NAME: of the line on all pairs in the gate's JSON; "NAME SIDE" for one side's
all() { grep '"name": "all"' "$work/json"; }
field() { all | sed "s/.*\"$1\": \([0-9.e+-]*\).*/\1/"; }
side() { all | sed "s/.*\"$1\": {[^}]*\"$2\": \([0-9.e+-]*\).*/\1/"; }
median() { sed -n "s/.*\"$1\", \"model\": $2,.*\"p50\": \([0-9.]*\).*/\1/p" "$work/json"; }

# row WHAT EXTRACTOR MATCHER OPTIONS...
row() {
	what=$1
	extractor=$2
	matcher=$3
	shift 3
	for set in $sets; do
		# shellcheck disable=SC2086
		"$gluec" gate "$extractor" "$matcher" --reference $superpoint --reference $lightglue --pairs "$work/$set.txt" \
			--threads "$threads" --json "$work/json" $options "$@" >/dev/null 2>&1 && verdict=passes || verdict=fails
		times="$(median candidate 0) $(median reference 0) $(median candidate 1) $(median reference 1)"
		for s in reference candidate; do
			eval "right_$s=\"$(side within_3px $s) $(side matches $s) $(side unknown $s)\""
		done
		# shellcheck disable=SC2154
		echo "$times $(field common_matches) $(side matches reference) $(field jaccard) $(field repeatability)" \
			"$right_reference $right_candidate" | awk -v what="$what" -v set="$set" -v verdict="$verdict" '{
			share_reference = $9 / ($10 - $11); share_candidate = $12 / ($13 - $14)
			printf "| %s | %s | %.1f (%.2fx) | %.1f (%.2fx) | %.1f %% | %.3f | %.3f | %+.1f | %s |\n", what, set,
				$1, $2 / $1, $3, $4 / $3, 100 * $5 / $6, $7, $8, 100 * (share_candidate - share_reference), verdict
		}'
	done
}

# sizes WHAT EXTRACTOR MATCHER OPTIONS..., and $only_matcher for the matcher alone
sizes() {
	what=$1
	extractor=$2
	matcher=$3
	shift 3
	# shellcheck disable=SC2086
	echo "$(bytes "$extractor" $options "$@") $(bytes "$matcher" --dim num_keypoints=512 $only_matcher "$@")" |
		awk -v what="$what" '{ printf "| %s | %.1f | %.1f | %.1f | %.1f |\n", what, $1 / 1e6, $2 / 1e6, $3 / 1e6, $4 / 1e6 }'
}

{
	cat <<'END'
# What precision costs, and what it saves

The default models, 480 x 640 pixels, 512 keypoints, adaptive depth, on pairs of pictures: 20 that are rendered, and
photographs. Written by bench/precision.sh, which asks `gluec gate`; int8 are the models that `gluec calibrate` makes of
ten other rendered pictures, the matcher's attention in bf16. Both models are in the precision that is named, unless a
row says otherwise.

- ms: median of a call, and how many times as fast as fp32, timed in turns.
- kept: the share of the matches in fp32 that are found again, both ends within 1 pixel.
- Jaccard: of both sets of matches. repeated: the share of the keypoints in fp32 that are found again.
- right: by how many percentage points the share of matches within 3 pixels of the truth differs from that in fp32.
- gate: with the default limits.

END
	printf 'Machine: %s, %s threads.\n\n' "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)" "$threads"
	echo "| | pairs | SuperPoint, ms | LightGlue, ms | kept | Jaccard | repeated | right | gate |"
	echo "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
	row bf16x3 $superpoint $lightglue --precision bf16x3
	row fp16 $superpoint $lightglue --precision fp16
	row bf16 $superpoint $lightglue --precision bf16
	row "bf16, SuperPoint alone" $superpoint $lightglue --precision bf16 --only extractor
	row "bf16, LightGlue alone" $superpoint $lightglue --precision bf16 --only matcher
	row int8 "$superpoint_int8" "$lightglue_int8" $rest --only matcher
	row "int8, SuperPoint alone" "$superpoint_int8" $lightglue
	row "int8, LightGlue alone" $superpoint "$lightglue_int8" $rest --only matcher
	cat <<'END'

Megabytes:

| | SuperPoint: flash | arena | LightGlue: flash | arena |
| --- | --- | --- | --- | --- |
END
	sizes fp32 $superpoint $lightglue
	for p in bf16x3 fp16 bf16; do
		sizes $p $superpoint $lightglue --precision $p
	done
	only_matcher=$rest
	sizes int8 "$superpoint_int8" "$lightglue_int8"
} >"$work/PRECISION.md"
mv "$work/PRECISION.md" models/PRECISION.md
echo "bench: models/PRECISION.md" >&2
