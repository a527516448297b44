/* The benchmark's programs, as far as they can be tested without measuring time: who takes turns are shell scripts that
 * say what they are told to, and models are compared, not timed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "suite.h"

enum { ROOM = 1 << 20 };

struct folder {
	char path[64];
	char *out; /* of the latest command */
};

static struct folder make_folder(void)
{
	struct folder f = { "/tmp/bench-test-XXXXXX", calloc(ROOM, 1) };

	ck_assert_ptr_nonnull(f.out);
	ck_assert_ptr_nonnull(mkdtemp(f.path));
	return f;
}

/* Runs a shell command with $bin, $gluec and $t (the folder) set; returns what it wrote to standard output and standard
 * error. The programs under test end without freeing anything. */
static const char *shell(struct folder *f, int status, const char *command)
{
	char whole[8192];
	const char *build = getenv("BUILD") ? getenv("BUILD") : "build";
	const char *gluec = getenv("GLUEC") ? getenv("GLUEC") : "build/gluec";

	snprintf(whole, sizeof whole,
		"{ t=%s; bin=%s/bench; rt=%s/rt; gluec=%s; export ASAN_OPTIONS=detect_leaks=0; %s\n} 2>&1", f->path, build,
		build, gluec, command);
	FILE *p = popen(whole, "r");
	ck_assert_ptr_nonnull(p);
	f->out[fread(f->out, 1, ROOM - 1, p)] = 0;
	int ended = pclose(p);
	ck_assert_msg((ended != 0) == (status != 0), "status %d of: %s\n%s", ended, command, f->out);
	return f->out;
}

static void remove_folder(struct folder *f)
{
	shell(f, 0, "rm -rf \"$t\"");
	free(f->out);
}

static void has(const char *text, const char *part)
{
	ck_assert_msg(strstr(text, part) != NULL, "'%s' is not in:\n%s", part, text);
}

/* says NAME MILLISECONDS TEXT: a contestant that takes so long for 1000 operations and computes the bytes of TEXT. */
#define SAYS                                                                                                           \
	"cat >$t/says <<'END'\n"                                                                                           \
	"echo \"ready $1 1.0|1000\"\n"                                                                                     \
	"while read -r word what; do case $word in turn) echo $2 ;; write) printf %s \"$3\" >$what; echo written ;; "      \
	"esac; "                                                                                                           \
	"done\n"                                                                                                           \
	"END\n"

START_TEST(test_contest)
{
	struct folder f = make_folder();
	const char *out = shell(&f, 0,
		SAYS "$bin/contest row --rounds 4 --seconds 0.001 --reference theirs <<END\n"
			 "theirs|1|best|sh $t/says theirs 20 AAAABBBB\n"
			 "ours|1|best|sh $t/says ours 10 AAAABBBB\n"
			 "ours|2|best|sh $t/says ours 8 AAAAXXXX\n"
			 "best|1||sh $t/says best 5 AAAABBBB\n"
			 "gone|1|best|false\n"
			 "END");

	has(out, "left out: gone");
	has(out,
		"\"name\": \"theirs\", \"version\": \"theirs 1.0\", \"threads\": 1, \"rounds\": 4, \"ms\": 20, \"p10\": 20");
	has(out, "\"name\": \"ours\", \"version\": \"ours 1.0\", \"threads\": 1, \"rounds\": 4, \"ms\": 10, \"p10\": 10, "
			 "\"p90\": 10, \"ratio\": 0.5, \"agree\": 1, \"speedup\": 1, \"operations\": 1000, \"gflops\": 0.0001, "
			 "\"share\": 0.5");
	/* Without a reference of two threads its results are compared with its own on one: half of them differ. */
	has(out, "\"threads\": 2, \"rounds\": 4, \"ms\": 8, \"p10\": 8, \"p90\": 8, \"ratio\": null, \"agree\": 0.5, "
			 "\"speedup\": 1.25");
	ck_assert_ptr_null(strstr(out, "\"name\": \"gone\""));
	out = shell(&f, 0,
		"echo \"best|1||sh $t/says best 5 AAAA\" | $bin/contest row --rounds 90 --budget 0.000001 --seconds 0.001");
	has(out, "\"rounds\": 3, \"ms\": 5");
	has(shell(&f, 1, "echo 'gone|1||false' | $bin/contest row"), "row: no contestants");
	has(shell(&f, 1, "echo 'gone' | $bin/contest row"), "is not NAME|THREADS|PEAK|COMMAND");
	has(shell(&f, 1, "$bin/contest row --rounds none </dev/null"), "is no number");
	remove_folder(&f);
}
END_TEST

