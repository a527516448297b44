/* What the objects promise: nothing but libc and libm, no mutable state, every mistake a status, the same bits at any
 * thread count, no more stack than they say. */
#include "models.h"
#include "pool.h"
#include "suite.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct gluec_model *small(int i)
{
	return i ? lg96_model() : sp96_model();
}

START_TEST(mistakes_are_statuses)
{
	struct instance m = instance_make(small(_i));
	const void *input[2] = { m.input[0], m.input[1] };
	void *output[3] = { m.output[0], m.output[1], m.output[2] };
	const struct gluec_options nowhere = { .isa = "abacus" };
	size_t bytes = m.model->arena_bytes;

	instance_fill(&m, 1, 0, 1);
	for (int k = 0; k < m.model->inputs; k++) {
		input[k] = NULL;
		ck_assert_int_eq(m.model->run(input, output, m.arena, bytes, NULL), GLUEC_NULL_POINTER);
		input[k] = m.input[k];
	}
	for (int k = 0; k < m.model->outputs; k++) {
		output[k] = NULL;
		ck_assert_int_eq(m.model->run(input, output, m.arena, bytes, NULL), GLUEC_NULL_POINTER);
		output[k] = m.output[k];
	}
	ck_assert_int_eq(m.model->run(input, output, NULL, bytes, NULL), GLUEC_NULL_POINTER);
	ck_assert_int_eq(m.model->run(input, output, m.arena + 4, bytes, NULL), GLUEC_UNALIGNED);
	ck_assert_int_eq(m.model->run(input, output, m.arena, bytes - 1, NULL), GLUEC_ARENA_TOO_SMALL);
	ck_assert_int_eq(m.model->run(input, output, m.arena, bytes, &nowhere), GLUEC_NO_SUCH_ISA);
	ck_assert_int_eq(m.model->init(), GLUEC_OK);
	ck_assert_int_eq(m.model->run(input, output, m.arena, bytes, NULL), GLUEC_OK);
	instance_free(&m);
}
END_TEST

/* Units one at a time from the last to the first: as unlike one thread as can be. */
static void backwards(void *pool, int32_t units, void (*body)(void *job, int32_t begin, int32_t end), void *job)
{
	(void)pool;
	while (units-- > 0)
		body(job, units, units + 1);
}

START_TEST(same_bits_at_any_thread_count)
{
	struct instance one = instance_make(small(_i)), other = instance_make(small(_i));
	struct gluec_options options = { .parallel_for = backwards };

	instance_fill(&one, 2, 0, 1);
	instance_fill(&other, 2, 0, 1);
	for (const char *const *isa = one.model->isa; *isa; isa++) {
		if (!level_is_tested(*isa))
			continue;
		instance_run_on(&one, *isa);
		options = (struct gluec_options){ .parallel_for = backwards, .isa = *isa };
		ck_assert_int_eq(instance_run(&other, &options), GLUEC_OK);
		ck_assert_msg(same_outputs(&one, &other), "%s: other bits when units run backwards", *isa);
		for (int threads = 2; threads <= 5; threads++) {
			options.pool = gluec_pool_create(threads);
			options.parallel_for = gluec_pool_for;
			ck_assert_int_eq(instance_run(&other, &options), GLUEC_OK);
			ck_assert_msg(same_outputs(&one, &other), "%s: other bits with %d threads", *isa, threads);
			gluec_pool_destroy(options.pool);
		}
	}
	instance_free(&one);
	instance_free(&other);
}
END_TEST

/* What a thread does: run a model with an instruction set. */
struct task {
	struct instance *instance;
	const char *isa;
};

static void *run_several_times(void *task_pointer)
{
	const struct task *task = task_pointer;
	const struct gluec_options options = { .isa = task->isa };

	for (int i = 0; i < 3; i++)
		if (instance_run(task->instance, &options) != GLUEC_OK)
			return task_pointer;
	return NULL;
}

