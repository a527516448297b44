#!/bin/sh
# Writes RESULTS.md and its pictures from lines of JSON as contest.c prints them: report.sh LINES FOLDER. The lines' order
# is that of the tables. Pictures need gnuplot and are left out without it.
set -eu
lines=$1
to=$2
here=$(dirname "$0")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

processor=$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -1)
awk -v processor="${processor:-$(uname -m)}" -v processors="$(nproc)" -v compiler="$(${CC:-cc} --version | head -1)" \
	-v folder="$work" -v quick="${QUICK:-}" -f "$here/report.awk" "$lines" >"$work/RESULTS.md"

if command -v gnuplot >/dev/null && [ -s "$work/bars" ]; then
	gnuplot <<END
set terminal svg size 900,420 font 'sans-serif,12' background '#ffffff'
set output '$work/models.svg'
set style data histograms
set style histogram clustered gap 1
set style fill solid 0.9 border -1
set linetype 1 linecolor '#a0b4c8'
set linetype 2 linecolor '#2f5f8f'
set linetype 3 linecolor '#d08030'
set yrange [0:*]
set ylabel 'time, as a multiple of the peer''s'
set grid ytics
set key outside top center horizontal
set xtics rotate by -12 noenhanced
set rmargin 22
set bmargin 6
columns = system("head -1 $work/bars | awk -F'\t' '{ print NF }'")
set datafile separator '\t'
plot for [i=2:columns] '$work/bars' using i:xtic(1) title columnheader(i) noenhanced, 1 with lines linecolor 'black' title 'the peer'
END
fi
if command -v gnuplot >/dev/null && [ -s "$work/growth.LightGlue" ] && [ -s "$work/growth.SuperPoint" ]; then
	gnuplot <<END
set terminal svg size 900,420 font 'sans-serif,12' background '#ffffff'
set output '$work/growth.svg'
set multiplot layout 1,2
set logscale xy
set xlabel '10^9 operations'
set ylabel 'ms'
set grid
set key top left
do for [model in 'LightGlue SuperPoint'] {
	set title model
	plot '$work/growth.'.model using 1:2 with linespoints pointtype 7 title 'measured', \
		'' using 1:3 with lines dashtype 2 title 'trend: as the operations'
}
END
fi
for file in RESULTS.md models.svg growth.svg; do
	[ ! -e "$work/$file" ] || mv "$work/$file" "$to/$file"
done