START_TEST(test_report)
{
	struct folder f = make_folder();
	const char *out = shell(&f, 0,
		"cat >$t/lines <<'END'\n"
		"{ \"row\": \"absent\", \"name\": \"oneDNN\" }\n"
		"{ \"row\": \"roofline\", \"name\": \"peak c\", \"threads\": 1, \"gflops\": 8, \"speedup\": 1 }\n"
		"{ \"row\": \"roofline\", \"name\": \"peak c\", \"threads\": 2, \"gflops\": 10, \"speedup\": 0.625 }\n"
		"{ \"row\": \"a\", \"name\": \"ONNX Runtime\", \"version\": \"ONNX Runtime 9\", \"threads\": 1, \"ms\": 12.34, "
		"\"ratio\": 1, \"agree\": 1, \"speedup\": null }\n"
		"{ \"row\": \"a\", \"name\": \"gluec c\", \"version\": \"gluec\", \"threads\": 1, \"ms\": 123, \"ratio\": 0.5, "
		"\"agree\": 0.995, \"share\": 0.25 }\n"
		"{ \"row\": \"b\", \"name\": \"gluec c\", \"version\": \"gluec\", \"threads\": 1, \"ms\": 1, \"ratio\": 0.5, "
		"\"agree\": 0.5 }\n"
		"{ \"row\": \"growth LightGlue 1\", \"name\": \"gluec c\", \"threads\": 1, \"ms\": 1, \"operations\": 1e9, "
		"\"share\": 0.5 }\n"
		"{ \"row\": \"growth LightGlue 1\", \"name\": \"peak c\", \"threads\": 1, \"ms\": 1, \"gflops\": 100 }\n"
		"{ \"row\": \"growth LightGlue 2\", \"name\": \"gluec c\", \"threads\": 1, \"ms\": 2, \"operations\": 2e9, "
		"\"share\": 0.5 }\n"
		"{ \"row\": \"growth LightGlue 3\", \"name\": \"gluec c\", \"threads\": 1, \"ms\": 9, \"operations\": 3e9, "
		"\"share\": 0.25 }\n"
		"END\n"
		"awk -v processor=P -v processors=1 -v compiler=C -v folder=$t -f bench/report.awk $t/lines");

	has(out, "Beside gluec: ONNX Runtime 9.");
	has(out, "Left out: oneDNN.");
	has(out, "The machine was busy: with 2 threads the peak was 1.25 times that of one");
	has(out, "| a | 1 | ONNX Runtime | 12.3 |");
	has(out, "|  | 1 | gluec c | 123 | --- | 0.50 | 25 % | - | 99.5 % |");
	has(out, "| b | 1 | gluec c | 1.00 | --- | void: results differ |");
	has(out, "| 2 | 2.00 | 2.00 | 50 % | 1.00 |  |");
	has(out, "| 3 | 3.00 | 9.00 | 25 % | 2.00 | above 1.3 |");
	has(shell(&f, 0, "cat $t/bars"), "what\tgluec c\na\t0.5\n");
	has(shell(&f, 0, "cat $t/growth.LightGlue"), "3 120 60\n");
	remove_folder(&f);
}
END_TEST