/* Two threads run the same model on two arenas, and a third another model. */
static void run_together(struct instance *m, const char *isa)
{
	struct task task[3];
	pthread_t thread[3];
	void *failed;

	for (int i = 0; i < 3; i++) {
		task[i] = (struct task){ &m[i], isa };
		ck_assert_int_eq(pthread_create(&thread[i], NULL, run_several_times, &task[i]), 0);
	}
	for (int i = 0; i < 3; i++) {
		pthread_join(thread[i], &failed);
		ck_assert_ptr_null(failed);
	}
	instance_run_on(&m[3], isa);
	ck_assert_msg(same_outputs(&m[0], &m[1]), "%s", isa);
	ck_assert_msg(same_outputs(&m[2], &m[3]), "%s", isa);
}

START_TEST(threads_do_not_disturb_each_other)
{
	struct instance m[4] = { instance_make(small(0)), instance_make(small(0)), instance_make(small(1)),
		instance_make(small(1)) };

	for (int i = 0; i < 4; i++)
		instance_fill(&m[i], 3 + (unsigned)i / 2, 0, 1);
	for (int i = 0; rt_isa_names[i]; i++)
		if (level_fits(rt_isa_names[i]))
			run_together(m, rt_isa_names[i]);
	for (int i = 0; i < 4; i++)
		instance_free(&m[i]);
}
END_TEST

enum { PAINT = 0x5a, STACK = 1 << 20 };

/* Paints a thread's stack, runs the model on it, and looks how far down the paint is gone. */
static size_t stack_used(struct task *task)
{
	pthread_attr_t attributes;
	pthread_t thread;
	void *failed;
	char *stack = aligned_alloc(4096, STACK);
	size_t clean = 0;

	ck_assert_ptr_nonnull(stack);
	memset(stack, PAINT, STACK);
	pthread_attr_init(&attributes);
	ck_assert_int_eq(pthread_attr_setstack(&attributes, stack, STACK), 0);
	ck_assert_int_eq(pthread_create(&thread, &attributes, run_several_times, task), 0);
	pthread_join(thread, &failed);
	ck_assert_ptr_null(failed);
	pthread_attr_destroy(&attributes);
	while (clean < STACK && stack[clean] == PAINT)
		clean++;
	free(stack);
	return STACK - clean;
}

START_TEST(stack_stays_within_its_bound)
{
	struct instance m = instance_make(small(_i));
	const size_t bound[] = { SP96_STACK_BYTES, LG96_STACK_BYTES };
	/* What the system itself keeps on a thread's stack. */
	const size_t system = 8192;

	if (SANITIZED) {
		puts("skip: the sanitizer keeps a stack of its own");
	} else {
		instance_fill(&m, 5, 0, 1);
	}
	for (int i = 0; !SANITIZED && rt_isa_names[i]; i++) {
		if (!level_is_tested(rt_isa_names[i]))
			continue;
		size_t used = stack_used(&(struct task){ &m, rt_isa_names[i] });
		ck_assert_msg(used <= bound[_i] + system, "%s: %zu bytes of stack, the header says %zu", rt_isa_names[i], used,
			bound[_i]);
	}
	instance_free(&m);
}
END_TEST

/* The undefined symbols of an object, one line each, less those of libc's mem* and str*, of libm, and what tells a
 * 64-bit Arm processor's features under Linux. */
static void expect_no_stranger(const char *object)
{
	static const char *const libm[] = { "acos", "acosh", "asin", "asinh", "atan", "atanh", "ceil", "cos", "cosh", "erf",
		"exp", "exp2", "expm1", "fabs", "floor", "fma", "fmod", "log", "log1p", "log2", "nearbyint", "pow", "rint",
		"round", "sin", "sinh", "sqrt", "tan", "tanh", "trunc", "isnan", "isinf" };
	char command[600], name[256];

	snprintf(command, sizeof command, "nm -u %s", object);
	FILE *nm = popen(command, "r");
	ck_assert_ptr_nonnull(nm);
	while (fscanf(nm, " U %255s", name) == 1) {
		bool known = !strncmp(name, "mem", 3) || !strncmp(name, "str", 3) || !strcmp(name, "_GLOBAL_OFFSET_TABLE_") ||
					 !strcmp(name, "getauxval") || strstr(name, "san_"); /* only in sanitized builds */
		for (size_t i = 0; i < sizeof libm / sizeof *libm; i++) {
			size_t n = strlen(libm[i]);
			known |= !strncmp(name, libm[i], n) && (!name[n] || !strcmp(name + n, "f"));
		}
		ck_assert_msg(known, "%s needs %s", object, name);
	}
	ck_assert_int_eq(pclose(nm), 0);
}

