#!/bin/sh
# The benchmark: which contestants (bench.h) do what, in turns. `make bench` builds them first.
#
# BUILD names the build folder, ISAS the instruction sets to time (those that the machine lacks are left out), QUICK=1
# leaves out the larger sizes. Writes bench/results.json, RESULTS.md and the pictures; with QUICK=1 into the build folder.
set -eu
cd "$(dirname "$0")/.."
build=${BUILD:-build}
bin=$build/bench
work=$bin/work
gluec=$build/gluec
to=bench
[ -z "${QUICK:-}" ] || to=$bin
rm -rf "$work"
mkdir -p "$work"
lines=$work/lines
: >"$lines"

# A row's budget in seconds: on a busy machine fewer rounds must do.
rounds=7
budget=45
if [ -n "${QUICK:-}" ]; then
	rounds=3
	budget=5
fi
processors=$(nproc)
threads=1
[ "$processors" -lt 2 ] || threads="1 2"
most=${threads##* }

say() { echo "bench: $*" >&2; }
absent() {
	say "left out: $1"
	printf '{ "row": "absent", "name": "%s" }\n' "$1" >>"$lines"
}

# ---- the peers that are there

ONNXRUNTIME_LIBRARY=$(find "$bin/node_modules/onnxruntime-node/bin" -name 'libonnxruntime.so.1' -path "*/linux/*" 2>/dev/null |
	grep "/$(uname -m | sed 's/x86_64/x64/; s/aarch64/arm64/')/" | head -1)
export ONNXRUNTIME_LIBRARY
[ -n "$ONNXRUNTIME_LIBRARY" ] || absent "ONNX Runtime (npm's onnxruntime-node could not be installed)"
node=
[ -z "$ONNXRUNTIME_LIBRARY" ] || ! command -v node >/dev/null || node="node $bin/peer.mjs"
[ -x "$bin/layer_dnnl" ] || absent "oneDNN (Debian's libdnnl-dev, version 2)"
[ -z "$node" ] || cp bench/peer.mjs "$bin"

absent "MNN (neither Debian nor npm has its library)"

# ---- what is compiled

# form NAME MODEL OPTIONS...: a shared library around the object, $work/NAME/NAME.so
form() {
	name=$1
	model=$2
	shift 2
	"$gluec" compile "$model" --name "$name" -o "$work/$name" "$@" >/dev/null
	make -s -f runtime/object.mk NAME="$name" DIR="$work/$name" RT="$build/rt" ISAS="$ISAS"
	${CC:-cc} -shared -o "$work/$name/$name.so" "$work/$name/$name.o" -lm
	rm -f "$work/$name/$name.o" "$work/$name/$name.bin"
}

# Floating-point operations of a run: two for each multiply-add.
operations() { "$gluec" inspect "$@" | awk '/^multiply-adds:/ { printf "%.0f\n", 2 * $2 }'; }

# ---- who takes part: lines for contest

# The peak to hold against an instruction set: that of multiply-adds of floats, which avx512dot and amx have in common
# with avx512, and neondot and neonbf16 with neon.
peak_of() { echo "peak $1" | sed 's/avx512dot$/avx512/; s/amx$/avx512/; s/neon.*$/neon/'; }

# ours NAME ARGUMENTS: a line for each instruction set and number of threads
ours() {
	for t in $threads; do
		for isa in $levels; do
			echo "gluec $isa|$t|$(peak_of "$isa")|$bin/model_gluec --threads $t --isa $isa $1"
		done
	done
}
# A form of another precision, with the best instruction set.
ours_precise() {
	for t in $threads; do
		echo "gluec $1|$t|$(peak_of "$best")|$bin/model_gluec --threads $t $2"
	done
}
# theirs ARGUMENTS [WHAT]
theirs() {
	[ -n "$ONNXRUNTIME_LIBRARY" ] || return 0
	for t in $threads; do
		echo "ONNX Runtime${2:-}|$t|$(peak_of "$best")|$bin/model_ort --threads $t $1"
	done
}
roofs() {
	for t in $threads; do
		for isa in $peaks; do
			echo "peak $isa|$t||$bin/roof $isa $t"
		done
	done
}
# hold ROW OPTIONS... <CONTESTANTS
hold() {
	say "$1"
	"$bin/contest" "$@" --budget $budget --reference "${reference:-ONNX Runtime}" >>"$lines"
}

# Of several ONNX files that compute the same the one that ONNX Runtime runs fastest.
fastest() {
	arguments=$1
	shift
	if [ -z "$ONNXRUNTIME_LIBRARY" ] || [ $# = 1 ]; then
		echo "$1"
		return
	fi
	for file; do
		echo "$file|$most||$bin/model_ort --threads $most run $file $arguments"
	done | "$bin/contest" form --rounds 3 --seconds 0.1 |
		sed -n 's/.*"name": "\([^"]*\)".*"ms": \([0-9.e+]*\),.*/\2 \1/p' | sort -g | head -1 | cut -d ' ' -f 2
}

# ---- pictures and keypoints

# pictures WIDTHxHEIGHT: two views of a rendered scene
pictures() {
	[ -e "$work/$1.a" ] && return
	"$build/scene" --size "$1" --out "$work/$1" >/dev/null
	for side in a b; do
		"$bin/input" picture "$work/$1_$side.png" "$1" "$work/$1.$side"
	done
}
keypoints() {
	"$bin/input" keypoints "$1" "$work/k$1" "$work/d$1"
	echo "keypoints=2x$1x2:$work/k$1 descriptors=2x$1x256:$work/d$1"
}

# ---- what the machine can do

peaks=$("$bin/roof" list)
pictures 64x64
form tiny models/superpoint.onnx --dim height=64 --dim width=64 --topk 16
levels=
for isa in ${ISAS:?}; do
	[ "$isa" != c ] || [ -n "${PORTABLE:-}" ] || continue
	"$bin/model_gluec" --isa "$isa" run "$work/tiny/tiny.so" "image=1x1x64x64:$work/64x64.a" </dev/null >/dev/null 2>&1 ||
		continue
	levels="$levels $isa"
done
best=${levels##* }
levels=${levels:-c}
precisions="bf16x3 fp16 bf16"

say "the machine"
kilobytes() { getconf "$1" | awk -v part="$2" '{ printf "%d\n", $1 / 1024 * part }'; }
level2=$(kilobytes LEVEL2_CACHE_SIZE 0.5)
level3=$(kilobytes LEVEL3_CACHE_SIZE 0.25)
for t in $threads; do
	for isa in $peaks; do
		echo "peak $isa|$t||$bin/roof $isa $t"
	done
	[ "$level2" -lt 4 ] || echo "L2|$t||$bin/roof $level2 $t"
	[ "$level3" -lt 4 ] || echo "L3|$t||$bin/roof $level3 $t"
	echo "memory|$t||$bin/roof 262144 $t"
done | "$bin/contest" roofline --rounds 5 --seconds 0.05 >>"$lines"

# ---- models

say "calibrating for int8"
mkdir "$work/calibration"
for seed in 21 22 23 24; do
	"$build/scene" --seed $seed --size 640x480 --out "$work/calibration/$seed" >/dev/null
done
"$gluec" calibrate models/superpoint.onnx -o "$work/superpoint_int8.onnx" --images "$work/calibration" \
	--size 320x240 >/dev/null
"$gluec" calibrate models/lightglue.onnx -o "$work/lightglue_int8.onnx" --images "$work/calibration" --size 320x240 \
	--extractor models/superpoint.onnx --topk 512 >/dev/null

superpoint() {
	row="SuperPoint $2x$1"
	options="--dim height=$1 --dim width=$2"
	pictures "$2x$1"
	# shellcheck disable=SC2086
	form "sp$2x$1" models/superpoint.onnx $options
	input="image=1x1x$1x$2:$work/$2x$1.a"
	for p in $precisions; do
		# shellcheck disable=SC2086
		form "sp$2x$1$p" models/superpoint.onnx $options --precision "$p"
	done
	# shellcheck disable=SC2086
	form "sp$2x$1int8" "$work/superpoint_int8.onnx" $options
	# shellcheck disable=SC2086
	{
		theirs "run models/superpoint.onnx $input"
		theirs "run $work/superpoint_int8.onnx $input" " int8"
		[ -z "$node" ] || [ "$1" -gt 480 ] || echo "onnxruntime-node|$most|$(peak_of "$best")|$node models/superpoint.onnx $most $input"
		ours "run $work/sp$2x$1/sp$2x$1.so $input"
		for p in $precisions; do
			ours_precise "$p" "run $work/sp$2x$1$p/sp$2x$1$p.so $input"
		done
		ours_precise int8 "run $work/sp$2x$1int8/sp$2x$1int8.so $input"
		roofs
	} | hold "$row" --rounds $rounds --operations "$(operations models/superpoint.onnx $options)"
}

# The peer gets the same graph without its exits, with attention as nodes of its own or as its own operator.
full=$work/lightglue9.onnx
fused=$work/lightglue9_fused.onnx
"$bin/variant" models/lightglue.onnx "$full" --full-depth
"$bin/variant" models/lightglue.onnx "$fused" --full-depth --heads 4
fused_adaptive=$work/lightglue_fused.onnx
"$bin/variant" models/lightglue.onnx "$fused_adaptive" --heads 4
full_int8=$work/lightglue9_int8.onnx
# What is not quantised in the matcher, attention above all.
rest="--precision bf16"
"$bin/variant" "$work/lightglue_int8.onnx" "$full_int8" --full-depth
lightglue() {
	options="--dim num_keypoints=$1 --depth 9"
	# shellcheck disable=SC2086
	form "lg$1" models/lightglue.onnx $options
	input=$(keypoints "$1")
	peer=$(fastest "$input" "$full" "$fused")
	say "for ONNX Runtime: ${peer##*/}"
	for p in $precisions; do
		# shellcheck disable=SC2086
		form "lg$1$p" models/lightglue.onnx $options --precision "$p"
	done
	# shellcheck disable=SC2086
	form "lg$1int8" "$work/lightglue_int8.onnx" $options $rest
	# shellcheck disable=SC2086
	{
		theirs "run $peer $input"
		theirs "run $full_int8 $input" " int8"
		ours "run $work/lg$1/lg$1.so $input"
		for p in $precisions; do
			ours_precise "$p" "run $work/lg$1$p/lg$1$p.so $input"
		done
		ours_precise int8 "run $work/lg$1int8/lg$1int8.so $input"
		roofs
	} | hold "LightGlue $1, depth 9" --rounds $rounds --operations "$(operations models/lightglue.onnx $options)"
}

# pair ROW A B: two files of 640x480 floats
pair() {
	{
		theirs "pair $work/superpoint512.onnx $adaptive 512 480x640 $2 $3"
		theirs "pair $work/superpoint512_int8.onnx $work/lightglue_int8.onnx 512 480x640 $2 $3" " int8"
		ours "pair $work/sp512/sp512.so $work/lgadaptive512/lgadaptive512.so 512 480x640 $2 $3"
		ours_precise bf16 "pair $work/sp512bf16/sp512bf16.so $work/lgadaptive512bf16/lgadaptive512bf16.so 512 480x640 $2 $3"
		ours_precise int8 "pair $work/sp512int8/sp512int8.so $work/lgadaptive512int8/lgadaptive512int8.so 512 480x640 $2 $3"
	} | hold "$1" --rounds $rounds
}

superpoint 480 640
lightglue 512
lightglue 1024
if [ -z "${QUICK:-}" ]; then
	superpoint 1024 1024
	lightglue 2048
fi
form sp512 models/superpoint.onnx --dim height=480 --dim width=640 --topk 512
form lgadaptive512 models/lightglue.onnx --dim num_keypoints=512
form sp512bf16 models/superpoint.onnx --dim height=480 --dim width=640 --topk 512 --precision bf16
form lgadaptive512bf16 models/lightglue.onnx --dim num_keypoints=512 --precision bf16
form sp512int8 "$work/superpoint_int8.onnx" --dim height=480 --dim width=640 --topk 512
# shellcheck disable=SC2086
form lgadaptive512int8 "$work/lightglue_int8.onnx" --dim num_keypoints=512 $rest
"$bin/variant" models/superpoint.onnx "$work/superpoint512.onnx" --topk 512
"$bin/variant" "$work/superpoint_int8.onnx" "$work/superpoint512_int8.onnx" --topk 512
adaptive=$(fastest "$(keypoints 512)" models/lightglue.onnx "$fused_adaptive")
say "for ONNX Runtime: ${adaptive##*/}"
pair "pair 640x480, 512 keypoints, adaptive" "$work/640x480.a" "$work/640x480.b"
if [ -n "${GLUEC_SHARED:-}" ]; then
	for name in graf1 graf2; do
		"$bin/input" picture "$GLUEC_SHARED/images/$name.png" 640x480 "$work/$name"
	done
	pair "photographs graf1 graf2, 512 keypoints, adaptive" "$work/graf1" "$work/graf2"
	tar xf "$GLUEC_SHARED/golden/golden.tar.xz" -C "$work" ./lightglue
	data=$work/lightglue/test_data_set_graf1_graf2_k1024
	"$bin/input" tensor "$data/input_0.pb" "$work/k1024graf"
	"$bin/input" tensor "$data/input_1.pb" "$work/d1024graf"
	form lgadaptive1024 models/lightglue.onnx --dim num_keypoints=1024
	input="keypoints=2x1024x2:$work/k1024graf descriptors=2x1024x256:$work/d1024graf"
	{
		theirs "run $adaptive $input"
		ours "run $work/lgadaptive1024/lgadaptive1024.so $input"
	} | hold "LightGlue 1024, graf1 graf2, adaptive" --rounds $rounds
else
	absent "real photographs (GLUEC_SHARED is not set)"
fi

# ---- memory: the matching program as users have it

say "memory"
"$bin/resident" "build/match" "$build/match" "$work/640x480_a.png" "$work/640x480_b.png" --threads "$most" >>"$lines"

# ---- layers: each as a model of its own, beside oneDNN's kernels

layer() {
	reference=oneDNN
	row=$*
	input=$("$bin/layer_onnx" "$work/layer" "$@")
	form layer "$work/layer.onnx"
	{
		for t in $threads; do
			[ ! -x "$bin/layer_dnnl" ] || echo "oneDNN|$t|$(peak_of "$best")|env OMP_NUM_THREADS=$t $bin/layer_dnnl $row"
		done
		ours "run $work/layer/layer.so $input"
		roofs
	} | hold "$row" --rounds $rounds --seconds 0.05 --operations "$(operations "$work/layer.onnx")"
	reference=
}
layer conv 480 640 64 64 3
layer conv 60 80 128 256 3
layer linear 2048 512 512
layer attention 8 1024 64
if [ -z "${QUICK:-}" ]; then
	layer conv 480 640 1 64 3
	layer conv 240 320 64 64 3
	layer conv 120 160 64 128 3
	layer conv 120 160 128 128 3
	layer conv 60 80 128 128 3
	layer conv 60 80 256 65 1
	layer conv 60 80 256 256 1
	layer linear 2048 256 768
	layer linear 2048 256 256
	layer linear 2048 512 256
	layer attention 8 512 64
	layer attention 8 2048 64
fi

# ---- growth: time against work

# grown ROW INPUT OPTIONS_OF_MODEL...: on all threads with the best instruction set
grown() {
	row=$1
	input=$2
	shift 2
	form growth "$@"
	{
		echo "gluec $best|$most|$(peak_of "$best")|$bin/model_gluec --threads $most --isa $best run $work/growth/growth.so $input"
		peak=$(peak_of "$best")
		echo "$peak|$most||$bin/roof ${peak#peak } $most"
	} | hold "$row" --rounds 3 --seconds 0.3 --operations "$(operations "$@")"
}
counts="128 192 256 384 512 768 1024 1536 2048"
sizes="160x120 240x184 320x240 480x360 640x480"
if [ -z "${QUICK:-}" ]; then
	counts="$counts 3072 4096 6144 8192"
	sizes="$sizes 800x600 1024x768 1280x960 1600x1200 2048x1536"
fi
for k in $counts; do
	grown "growth LightGlue $k" "$(keypoints "$k")" models/lightglue.onnx --dim "num_keypoints=$k" --depth 9
	rm -f "$work/k$k" "$work/d$k"
done
for size in $sizes; do
	pictures "$size"
	height=${size#*x}
	width=${size%x*}
	grown "growth SuperPoint $size" "image=1x1x${height}x$width:$work/$size.a" models/superpoint.onnx \
		--dim "height=$height" --dim "width=$width" --topk 256
done

# ---- results

{
	echo "["
	sed '$!s/$/,/' "$lines"
	echo "]"
} >"$to/results.json"
bench/report.sh "$lines" "$to"
rm -rf "$work"
say "$to/RESULTS.md"
