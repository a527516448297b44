/* --append: reading the option, and what the stages share. */
#include "append.h"
#include "cli/command.h"
#include <string.h>

/* Appended nodes have the form of this version of the operator set, whatever the model's own is. */
enum { APPENDED_VERSION = 20 };

enum { MAX_PIXELS = 1 << 15 };

static bool starts(const char *text, const char *word)
{
	size_t n = strlen(word);

	return !strncmp(text, word, n) && (text[n] == ':' || !text[n]);
}

/* One KEY=VALUE of --append. */
static void read_setting(struct ctx *c, struct append *a, bool keypoints, const char *setting)
{
	const char *equals = strchr(setting, '='), *value = equals ? equals + 1 : "";
	const char *key = arena_text(c, "%.*s", (int)(equals ? equals - setting : 0), setting);
	const char *option = arena_text(c, "--append %s, %.40s", keypoints ? "keypoints" : "matches", key);

	if (*value && !strcmp(key, "scores"))
		a->scores = value;
	else if (*value && keypoints && !strcmp(key, "descriptors"))
		a->descriptors = value;
	else if (*value && keypoints && !strcmp(key, "radius"))
		a->radius = (int)read_number(c, option, value, 0, MAX_PIXELS);
	else if (*value && keypoints && !strcmp(key, "border"))
		a->border = (int)read_number(c, option, value, 0, MAX_PIXELS);
	else if (*value && !keypoints && !strcmp(key, "dustbins"))
		a->dustbins = (int)read_number(c, option, value, 0, 1);
	else if (*value && !strcmp(key, "threshold"))
		a->threshold = read_real(c, option, value, 0);
	else
		fail(c, USAGE, "--append: '%.60s' must be one of %s", setting,
			keypoints ? "radius=R, border=B, threshold=T, scores=OUTPUT and descriptors=OUTPUT"
					  : "threshold=T, dustbins=0|1 and scores=OUTPUT");
}

void read_append(struct ctx *c, const char *text)
{
	bool keypoints = starts(text, "keypoints");
	struct append *a = NEW(c, struct append, 1);
	char *list = strchr(text, ':'), *rest = NULL;

	if (!keypoints && !starts(text, "matches"))
		fail(c, USAGE, "--append: '%.60s' must be keypoints or matches, such as keypoints:radius=3,border=8", text);
	*a = (struct append){ .text = text, .radius = -1, .border = 4, .dustbins = -1, .threshold = keypoints ? 0 : 0.1 };
	if (list && !list[1])
		fail(c, USAGE, "--append: '%.60s' has nothing behind the colon", text);
	list = list ? arena_text(c, "%s", list + 1) : NULL;
	for (char *one = list ? strtok_r(list, ",", &rest) : NULL; one; one = strtok_r(NULL, ",", &rest))
		read_setting(c, a, keypoints, one);
	if (keypoints ? c->set.append_keypoints : c->set.append_matches)
		fail(c, USAGE, "--append %s is given twice", keypoints ? "keypoints" : "matches");
	*(keypoints ? &c->set.append_keypoints : &c->set.append_matches) = a;
}

void append_stages(struct ctx *c)
{
	if (c->set.append_keypoints)
		append_keypoints(c, c->set.append_keypoints);
	if (c->set.append_matches)
		append_matches(c, c->set.append_matches);
}

struct node *append_node(
	struct ctx *c, const char *domain, const char *type, const char *name, int n_out, int n_in, ...)
{
	const struct node like = { .name = name, .origin = name };
	struct node *n = node_new(c, c->graph, NULL, domain, type, &like, n_in, n_out);
	va_list ap;

	n->version = APPENDED_VERSION;
	va_start(ap, n_in);
	for (int i = 0; i < n_in; i++)
		n->in[i] = va_arg(ap, struct value *);
	va_end(ap);
	for (int i = 0; i < n_out; i++) {
		n->out[i] = value_new(c, name, RT_NOTYPE, -1, NULL);
		n->out[i]->def = n;
	}
	return n;
}

struct value *append_infer(struct ctx *c, struct node *n)
{
	n->op->infer(c, n);
	return n->out[0];
}

