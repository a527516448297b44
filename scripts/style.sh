#!/bin/sh
# The style of hand-written code, with numbers in it: formatting, lengths of files and functions, includes.
set -u
status=0
fail() {
	echo "style: $*" >&2
	status=1
}
# The texts below tests/golden/ are gluec's, not ours.
files=$(find compiler runtime tests models/example bench -name '*.[ch]' ! -path 'tests/golden/*/*' | sort)

# shellcheck disable=SC2086
clang-format --dry-run -Werror $files 2>&1 | grep error: | sed 's/^/style: /' | head -20 >&2
# shellcheck disable=SC2086
clang-format --dry-run -Werror $files >/dev/null 2>&1 || fail "run clang-format -i on the files above"

for file in $files; do
	lines=$(wc -l <"$file")
	[ "$lines" -le 500 ] || fail "$file has $lines lines; at most 500"
	awk -v file="$file" '
		/^[a-zA-Z].*[^;,]$/ && !/^(enum|struct|union|typedef|#|static const)/ { start = NR }
		/^}/ { if (start && NR - start > 66) { print file ":" start ": a function of " NR - start " lines"; bad = 1 } start = 0 }
		END { exit bad }' "$file" >&2 || fail "$file has a function of more than about 60 lines"
done
exit $status
