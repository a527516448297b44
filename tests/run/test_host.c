/* Running compiled models in child processes: what is wrong with a model is noticed and said, and harms nothing. The
 * models are C written here, each with a fault of its own. */
#include "run/build.h"
#include "base/child.h"
#include "cli_test.h"
#include "run/host.h"
#include "base/temporary.h"
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

/* y f32[3] = x f32[3] + 1, with FAULT somewhere. */
static const char source[] =
	"#include \"abi.h\"\n"
	"enum { NONE, CRASH, HANG, STATUS, PAST_OUTPUT, PAST_INPUT, INTO_INPUT, PAST_ARENA, UNWRITTEN, OLD_ARENA,\n"
	"	THREADS, DAMAGED, LACKING, BYTES, TYPE };\n"
	"static const struct gluec_tensor in = { \"x\", FAULT == TYPE ? \"f31\" : \"f32\", 1, { 3 }, 12 };\n"
	"static const struct gluec_tensor out = { \"y\", \"f32\", 1, { 3 }, FAULT == BYTES ? 16 : 12 };\n"
	"static const char *const isas[] = { \"c\", 0 };\n"
	"static void body(void *job, int32_t begin, int32_t end) { (void)begin; (void)end; *(float *)job += 1; }\n"
	"static enum gluec_status init(void) { return FAULT == DAMAGED ? GLUEC_WEIGHTS_DAMAGED : GLUEC_OK; }\n"
	"static enum gluec_status run(const void *const *input, void *const *output, void *arena, size_t arena_bytes,\n"
	"	const struct gluec_options *options)\n"
	"{\n"
	"	volatile float *x = (float *)input[0], *y = output[0], *a = arena;\n"
	"	if (FAULT == LACKING) return GLUEC_NO_SUCH_ISA;\n"
	"	if (options->trace) options->trace(options->trace_user, \"add\");\n"
	"	for (int i = 0; i < 3 - (FAULT == UNWRITTEN); i++) y[i] = x[i] + 1;\n"
	"	if (FAULT == CRASH) *(volatile int *)8 = 1;\n"
	"	while (FAULT == HANG) y[0] = 1;\n"
	"	if (FAULT == STATUS) return GLUEC_CAPACITY_EXCEEDED;\n"
	"	if (FAULT == PAST_OUTPUT) y[3] = 1;\n"
	"	if (FAULT == PAST_INPUT) y[0] = x[3];\n"
	"	if (FAULT == INTO_INPUT) x[0] = 1;\n"
	"	if (FAULT == PAST_ARENA) a[arena_bytes / 4] = 1;\n"
	"	if (FAULT == OLD_ARENA) y[0] = a[0];\n"
	"	if (FAULT == THREADS && options->parallel_for) options->parallel_for(options->pool, 1, body, (void *)y);\n"
	"	if (options->trace) options->trace(options->trace_user, 0);\n"
	"	return GLUEC_OK;\n"
	"}\n"
	"const struct gluec_model *faulty_model(void)\n"
	"{\n"
	"	static const struct gluec_model m = { \"faulty\", 1, 1, &in, &out, 64, 0, isas, init, run };\n"
	"	return &m;\n"
	"}\n";

static const struct {
	const char *name, *message;
} faults[] = {
	{ "CRASH", "was ended by signal 11" },
	{ "HANG", "did not end within 0.5 s" },
	{ "STATUS", "returned status 6" },
	{ "PAST_OUTPUT", "was ended by signal 11" },
	{ "PAST_INPUT", "was ended by signal 11" },
	{ "INTO_INPUT", "was ended by signal 11" },
	{ "PAST_ARENA", "was ended by signal 11" },
	{ "UNWRITTEN", "gives other bits in output 'y' when its memory held other bytes before" },
	{ "OLD_ARENA", "gives other bits in output 'y' when its memory held other bytes before" },
	{ "THREADS", "gives other bits in output 'y' on several threads" },
	{ "DAMAGED", "finds its weights damaged" },
	{ "BYTES", "says that tensor 'y' has 16 bytes, which its shape does not" },
	{ "TYPE", "has a tensor of the unknown type 'f31'" },
};

/* Builds folder/faulty.o. */
static const char *build_object(struct cli *t, const char *fault)
{
	const char *c_file = cli_path(t, "faulty.c"), *object = cli_path(t, "faulty.o"), *cc = getenv("CC");
	FILE *f = fopen(c_file, "w");
	char command[600];

	ck_assert_ptr_nonnull(f);
	fprintf(f, "#define FAULT %s\n%s", fault, source);
	ck_assert_int_eq(fclose(f), 0);
	snprintf(command, sizeof command, "%s -O1 -fPIC -w -Iruntime -c -o %s %s", cc ? cc : "cc", object, c_file);
	ck_assert_int_eq(system(command), 0);
	return object;
}