/* No symbol that can be written to (B, D and their local forms b, d, except read-only data with addresses in it), and
 * none seen from outside but NAME_*. */
static void expect_no_state(const char *object, const char *name)
{
	char command[600], line[512];

	snprintf(command, sizeof command, "objdump -h %s", object);
	FILE *sections = popen(command, "r");
	ck_assert_ptr_nonnull(sections);
	while (fgets(line, sizeof line, sections)) {
		char section[128];
		unsigned long size;
		if (sscanf(line, " %*d %127s %lx", section, &size) != 2 || SANITIZED)
			continue;
		bool writable = (!strncmp(section, ".data", 5) && strncmp(section, ".data.rel.ro", 12)) ||
						!strncmp(section, ".bss", 4) || !strncmp(section, ".tdata", 6) || !strncmp(section, ".tbss", 5);
		ck_assert_msg(!writable || !size, "%s: section %s holds %lu bytes that can be written", object, section, size);
	}
	ck_assert_int_eq(pclose(sections), 0);
	snprintf(command, sizeof command, "nm -g --defined-only %s", object);
	FILE *nm = popen(command, "r");
	ck_assert_ptr_nonnull(nm);
	int seen = 0;
	while (fgets(line, sizeof line, nm)) {
		char symbol[256];
		if (sscanf(line, "%*x %*c %255s", symbol) != 1)
			continue;
		ck_assert_msg(!strncmp(symbol, name, strlen(name)), "%s shows %s", object, symbol);
		seen++;
	}
	ck_assert_int_eq(pclose(nm), 0);
	ck_assert_int_eq(seen, 3);
}

START_TEST(objects_stand_alone)
{
	static const char *const name[] = { "sp512", "lg512", "sp512h", "lg512h", "sp512x", "lg512x" };
	const char *build = getenv("BUILD");
	char object[512];

	snprintf(object, sizeof object, "%s/tests/objects/%s/%s.o", build ? build : "build", name[_i], name[_i]);
	expect_no_stranger(object);
	expect_no_state(object, name[_i]);
}
END_TEST

/* What the level amx is for: no compiler would write this instruction of its own accord. */
START_TEST(split_products_multiply_tiles)
{
	const struct gluec_model *models[] = { sp512x_model(), lg512x_model() };
	const char *build = getenv("BUILD");
	char command[600], line[64] = "0";

	for (const char *const *isa = models[_i]->isa; *isa; isa++)
		if (!strcmp(*isa, "amx")) {
			snprintf(command, sizeof command, "objdump -d %s/tests/objects/%s/%s.o | grep -c tdpbf16ps",
				build ? build : "build", models[_i]->name, models[_i]->name);
			FILE *count = popen(command, "r");
			ck_assert_ptr_nonnull(count);
			ck_assert_ptr_nonnull(fgets(line, sizeof line, count));
			ck_assert_int_eq(pclose(count), 0);
			ck_assert_int_ge(atoi(line), 9);
			return;
		}
	puts("skip: the objects have no level with tiles");
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("object");
	TCase *t = tcase_create("object");

	tcase_set_timeout(t, 300);
	tcase_add_loop_test(t, mistakes_are_statuses, 0, 2);
	tcase_add_loop_test(t, same_bits_at_any_thread_count, 0, 2);
	tcase_add_test(t, threads_do_not_disturb_each_other);
	tcase_add_loop_test(t, stack_stays_within_its_bound, 0, 2);
	tcase_add_loop_test(t, objects_stand_alone, 0, 6);
	tcase_add_loop_test(t, split_products_multiply_tiles, 0, 2);
	suite_add_tcase(s, t);
	return s;
}
