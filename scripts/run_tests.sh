#!/bin/sh
# Runs test programs, as many at a time as there are processors: run_tests.sh PROGRAM... Prints each one's result and
# exits 1 when one failed.
set -u
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# Check's own 4 seconds for a test are too few for a machine that has other work.
export CK_DEFAULT_TIMEOUT="${CK_DEFAULT_TIMEOUT:-60}"

# A program's output goes to a file of its own, so that parallel ones do not mix.
export folder
printf '%s\n' "$@" | xargs -P "$(nproc)" -I{} sh -c '
	log=$folder/$(echo "{}" | tr / _)
	if "{}" >"$log" 2>&1; then
		echo "ok   {}: $(grep "^[0-9]*%: Checks" "$log" | tail -1)"
	else
		echo "FAIL {}"
		sed "s/^/     /" "$log"
		touch "$folder/failed"
	fi
	grep "^skip" "$log" | sed "s/^/     /"
'
passed=$(cat "$folder"/* 2>/dev/null | sed -n 's/^[0-9]*%: Checks: \([0-9]*\), Failures: \([0-9]*\), Errors: \([0-9]*\)/\1 \2 \3/p' |
	awk '{ n += $1; bad += $2 + $3 } END { printf "%d passed, %d failed\n", n - bad, bad }')
echo "$passed"
[ ! -e "$folder/failed" ]