/* What gluec makes of the rewritten file is what it makes of the original one with its own option. */
START_TEST(test_variant)
{
	struct folder f = make_folder();

	shell(&f, 0, "$bin/variant models/lightglue.onnx $t/full.onnx --full-depth");
	const char *out = shell(&f, 0, "$gluec inspect $t/full.onnx");
	ck_assert_ptr_null(strstr(out, " If "));
	has(out, "18  Softmax");
	shell(&f, 0,
		"$gluec compile $t/full.onnx --name m -o $t/a --dim num_keypoints=32 >/dev/null; "
		"$gluec compile models/lightglue.onnx --name m -o $t/b --dim num_keypoints=32 --depth 9 >/dev/null; "
		"cmp $t/a/m.bin $t/b/m.bin; for i in a b; do sed -n 's/.*rt_step(run, //p' $t/$i/m.c >$t/$i.calls; done; "
		"cmp $t/a.calls $t/b.calls && test -s $t/a.calls");
	shell(&f, 0, "$bin/variant models/lightglue.onnx $t/fused.onnx --full-depth --heads 4");
	out = shell(&f, 0, "$gluec inspect $t/fused.onnx --dim num_keypoints=32");
	has(out, "18  com.microsoft::MultiHeadAttention");
	ck_assert_ptr_null(strstr(out, " Softmax "));
	shell(&f, 0, "$bin/variant models/superpoint.onnx $t/few.onnx --topk 96");
	has(shell(&f, 0, "$gluec inspect $t/few.onnx --dim height=64 --dim width=64"), "i64[1,96,2]");
	has(shell(&f, 1, "$bin/variant models/lightglue.onnx $t/no.onnx --topk 96"), "no TopK");
	has(shell(&f, 1, "$bin/variant Makefile $t/no.onnx"), "Makefile: not an ONNX model");
	remove_folder(&f);
}
END_TEST

/* A layer of each kind as a model; every instruction set and number of threads computes the same as portable C. */
START_TEST(test_layers)
{
	static const char *const layers[] = { "conv 6 10 5 20 3", "conv 4 4 8 3 1", "linear 7 24 40", "attention 2 9 16" };
	struct folder f = make_folder();
	char command[2048];

	for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) {
		snprintf(command, sizeof command,
			"set -e; in=$($bin/layer_onnx $t/m %s); $gluec compile $t/m.onnx -o $t/m --name m >/dev/null; "
			"make -s -f runtime/object.mk NAME=m DIR=$t/m RT=$rt; ${CC:-cc} $SANITIZE -shared -o $t/m/m.so $t/m/m.o "
			"-lm; "
			"for threads in 1 2; do echo \"c|$threads||$bin/model_gluec --threads $threads --isa c run $t/m/m.so "
			"$in\"; "
			"echo \"best|$threads||$bin/model_gluec --threads $threads run $t/m/m.so $in\"; done | "
			"$bin/contest m --reference c --rounds 1 --seconds 0.001",
			layers[i]);
		const char *out = shell(&f, 0, command);
		int same = 0;
		for (const char *s = out; (s = strstr(s, "\"agree\": 1,")); s++)
			same++;
		ck_assert_msg(same == 4, "%s: not all agree:\n%s", layers[i], out);
	}
	has(shell(&f, 1, "$bin/layer_onnx $t/m conv 6 10"), "conv H W C OC KERNEL");
	remove_folder(&f);
}
END_TEST

START_TEST(test_inputs)
{
	struct folder f = make_folder();

	shell(&f, 0,
		"$bin/input keypoints 40 $t/p $t/d && $bin/input keypoints 40 $t/q $t/e && cmp $t/p $t/q && cmp $t/d $t/e && "
		"test $(wc -c <$t/p) = $((2 * 40 * 2 * 4)) && test $(wc -c <$t/d) = $((2 * 40 * 256 * 4))");
	shell(&f, 0,
		"$bin/input picture models/example/demo.png 24x16 $t/picture && test $(wc -c <$t/picture) = $((24 * 16 * 4))");
	has(shell(&f, 1, "$bin/input keypoints 0 $t/p $t/d"), "'0': not a number of 1..");
	has(shell(&f, 1, "$bin/input tensor Makefile $t/x"), "Makefile: not a tensor");
	remove_folder(&f);
}
END_TEST

START_TEST(test_resident)
{
	struct folder f = make_folder();

	has(shell(&f, 0, "$bin/resident sleeper /bin/sleep 0"), "{ \"row\": \"memory\", \"name\": \"sleeper\", \"ms\": ");
	has(shell(&f, 1, "$bin/resident none /nonexistent"), "/nonexistent failed");
	remove_folder(&f);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("bench");
	TCase *tc = tcase_create("all");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, test_contest);
	tcase_add_test(tc, test_report);
	tcase_add_test(tc, test_variant);
	tcase_add_test(tc, test_layers);
	tcase_add_test(tc, test_inputs);
	tcase_add_test(tc, test_resident);
	suite_add_tcase(s, tc);
	return s;
}
