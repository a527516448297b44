/* Test data sets: finding and reading them. */
#include "dataset.h"
#include "base/attempt.h"
#include "base/folder.h"
#include "pass/fixed.h"
#include "tensor.h"
#include <string.h>
#include <unistd.h>

static bool starts_with(const char *s, const char *start)
{
	return !strncmp(s, start, strlen(start));
}

/* Is this "input_12.pb" or "output_3.pb"? */
static bool is_tensor_file(const char *name)
{
	const char *p = starts_with(name, "input_") ? name + 6 : starts_with(name, "output_") ? name + 7 : "";
	size_t digits = strspn(p, "0123456789");

	return digits > 0 && !strcmp(p + digits, ".pb");
}

static bool is_data_set(const char *name)
{
	return starts_with(name, "test_data_set_");
}

int find_datasets(struct ctx *c, const char *folder, const char *const **paths)
{
	if (list_folder(c, folder, is_tensor_file, paths)) {
		const char **own = NEW(c, const char *, 1);
		*own = folder;
		*paths = own;
		return 1;
	}
	int n = list_folder(c, folder, is_data_set, paths);
	if (!n)
		fail(c, IO_FAILED, "%.300s: holds neither input_0.pb nor folders test_data_set_*", folder);
	return n;
}

/* The input that the tensor of file number `number` is for. */
static int input_for(struct ctx *c, const char *path, const struct value *tensor, int number)
{
	const struct graph *g = c->graph;

	for (int i = 0; i < g->n_inputs; i++)
		if (!strcmp(g->inputs[i]->name, tensor->name))
			return i;
	if (number >= g->n_inputs)
		fail(c, UNUSABLE_MODEL, "%.300s/input_%d.pb: the model has only %d inputs", path, number, g->n_inputs);
	return number;
}

/* Has the user given its value on the command line? */
static bool is_fixed(const struct ctx *c, const struct value *v)
{
	for (int i = 0; i < c->set.n_constants; i++)
		if (!strcmp(c->set.constants[i].name, v->name))
			return true;
	return false;
}

static struct value **read_inputs(struct ctx *c, const char *path)
{
	const struct graph *g = c->graph;
	struct value **to = NEW(c, struct value *, (size_t)g->n_inputs);

	/* One more than there are inputs, to notice a data set of another model. */
	for (int number = 0; number <= g->n_inputs; number++) {
		const char *file = arena_text(c, "%s/input_%d.pb", path, number);
		if (access(file, F_OK))
			continue;
		struct value *tensor = read_tensor_file(c, file);
		int i = input_for(c, path, tensor, number);
		if (to[i])
			fail(c, UNUSABLE_MODEL, "%.300s: input '%.100s' is there twice", file, g->inputs[i]->name);
		if (tensor->type != g->inputs[i]->type)
			fail(c, UNUSABLE_MODEL, "%.300s: it is %s, but input '%.100s' is %s", file, shape_text(c, tensor),
				g->inputs[i]->name, shape_text(c, g->inputs[i]));
		to[i] = tensor;
	}
	for (int i = 0; i < g->n_inputs; i++)
		if (!to[i] && !is_fixed(c, g->inputs[i]))
			fail(c, UNUSABLE_MODEL, "%.300s/input_%d.pb is missing: the model's input '%.100s'", path, i,
				g->inputs[i]->name);
	return to;
}

/* Outputs are in the order of their numbers: all of them or none. */
static struct value **read_outputs(struct ctx *c, const char *path)
{
	int n = c->graph->n_outputs - c->graph->n_counts, found = 0;
	struct value **to = NEW(c, struct value *, (size_t)n);

	for (int i = 0; i < n; i++) {
		const char *file = arena_text(c, "%s/output_%d.pb", path, i);
		if (access(file, F_OK))
			continue;
		to[i] = read_tensor_file(c, file);
		found++;
	}
	for (int i = 0; found && i < n; i++)
		if (!to[i])
			fail(c, UNUSABLE_MODEL, "%.300s/output_%d.pb is missing, though others are there", path, i);
	return found ? to : NULL;
}

static struct dataset *read_dataset(struct ctx *c, const char *path)
{
	struct dataset *d = NEW(c, struct dataset, 1);

	d->path = path;
	d->inputs = read_inputs(c, path);
	for (int i = 0; i < c->graph->n_inputs; i++)
		if (d->inputs[i])
			bind_input(c, c->graph->inputs[i], d->inputs[i]->rank, d->inputs[i]->dim);
	return d;
}

/* A model being specialised for a data set. */
struct fitting {
	const char *path;
	struct dataset *d;
	const char **fixed; /* inputs that are taken from the data set */
	int n_fixed;
};

static void fit_once(struct ctx *c, void *user)
{
	struct fitting *f = user;

	read_model(c);
	struct dataset *d = f->d = read_dataset(c, f->path);
	int n = c->graph->n_inputs, kept = 0;
	struct value **inputs = NEW(c, struct value *, (size_t)n);
	for (int i = 0; i < n; i++)
		inputs[i] = c->graph->inputs[i];
	for (int i = 0; i < n; i++)
		for (int k = 0; k < f->n_fixed; k++)
			if (!strcmp(inputs[i]->name, f->fixed[k]))
				fix_input(c, inputs[i], d->inputs[i]);
	specialize_model(c);
	d->outputs = read_outputs(c, f->path);
	for (int i = 0; i < n; i++)
		if (kept < c->graph->n_inputs && c->graph->inputs[kept] == inputs[i])
			d->inputs[kept++] = d->inputs[i];
	d->fixed = f->n_fixed;
}

struct dataset *specialize_for(struct ctx *c, const char *path)
{
	struct fitting f = { .path = path };

	for (;;) {
		c->wanted = NULL;
		enum status status = attempt(c, fit_once, &f);
		if (!status)
			return f.d;
		if (!c->wanted)
			fail_again(c, status);
		const char **more = NEW(c, const char *, (size_t)f.n_fixed + 1);
		if (f.n_fixed)
			memcpy(more, f.fixed, (size_t)f.n_fixed * sizeof *more);
		f.fixed = more;
		more[f.n_fixed++] = c->wanted->name;
	}
}

void check_expected(struct ctx *c, const struct dataset *d, int i, const struct value *actual)
{
	const struct value *expected = d->outputs[i];
	struct value shape = *actual;

	/* How long this one becomes is not known before the model runs. */
	if (actual->count && expected->rank == actual->rank &&
		expected->dim[actual->count_axis] <= actual->dim[actual->count_axis])
		shape.dim[actual->count_axis] = expected->dim[actual->count_axis];
	if (expected->type != actual->type || !same_shape(expected, &shape))
		fail(c, UNUSABLE_MODEL, "%.300s/output_%d.pb: it is %s, but output '%.100s' of the model is %s", d->path, i,
			shape_text(c, expected), actual->name, shape_text(c, actual));
}
