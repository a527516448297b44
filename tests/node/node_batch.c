/* Many operator tests at a time: compiled by gluec's own passes, built into one shared library, loaded and run. */
#include "node_tests.h"
#include "base/attempt.h"
#include "run/compare.h"
#include "onnx/convert.h"
#include "onnx/dataset.h"
#include "levels.h"
#include "emit/lower.h"
#include "base/process.h"
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "suite.h"

enum { MAX_WORDS = 1024 };

/* The instruction sets of the runtime that the test is linked to, as the generated code must be told. */
#define ISA_WORD(isa, x) "I(" #isa ",x)"
static const char isas[] = "-DRT_ISAS(I,x)=" RT_ISAS(ISA_WORD, );

/* One model in a batch, kept from compiling to comparing. */
struct job {
	struct ctx *c;
	struct node_test *test;
	const struct dataset *data;
	const struct program *program;
};

/* A command line in the making. */
struct words {
	struct ctx *c;
	int n;
	char *list[MAX_WORDS];
};

static void add(struct words *w, const char *word)
{
	ck_assert_int_lt(w->n, MAX_WORDS - 1);
	w->list[w->n++] = (char *)word;
}

/* The words of an environment variable that make has set. */
static void add_variable(struct words *w, const char *name, const char *fallback)
{
	const char *value = getenv(name);
	char *rest = NULL, *text = arena_text(w->c, "%s", value && *value ? value : fallback);

	for (char *word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		add(w, word);
}

static struct ctx *context(void)
{
	struct ctx *c = calloc(1, sizeof *c);

	ck_assert_ptr_nonnull(c);
	c->arena = arena_new();
	ck_assert_ptr_nonnull(c->arena);
	c->doc = "";
	c->set.command = "";
	return c;
}

static void to_c(struct ctx *c, void *user)
{
	struct job *job = user;
	const char *const *paths;
	const char *slash = strrchr(c->set.model, '/');

	ck_assert_int_eq(find_datasets(c, arena_text(c, "%.*s", (int)(slash - c->set.model), c->set.model), &paths), 1);
	job->data = specialize_for(c, paths[0]);
	for (int i = 0; i < c->graph->n_outputs; i++)
		check_expected(c, job->data, i, c->graph->outputs[i]);
	optimize(c);
	struct program *p = lower_graph(c, c->graph);
	plan(c, p);
	emit(c, p);
	job->program = p;
}

static struct job compile(const char *folder, struct node_test *test, const char *name)
{
	struct job job = { context(), test, NULL, NULL };
	struct ctx *c = job.c;

	c->set.name = arena_text(c, "%s", name);
	c->set.model = arena_text(c, "%s/%s/model.onnx", folder, test->name);
	c->set.out_dir = arena_text(c, "%s/c", folder);
	c->set.weights_as_c = true;
	enum status status = attempt(c, to_c, &job);
	if (status) {
		test->verdict = status == UNUSABLE_MODEL ? REFUSED : WRONG;
		snprintf(test->message, sizeof test->message, "%s", c->message);
		job.program = NULL;
	}
	return job;
}

/* One compiler call makes a shared library of all models and the runtime. */
static const char *build(struct ctx *c, const char *folder, const struct job *jobs, int n, int serial)
{
	const char *library = arena_text(c, "%s/c/batch%d.so", folder, serial), *build = getenv("BUILD");
	const char *log = arena_text(c, "%s/c/batch%d.log", folder, serial);
	struct words w = { .c = c };

	add_variable(&w, "CC", "cc");
	add_variable(&w, "SANITIZE", "");
	add(&w, "-std=c11");
	add(&w, "-O0");
	add(&w, "-pipe");
	add(&w, "-Wall");
	add(&w, "-Werror");
	add(&w, "-shared");
	add(&w, "-fPIC");
	add(&w, "-I" GLUEC_ROOT "/runtime");
	add(&w, isas);
	add(&w, "-o");
	add(&w, library);
	for (int i = 0; i < n; i++) {
		if (!jobs[i].program)
			continue;
		add(&w, arena_text(c, "%s/c/%s.c", folder, jobs[i].c->set.name));
		add(&w, arena_text(c, "%s/c/%s.weights.c", folder, jobs[i].c->set.name));
	}
	add(&w, arena_text(c, "%s/rt/librt.a", build && *build ? build : GLUEC_ROOT "/build"));
	add(&w, "-lm");
	if (run_process(c, w.list, NULL, log)) {
		show_log(log);
		return NULL;
	}
	return library;
}

/* Half precision is compared as ONNX's runner compares float, but for a unit in the last place of each type. */
static struct tolerance tolerance_of(enum rt_type type)
{
	static const struct tolerance plain = { 1e-7, 1e-3, 0 }, half = { 1e-4, 2e-3, 0 }, brain = { 1e-2, 1e-2, 0 };

	return type == RT_F16 ? half : type == RT_BF16 ? brain : plain;
}

static void set_message(struct node_test *test, const char *isa, const char *format, ...)
{
	int n = snprintf(test->message, sizeof test->message, "%s: ", isa);
	va_list ap;

	va_start(ap, format);
	vsnprintf(test->message + n, sizeof test->message - (size_t)n, format, ap);
	va_end(ap);
}

static bool compare_output(const struct job *job, const char *isa, int i, const void *data)
{
	const struct value *expected = job->data->outputs[i];
	const struct value *actual = convert_from(job->c, expected, job->program->outputs[i].type, data);
	struct tolerance t = tolerance_of(expected->type);
	struct difference d = compare(expected, actual, &t);

	if (!d.equal)
		set_message(job->test, isa, "output %d: %lld of %lld elements are off, element %lld is %g instead of %g", i,
			(long long)d.beyond, (long long)d.elements, (long long)d.first, constant_real(actual, d.first),
			constant_real(expected, d.first));
	return d.equal;
}

/* Runs the model once and compares. */
static bool run_isa(const struct job *job, const struct gluec_model *model, const char *isa)
{
	const struct gluec_options options = { .isa = isa };
	const void *in[64];
	void *out[64], *arena = aligned_alloc(RT_ALIGN, (model->arena_bytes / RT_ALIGN + 1) * RT_ALIGN);
	bool right = model->inputs == job->c->graph->n_inputs && model->outputs == job->c->graph->n_outputs;

	ck_assert(model->inputs <= 64 && model->outputs <= 64);
	for (int i = 0; i < model->inputs; i++)
		in[i] = convert_to(job->c, job->data->inputs[i], job->program->inputs[i].type);
	for (int i = 0; i < model->outputs; i++)
		out[i] = calloc(1, model->output[i].bytes + 1);
	enum gluec_status status = model->run(in, out, arena, model->arena_bytes, &options);
	if (status)
		set_message(job->test, isa, "run returned %d", (int)status);
	for (int i = 0; i < model->outputs && right && !status; i++)
		right = compare_output(job, isa, i, out[i]);
	for (int i = 0; i < model->outputs; i++)
		free(out[i]);
	free(arena);
	return right && !status;
}

static void run_job(const struct job *job, void *library)
{
	const struct gluec_model *(*get)(void);
	bool right = true;

	*(void **)&get = dlsym(library, arena_text(job->c, "%s_model", job->c->set.name));
	strcpy(job->test->message, "it crashed");
	if (!get || get()->init()) {
		strcpy(job->test->message, "its init function failed");
		return;
	}
	for (int i = 0; get()->isa[i] && right; i++)
		right = !level_is_tested(get()->isa[i]) || run_isa(job, get(), get()->isa[i]);
	job->test->verdict = right ? PASSED : WRONG;
}

static void run_all(const struct job *jobs, int n, const char *path)
{
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);

	if (!library)
		puts(dlerror());
	for (int i = 0; i < n; i++)
		if (library && jobs[i].program && !*jobs[i].test->message)
			run_job(&jobs[i], library);
}

void node_batch(const char *folder, struct node_test *tests, int n, int serial)
{
	struct ctx *c = context();
	struct job *jobs = NEW(c, struct job, (size_t)n);
	int compiled = 0, waited;

	for (int i = 0; i < n; i++) {
		jobs[i] = compile(folder, &tests[i], arena_text(c, "m%d_%d", serial, i));
		compiled += jobs[i].program != NULL;
	}
	const char *library = compiled ? build(c, folder, jobs, n, serial) : NULL;
	/* A model that crashes takes its process along; the next one goes on behind it. */
	for (bool again = library != NULL; again;) {
		pid_t child = fork();
		if (child == 0) {
			run_all(jobs, n, library);
			_exit(0);
		}
		again = waitpid(child, &waited, 0) == child && waited != 0;
	}
	for (int i = 0; i < n; i++) {
		if (tests[i].verdict == UNTRIED)
			tests[i].verdict = WRONG;
		arena_free(jobs[i].c->arena);
		free(jobs[i].c);
	}
	arena_free(c->arena);
	free(c);
}
