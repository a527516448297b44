/* gluec inspect: what a model is made of, and whether gluec can compile it. */
#include "base/attempt.h"
#include "command.h"
#include "graph/count.h"
#include "base/path.h"
#include "base/printable.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static enum status run(struct ctx *c, int argc, char **argv);

const struct command command_inspect = {
	"inspect",
	"says what a model needs and what of it is supported",
	"gluec inspect MODEL [options]\n\n"
	"Prints inputs, outputs, open dimensions and how to bind them, operators and which of them are supported, "
	"parameters,\n"
	"and, when all dimensions are bound, multiply-adds.\n\n" MODEL_OPTIONS_HELP,
	run,
};

/* How often an operator occurs, branches included. */
struct operator_count {
	const char *type, *domain;
	const struct op *op;
	int version, count;
};

struct histogram {
	struct operator_count *rows;
	int n, room;
};

static void count_operator(struct ctx *c, struct histogram *h, const struct node *n)
{
	for (int i = 0; i < h->n; i++)
		if (!strcmp(h->rows[i].type, n->type) && !strcmp(h->rows[i].domain, n->domain)) {
			h->rows[i].count++;
			return;
		}
	if (h->n == h->room) {
		struct operator_count *old = h->rows;
		h->room = h->room ? 2 * h->room : 64;
		h->rows = NEW(c, struct operator_count, (size_t)h->room);
		if (h->n)
			memcpy(h->rows, old, (size_t)h->n * sizeof *old);
	}
	h->rows[h->n++] = (struct operator_count){ n->type, n->domain, n->op, n->version, 1 };
}

static void count_operators(struct ctx *c, struct histogram *h, const struct graph *g)
{
	struct graph *inner[8];

	for (const struct node *n = g->first; n; n = n->next) {
		count_operator(c, h, n);
		for (int i = node_graphs(n, inner, 8); i-- > 0;)
			count_operators(c, h, inner[i]);
	}
}

static int by_count(const void *a, const void *b)
{
	const struct operator_count *x = a, *y = b;
	int order = strcmp(x->type, y->type);

	return x->count != y->count ? (x->count < y->count) - (x->count > y->count)
		   : order              ? order
								: strcmp(x->domain, y->domain);
}

static bool is_supported(const struct operator_count *o)
{
	return o->op && o->version >= o->op->since;
}

static void print_operators(struct ctx *c)
{
	struct histogram h = { 0 };
	int missing = 0;

	count_operators(c, &h, c->graph);
	if (h.n)
		qsort(h.rows, (size_t)h.n, sizeof *h.rows, by_count);
	printf("operators:\n");
	for (int i = 0; i < h.n; i++) {
		const struct operator_count *o = &h.rows[i];
		const char *verdict = "supported";
		if (!o->op)
			verdict = "NOT SUPPORTED";
		else if (!is_supported(o))
			verdict = o->version ? arena_text(c, "NOT SUPPORTED below version %d", o->op->since)
								 : "NOT SUPPORTED: no version imported";
		missing += !is_supported(o);
		printf("  %6d  %-28s %s\n", o->count,
			arena_text(
				c, "%s%s%s %d", printable(c, o->domain), *o->domain ? "::" : "", printable(c, o->type), o->version),
			verdict);
	}
	if (missing)
		printf("  %d of these %d operators %s not supported: the model cannot be compiled\n", missing, h.n,
			missing == 1 ? "is" : "are");
}

/* "f32[1,1,height,width]" */
static const char *open_shape(struct ctx *c, const struct value *v)
{
	const char *s = arena_text(c, "%s[%s", type_name(v->type), v->rank < 0 ? "?" : "");

	for (int i = 0; i < v->rank; i++)
		s = v->symbol[i] ? arena_text(c, "%s%s%s", s, i ? "," : "", printable(c, v->symbol[i]))
						 : arena_text(c, "%s%s%lld", s, i ? "," : "", (long long)v->dim[i]);
	return arena_text(c, "%s]", s);
}

static void print_interface(struct ctx *c)
{
	const struct graph *g = c->graph;

	printf("inputs:\n");
	for (int i = 0; i < g->n_inputs; i++)
		printf("  %-20s %s\n", printable(c, g->inputs[i]->name), open_shape(c, g->inputs[i]));
	printf("outputs:\n");
	for (int i = 0; i < g->n_outputs; i++)
		printf("  %-20s %s\n", printable(c, g->outputs[i]->name), printable(c, g->declared[i]));
}

