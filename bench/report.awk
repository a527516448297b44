# From lines of JSON (contest.c) to RESULTS.md on standard output, and tables for gnuplot in `folder`.

# The value of a key, without quotes; "" when it is null or missing.
function get(key,    text) {
	if (!match($0, "\"" key "\": (\"[^\"]*\"|[^,} ]*)"))
		return ""
	text = substr($0, RSTART + length(key) + 4, RLENGTH - length(key) - 4)
	gsub(/"/, "", text)
	return text == "null" ? "" : text
}
function number(key,    text) {
	text = get(key)
	return text == "" ? "" : text + 0
}
function kind(row) {
	if (row ~ /^(roofline|absent|memory)$/)
		return row
	if (row ~ /^growth /)
		return "growth"
	return row ~ /^(conv|linear|attention) / ? "layer" : "model"
}
# Three digits that count.
function short(x,    digits) {
	if (x == "")
		return "-"
	digits = x >= 100 ? 0 : x >= 10 ? 1 : x >= 1 ? 2 : 3
	return sprintf("%." digits "f", x)
}
function share(x) { return x == "" ? "-" : sprintf("%.0f %%", 100 * x) }
function fixed(x) { return x == "" ? "-" : sprintf("%.2f", x) }
# Nothing can be said of who is faster when results differ; those of 16 and 8 bits do.
function is_narrow(name) { return name ~ / (fp16|bf16|int8)$/ }
function verdict(i) {
	if (agree[i] != "" && agree[i] < 0.99 && !is_narrow(name[i]))
		return "void: results differ"
	return fixed(ratio[i])
}

{
	i = ++n
	row[i] = get("row"); name[i] = get("name"); threads[i] = number("threads"); ms[i] = number("ms")
	p10[i] = number("p10"); p90[i] = number("p90"); ratio[i] = number("ratio"); agree[i] = number("agree")
	speedup[i] = number("speedup"); operations[i] = number("operations"); gflops[i] = number("gflops")
	part[i] = number("share"); rss[i] = number("rss")
	if (name[i] !~ /^(gluec|peak)/ && get("version") != "" && kind(row[i]) ~ /model|layer/)
		versions[get("version")] = 1
}

function table(wanted, peer,    i, last) {
	print "| what | threads | who | ms | 10th-90th percentile | time / " peer "'s | share of peak | one thread / this | same results |"
	print "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
	for (i = 1; i <= n; i++) {
		if (kind(row[i]) != wanted || name[i] ~ /^peak/)
			continue
		printf "| %s | %d | %s | %s | %s-%s | %s | %s | %s | %s |\n", row[i] == last ? "" : row[i], threads[i], name[i], \
			short(ms[i]), short(p10[i]), short(p90[i]), verdict(i), share(part[i]), threads[i] == 1 ? "-" : fixed(speedup[i]), \
			agree[i] == "" ? "-" : sprintf("%.1f %%", 100 * agree[i])
		last = row[i]
	}
	print ""
}

# A table for gnuplot: a line for each row, a column for each of ours, with most threads.
function bars(file,    i, k, who, whos, column, rows, most, line) {
	for (i = 1; i <= n; i++)
		if (kind(row[i]) == "model" && threads[i] > most)
			most = threads[i]
	for (i = 1; i <= n; i++) {
		if (kind(row[i]) != "model" || threads[i] != most || name[i] !~ /^gluec/ || verdict(i) !~ /^[0-9]/)
			continue
		if (!(name[i] in column)) {
			column[name[i]] = ++whos
			who[whos] = name[i]
		}
		if (!(row[i] in line)) {
			line[row[i]] = ++rows
			title[rows] = row[i]
		}
		cell[rows, column[name[i]]] = ratio[i]
	}
	if (!rows)
		return
	printf "what" >file
	for (k = 1; k <= whos; k++)
		printf "\t%s", who[k] >file
	printf "\n" >file
	for (i = 1; i <= rows; i++) {
		printf "%s", title[i] >file
		for (k = 1; k <= whos; k++)
			printf "\t%s", (i, k) in cell ? cell[i, k] : "?" >file
		printf "\n" >file
	}
	close(file)
}

# Time an operation at each size, at the clock of the moment (the peak was measured in turns), against the median. The
# picture has the times as they would be at the fastest of these clocks.
function growth(model,    i, k, count, each, sorted, swap, middle, clock, file, place) {
	for (i = 1; i <= n; i++) {
		if (row[i] ~ /^growth/ && name[i] ~ /^peak/ && gflops[i] > clock)
			clock = gflops[i]
		if (row[i] ~ "^growth " model && name[i] !~ /^peak/ && part[i] != "") {
			place[++count] = i
			each[count] = sorted[count] = 1 / part[i]
		}
	}
	if (!count)
		return
	for (i = 2; i <= count; i++)
		for (k = i; k > 1 && sorted[k] < sorted[k - 1]; k--) {
			swap = sorted[k]; sorted[k] = sorted[k - 1]; sorted[k - 1] = swap
		}
	middle = (sorted[int((count + 1) / 2)] + sorted[int((count + 2) / 2)]) / 2
	print "| " model " | 10^9 operations | ms | share of peak | time / trend | |"
	print "| --- | --- | --- | --- | --- | --- |"
	file = folder "/growth." model
	for (k = 1; k <= count; k++) {
		i = place[k]
		printf "| %s | %s | %s | %s | %.2f | %s |\n", substr(row[i], length("growth " model " ") + 1), \
			short(operations[i] / 1e9), short(ms[i]), share(part[i]), each[k] / middle, \
			(each[k] > 1.3 * middle ? "above 1.3" : "")
		printf "%g %g %g\n", operations[i] / 1e9, operations[i] / clock * 1e-6 * each[k], \
			operations[i] / clock * 1e-6 * middle >file
	}
	close(file)
	print ""
}

function roofline(    i, unit) {
	print "| | threads | 10^9 a second |"
	print "| --- | --- | --- |"
	for (i = 1; i <= n; i++)
		if (row[i] == "roofline") {
			unit = name[i] ~ /^peak/ ? " operations (two in a multiply-add)" : " bytes read"
			printf "| %s,%s | %d | %s |\n", name[i], unit, threads[i], short(gflops[i])
		}
	print ""
}

function memory(    i) {
	print "| pair 640x480, 512 keypoints | megabytes |"
	print "| --- | --- |"
	for (i = 1; i <= n; i++)
		if (row[i] == "memory" || (row[i] ~ /^pair/ && name[i] ~ /^ONNX/))
			printf "| %s%s | %.1f |\n", row[i] == "memory" ? "gluec, the whole program " : "", name[i] \
				(row[i] == "memory" ? "" : ", " threads[i] (threads[i] == 1 ? " thread" : " threads")), rss[i] * 1024 / 1e6
	print ""
}

# Threads that do not multiply the peak share their processors with something else.
# Each thread has the same work to do, so that it is the speeds that tell.
function busy(    i, one, times) {
	for (i = 1; i <= n; i++) {
		if (row[i] != "roofline" || name[i] !~ /^peak/)
			continue
		if (threads[i] == 1) {
			one[name[i]] = gflops[i]
			continue
		}
		times = one[name[i]] > 0 ? gflops[i] / one[name[i]] : threads[i]
		if (times < 0.9 * threads[i]) {
			printf "**The machine was busy: with %d threads the peak was %.2f times that of one, so that rows of %d threads\n", \
				threads[i], times, threads[i]
			print "say little.**"
			return
		}
	}
}

function peers(    v, list, i) {
	for (v in versions)
		list = list (list == "" ? "" : ", ") v
	print "Beside gluec: " (list == "" ? "nobody" : list) "."
	for (i = 1; i <= n; i++)
		if (row[i] == "absent")
			print "Left out: " name[i] "."
}

END {
	print "# How fast, how much memory\n"
	print "Written by `make bench` from `results.json`; do not edit. " processor ", " processors " processors; " compiler "."
	print "Times of one row were taken in turns: times drift with the clock and with what else a machine does, ratios of"
	print "neighbouring turns (of which the table has the median) much less. How to read it: ms is the median of the rounds;"
	print "the share of peak counts what the graph's convolutions and matrix products need by their definition, against"
	print "multiply-adds in registers of the same instruction set and as many threads, in the same turns; a better algorithm"
	print "(Winograd) can exceed it."
	busy()
	if (quick != "")
		print "QUICK=1: a few rounds of the smaller sizes."
	peers()
	print "\n## Models\n"
	print "![Time of gluec's objects as a multiple of the peer's](models.svg)\n"
	print "The peer gets the same work: LightGlue of fixed depth without its exits, with attention as its own operator where"
	print "that is faster. \"Same results\" is the share of all output elements that agree within a thousandth;"
	print "those of fp16, bf16 and int8 are others: [PRECISION.md](../models/PRECISION.md) says what that costs. int8 are the"
	print "models that gluec calibrate makes, for the peer too; in ours LightGlue computes its attention in bf16.\n"
	table("model", "ONNX Runtime")
	print "## Memory\n"
	print "The most that was ever resident, weights, code and C library included.\n"
	memory()
	print "## Layers\n"
	print "Layers of SuperPoint (conv: height, width, channels in and out, kernel) and LightGlue (linear: rows, in, out;"
	print "attention: heads, rows, width), each compiled as a model of its own, beside oneDNN's kernels, which get weights and"
	print "pictures in the layout that they like best.\n"
	table("layer", "oneDNN")
	print "## Growth\n"
	print "![Time against operations](growth.svg)\n"
	print "Time for each operation, clock drift taken out, against the median of the column: a cliff would stand out. The"
	print "trend counts convolutions, matrix products and attention only, so small models, where other work weighs more, lie"
	print "above it.\n"
	growth("LightGlue")
	growth("SuperPoint")
	print "## The machine\n"
	roofline()
	bars(folder "/bars")
}
