#!/bin/sh
# Writes models/FORMS.md: a row for each form in bench/forms.txt, compiled, timed and compared with ONNX Runtime's
# results. Needs GLUEC_SHARED, Debian's python3-onnx, and a build with tests (make all build/tests/model/test_wild_matches).
set -eu
cd "$(dirname "$0")/.."
build=${BUILD:-build}
: "${GLUEC_SHARED:?names the folder with the exports and their results}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir "$work/golden"
tar xf "$GLUEC_SHARED/wild/skeletons.tar.xz" -C "$work"
tar xf "$GLUEC_SHARED/golden/golden.tar.xz" -C "$work/golden"
/usr/bin/python3 "$GLUEC_SHARED/wild/rebuild.py" "$work/skeletons" "$GLUEC_SHARED/wild" "$work/onnx" >/dev/null
cp "$GLUEC_SHARED"/wild/quantized/*.onnx "$work/onnx"
# How many matches rounding leaves: "NAME: 304 of 308 matches, 306 found".
GLUEC=$build/gluec "$build/tests/model/test_wild_matches" | grep " matches, " >"$work/shares" || true

megabytes() { awk "BEGIN { printf \"%.1f\", $1 / 1e6 }"; }
number() { sed -n "s/.*$1 \([0-9]*\) $2.*/\1/p"; }

row() {
	name=$1 what=$2 data=$3 options=$4
	model=$work/onnx/$name.onnx
	# shellcheck disable=SC2086
	said=$("$build/gluec" compile "$model" -o "$work/c" --name form $options 2>&1 | tail -1)
	case $said in
	form:*) ;;
	*) echo "$said" >&2 && exit 1 ;;
	esac
	sets=
	[ -z "$data" ] || sets="--data $work/golden/$data"
	# The least that an instruction set finds.
	share=$(sed -n "s/^$name: \(.*\) matches, .*/\1/p" "$work/shares" | sort -n | head -1)
	matches=-
	if [ -n "$share" ]; then
		matches=$share
		sets=
	elif [ -n "$data" ]; then
		bound=$(echo "$options" | sed 's/--dim [^ ]*//g')
		# shellcheck disable=SC2086
		matches=$("$build/gluec" verify "$model" $sets --allow-differ 0.5 --atol 0.02 --rtol 0.05 $bound |
			sed -n 's/^  c  *matches[^[]*\[\([0-9]*\),.*/\1/p' | head -1)
	fi
	# The data's own sizes, where they are given, are those of the results; else the inputs are random.
	[ -z "$sets" ] || options_of_run=$(echo "$options" | sed 's/--dim [^ ]*//g')
	[ -n "$sets" ] || options_of_run=$options
	# shellcheck disable=SC2086
	ms=$("$build/gluec" bench "$model" $sets $options_of_run --threads 2 --iterations 5 --warmup 1 --json 2>/dev/null |
		sed -n 's/.*"median": *\([0-9.]*\).*/\1/p' | head -1)
	calls=$(echo "$said" | number in calls)
	arena=$(megabytes "$(echo "$said" | number arena bytes)")
	flash=$(megabytes "$(echo "$said" | number flash bytes)")
	echo "| $name | $what | $([ -z "$options" ] || echo "\`$options\`") | $calls | $arena | $flash | $(printf %.0f "$ms") | ${matches:--} |"
}

{
	cat <<'END'
# The graphs that users have

Exports of SuperPoint, LightGlue and relatives by four generations of tools, compiled with
`gluec compile FORM.onnx -o DIR` and the options in the table. `tests/model/test_wild.c` and `test_wild_matches.c`
compile, build and run those that have results of ONNX Runtime to compare with. Matches are those of the photographs
graf1 and graf2: one number where they are ONNX Runtime's on the same graph, `N of M` where N of the M that it finds are
found by every instruction set (half forms: of those of the same weights in float). Megabytes are 10^6 bytes;
milliseconds are medians of two threads with the best instruction set of the machine,
pipelines for a pair of pictures. `bench/forms.sh` writes this file.

| form | what it is | options | calls | arena, MB | flash, MB | ms | matches |
| --- | --- | --- | --- | --- | --- | --- | --- |
END
	while IFS='|' read -r name what data options; do
		row "$name" "$what" "$data" "$options"
	done <bench/forms.txt
} >"$work/FORMS.md"
mv "$work/FORMS.md" models/FORMS.md