static struct ctx *new_run(void)
{
	struct ctx *c = calloc(1, sizeof *c);

	ck_assert_ptr_nonnull(c);
	c->arena = arena_new();
	c->set.model = "faulty.o";
	return c;
}

static void end_run(struct ctx *c)
{
	remove_temporary(c);
	arena_free(c->arena);
	free(c);
}

static bool run_object(struct ctx *c, const char *object, void **outputs)
{
	const char *name;
	const void *inputs[] = { (const float[]){ 1, 2, 3 } };
	const struct host_run r = { "c", 2, inputs };
	const char *library = link_object(c, object, &name);

	ck_assert_str_eq(name, "faulty");
	return host_run(c, host_open(c, library, name, 0.5), &r, outputs);
}

START_TEST(test_fault)
{
	struct cli *t = cli_open();
	struct ctx *c = new_run();
	void *outputs;

	if (!setjmp(c->escape)) {
		run_object(c, build_object(t, faults[_i].name), &outputs);
		ck_abort_msg("%s was not noticed", faults[_i].name);
	}
	ck_assert_int_eq(c->status, VERIFICATION_FAILED);
	ck_assert_msg(strstr(c->message, "the compiled model faulty") && strstr(c->message, faults[_i].message), "%s: %s",
		faults[_i].name, c->message);
	end_run(c);
	cli_close(t);
}
END_TEST

START_TEST(test_sound)
{
	struct cli *t = cli_open();
	struct ctx *c = new_run();
	void *outputs = NULL;

	if (setjmp(c->escape))
		ck_abort_msg("%s", c->message);
	ck_assert(run_object(c, build_object(t, "NONE"), &outputs));
	ck_assert_mem_eq(outputs, ((float[]){ 2, 3, 4 }), 12);
	release_shared(outputs, 12);
	ck_assert(!run_object(c, build_object(t, "LACKING"), &outputs));
	end_run(c);
	cli_close(t);
}
END_TEST

/* The same from the command line: one line, and the exit code. */
START_TEST(test_bench_object)
{
	struct cli *t = cli_open();

	const struct cli_result *r =
		cli_run(t, "bench", build_object(t, "NONE"), "--iterations", "4", "--threads", "2", NULL);
	cli_succeeds(r);
	cli_says(r, "faulty: c, 2 threads, 4 iterations after 3 to warm up, arena 64 bytes, weights 0 bytes\n");
	cli_says(r, "Throughput: ");
	cli_says(r, "100.00  add");
	cli_fails(cli_run(t, "bench", build_object(t, "CRASH"), NULL), 1, "was ended by signal 11");
	cli_fails(cli_run(t, "bench", build_object(t, "HANG"), "--timeout", "0.5", NULL), 1,
		"did not end within 0.5 s; --timeout S allows more");
	cli_fails(cli_run(t, "bench", build_object(t, "LACKING"), NULL), 1, "lacks");
	cli_fails(cli_run(t, "bench", build_object(t, "LACKING"), "--isa", "c", NULL), 2,
		"--isa: this machine lacks the instruction set 'c'");
	t->isa = "c";
	cli_fails(cli_run(t, "bench", build_object(t, "LACKING"), NULL), 2, "GLUEC_ISA: this machine lacks");
	t->isa = NULL;
	cli_fails(
		cli_run(t, "bench", build_object(t, "NONE"), "--isa", "mmx", NULL), 2, "the instruction sets in the object: c");
	cli_fails(cli_run(t, "bench", build_object(t, "NONE"), "--dim", "n=3", NULL), 2, "is compiled already");
	cli_close(t);
}
END_TEST

/* Objects that are none, or not ours. */
START_TEST(test_other_objects)
{
	struct cli *t = cli_open();
	static const uint8_t header[64] = { 127, 'E', 'L', 'F', 2, 1, 1, [16] = 1 };
	char command[300];
	FILE *f = fopen(cli_path(t, "cut.o"), "wb");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(header, 1, sizeof header, f), sizeof header);
	ck_assert_int_eq(fclose(f), 0);
	cli_fails(cli_run(t, "bench", cli_path(t, "cut.o"), NULL), 3, "cut.o: ");
	snprintf(
		command, sizeof command, "echo 'int other(void) { return 1; }' | cc -x c -c -o %s -", cli_path(t, "other.o"));
	ck_assert_int_eq(system(command), 0);
	cli_fails(cli_run(t, "bench", cli_path(t, "other.o"), NULL), 3, "not an object of one model of gluec's");
	cli_close(t);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("host");
	TCase *tc = tcase_create("all");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_sound);
	tcase_add_loop_test(tc, test_fault, 0, sizeof faults / sizeof *faults);
	tcase_add_test(tc, test_bench_object);
	tcase_add_test(tc, test_other_objects);
	suite_add_tcase(s, tc);
	return s;
}