/* A value for the example that a user of such a model might want. */
static int example_value(const char *symbol)
{
	if (strcasestr(symbol, "height"))
		return 480;
	if (strcasestr(symbol, "width"))
		return 640;
	return strcasestr(symbol, "batch") ? 1 : 512;
}

/* How the shell must be told a word with other characters than these. */
static const char *quoted(struct ctx *c, const char *s)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-=+:,";

	return s[strspn(s, plain)] || strchr(s, '\'') ? arena_text(c, "'%s'", s) : s;
}

static void print_dimensions(struct ctx *c)
{
	const struct graph *g = c->graph;
	const char *names = "", *options = "";

	for (int i = 0; i < g->n_inputs; i++) {
		const struct value *v = g->inputs[i];
		if (v->rank < 0)
			options =
				arena_text(c, "%s --input %s", options, quoted(c, arena_text(c, "%s=AxBxC", printable(c, v->name))));
		for (int d = 0; d < v->rank; d++) {
			const char *one = v->symbol[d] ? arena_text(c, ", %s", printable(c, v->symbol[d])) : names;
			if (!v->symbol[d] || strstr(arena_text(c, "%s,", names), arena_text(c, "%s,", one)))
				continue;
			names = arena_text(c, "%s%s", names, one);
			options = arena_text(c, "%s --dim %s", options,
				quoted(c, arena_text(c, "%s=%d", printable(c, v->symbol[d]), example_value(v->symbol[d]))));
		}
	}
	if (*options)
		printf("open dimensions: %s\n  bind them, for example: gluec compile %s -o out%s\n",
			*names ? names + 2 : "the shapes of inputs", quoted(c, printable(c, c->set.model)), options);
	else
		printf("open dimensions: none\n");
}

static void specialize_body(struct ctx *c, void *user)
{
	(void)user;
	specialize(c);
}

static void infer_body(struct ctx *c, void *user)
{
	(void)user;
	infer(c, c->graph);
	append_stages(c);
	remove_dead(c->graph);
}

static void print_bound(struct ctx *c)
{
	const struct graph *g = c->graph;

	printf("outputs as bound:\n");
	for (int i = 0; i < g->n_outputs; i++)
		printf("  %-20s %s\n", printable(c, g->outputs[i]->name), shape_text(c, g->outputs[i]));
	printf("multiply-adds: %.0f (%.2f G) in convolutions, matrix products and attention\n", count_multiply_adds(c, g),
		1e-9 * count_multiply_adds(c, g));
}

/* A wrong --dim is the user's mistake; dimensions that nobody bound, and models that cannot be compiled, are not. */
static void print_work(struct ctx *c)
{
	const struct settings *s = &c->set;

	enum status status = attempt(c, specialize_body, NULL);
	if (status && (s->n_bindings || s->top_k || s->depth > 0 || status != UNUSABLE_MODEL))
		longjmp(c->escape, 1);
	if (!status)
		status = attempt(c, infer_body, NULL);
	if (status && (s->append_keypoints || s->append_matches || status != UNUSABLE_MODEL))
		longjmp(c->escape, 1);
	if (status)
		printf("multiply-adds: not counted: %s\n", c->message);
	else
		print_bound(c);
}

static enum status run(struct ctx *c, int argc, char **argv)
{
	static const struct option list[] = { MODEL_OPTIONS, { NULL, 0, NULL, 0 } };

	if (!read_options(c, &command_inspect, argc, argv, list, NULL, NULL))
		return DONE;
	read_model(c);
	printf("%s: %zu bytes, IR version %" PRId64 ", %s, %d nodes\n", printable(c, file_name(c->set.model)),
		c->file_bytes, c->ir_version, printable(c, c->opsets), c->nodes_read);
	if (*c->doc)
		printf("  %s\n", printable(c, c->doc));
	print_interface(c);
	print_dimensions(c);
	print_operators(c);
	struct parameters p = count_parameters(c->graph);
	printf("parameters: %" PRId64 " in %zu bytes\n", p.count, p.bytes);
	print_work(c);
	return DONE;
}