struct value *append_ints(struct ctx *c, int n, const int64_t *data)
{
	int64_t *copy = NEW(c, int64_t, (size_t)n), dim = n;

	memcpy(copy, data, (size_t)n * sizeof *copy);
	return value_constant(c, "list", RT_I64, 1, &dim, copy);
}

struct value *append_reshape(struct ctx *c, const char *name, struct value *x, int rank, const int64_t *dim)
{
	return append_binary(c, "Reshape", name, x, append_ints(c, rank, dim));
}

struct value *append_binary(struct ctx *c, const char *type, const char *name, struct value *x, struct value *y)
{
	return append_infer(c, append_node(c, "", type, name, 1, 2, x, y));
}

struct value *append_float(struct ctx *c, const char *name, struct value *x)
{
	if (x->type == RT_F32)
		return x;
	struct node *n = append_node(c, "", "Cast", name, 1, 1, x);
	set_attribute_int(c, n, "to", RT_F32);
	return append_infer(c, n);
}

void append_outputs(struct ctx *c, int n_used, const int *used, int n_new, struct value *const *new)
{
	struct graph *g = c->graph;
	int n = n_new;
	struct value **outputs = NEW(c, struct value *, (size_t)(g->n_outputs + n_new));

	memcpy(outputs, new, (size_t)n_new * sizeof *outputs);
	for (int i = 0; i < g->n_outputs; i++) {
		struct value *v = g->outputs[i];
		bool kept = true;
		for (int k = 0; k < n_used; k++)
			kept &= used[k] != i;
		if (kept)
			outputs[n++] = v;
		/* Two tensors of one name would puzzle the reader of the generated code. */
		for (int k = 0; k < n_new; k++)
			if (v->def && !strcmp(v->name, new[k]->name))
				v->name = arena_text(c, "%s.dense", v->name);
	}
	g->outputs = outputs;
	g->n_outputs = n;
}

static void mark(struct value **v, int n, int uses)
{
	for (int i = 0; i < n; i++)
		if (v[i])
			v[i]->uses = uses;
}

static bool is_marked(const struct node *n)
{
	for (int i = 0; i < n->n_out; i++)
		if (n->out[i] && n->out[i]->uses)
			return true;
	return false;
}

/* Walks backwards through the nodes, so that each is looked at once, however often its result is used. The marks are
 * in `uses`, which whoever needs it counts anew. */
bool append_made_with(struct ctx *c, struct value *v, bool (*is)(struct ctx *c, const struct node *n))
{
	const struct graph *g = c->graph;

	for (const struct node *n = g->first; n; n = n->next) {
		mark(n->in, n->n_in, 0);
		mark(n->out, n->n_out, 0);
	}
	v->uses = 1;
	for (const struct node *n = g->last; n; n = n->prev) {
		if (!is_marked(n) || !strcmp(n->type, "Conv") || !strcmp(n->type, "FusedConv") || !strcmp(n->type, "MatMul") ||
			!strcmp(n->type, "FusedMatMul") || !strcmp(n->type, "Gemm"))
			continue;
		if (is(c, n))
			return true;
		mark(n->in, n->n_in, 1);
	}
	return false;
}

bool append_usable(const struct graph *g, int i, const char *name)
{
	const struct value *v = g->outputs[i];

	return is_float_type(v->type) && !v->count && value_elements(v) && (!name || !strcmp(v->name, name));
}

const char *append_list_outputs(struct ctx *c)
{
	const char *s = "";

	for (int i = 0; i < c->graph->n_outputs; i++)
		s = arena_text(
			c, "%s%s%.60s %s", s, i ? ", " : "", c->graph->outputs[i]->name, shape_text(c, c->graph->outputs[i]));
	return arena_text(c, "%.500s", s);
}

void append_need_output(struct ctx *c, const char *stage, const char *name)
{
	for (int i = 0; i < c->graph->n_outputs; i++)
		if (!name || !strcmp(c->graph->outputs[i]->name, name))
			return;
	fail_model(c, "--append %s: there is no output '%.60s'; its outputs are %s", stage, name ? name : "",
		append_list_outputs(c));
}
