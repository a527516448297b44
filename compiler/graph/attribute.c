/* Reading and setting the attributes of nodes. */
#include "gluec.h"
#include <string.h>

const struct attribute *attribute(const struct node *n, const char *name)
{
	for (const struct attribute *a = n->attributes; a; a = a->next)
		if (!strcmp(a->name, name))
			return a;
	return NULL;
}

static const struct attribute *of_kind(struct ctx *c, const struct node *n, const char *name, enum attribute_kind kind)
{
	static const char *const text[] = { "an integer", "a float", "a string", "a list of integers", "a list of floats",
		"a tensor", "a graph", "something else" };
	const struct attribute *a = attribute(n, name);

	if (a && a->kind != kind)
		fail_node(c, n, "attribute '%s' is %s, but must be %s", name, text[a->kind], text[kind]);
	return a;
}

int64_t attribute_int(struct ctx *c, const struct node *n, const char *name, int64_t fallback)
{
	const struct attribute *a = of_kind(c, n, name, ATTRIBUTE_INT);

	return a ? a->integer : fallback;
}

double attribute_float(struct ctx *c, const struct node *n, const char *name, double fallback)
{
	const struct attribute *a = of_kind(c, n, name, ATTRIBUTE_FLOAT);

	return a ? a->real : fallback;
}

const char *attribute_string(struct ctx *c, const struct node *n, const char *name, const char *fallback)
{
	const struct attribute *a = of_kind(c, n, name, ATTRIBUTE_STRING);

	return a ? a->string : fallback;
}

int attribute_ints(struct ctx *c, const struct node *n, const char *name, int64_t *to, int max)
{
	const struct attribute *a = of_kind(c, n, name, ATTRIBUTE_INTS);

	if (!a)
		return -1;
	if (a->n > (size_t)max)
		fail_node(c, n, "attribute '%s' has %zu elements; at most %d are supported", name, a->n, max);
	for (size_t i = 0; i < a->n; i++)
		to[i] = a->ints[i];
	return (int)a->n;
}

struct graph *attribute_graph(struct ctx *c, const struct node *n, const char *name)
{
	const struct attribute *a = of_kind(c, n, name, ATTRIBUTE_GRAPH);

	if (!a)
		fail_node(c, n, "attribute '%s' is missing", name);
	return a->graph;
}

static struct attribute *set(struct ctx *c, struct node *n, const char *name, enum attribute_kind kind)
{
	struct attribute *a = (struct attribute *)attribute(n, name);

	if (!a) {
		a = NEW(c, struct attribute, 1);
		a->next = n->attributes;
		n->attributes = a;
	}
	a->name = name;
	a->kind = kind;
	return a;
}

void set_attribute_int(struct ctx *c, struct node *n, const char *name, int64_t x)
{
	set(c, n, name, ATTRIBUTE_INT)->integer = x;
}

void set_attribute_ints(struct ctx *c, struct node *n, const char *name, int count, const int64_t *x)
{
	struct attribute *a = set(c, n, name, ATTRIBUTE_INTS);
	int64_t *ints = NEW(c, int64_t, (size_t)count + 1);

	for (int i = 0; i < count; i++)
		ints[i] = x[i];
	a->ints = ints;
	a->n = (size_t)count;
}

void set_attribute_float(struct ctx *c, struct node *n, const char *name, double x)
{
	set(c, n, name, ATTRIBUTE_FLOAT)->real = x;
}

void set_attribute_string(struct ctx *c, struct node *n, const char *name, const char *x)
{
	set(c, n, name, ATTRIBUTE_STRING)->string = x;
}

bool same_attributes(const struct node *a, const struct node *b)
{
	const struct attribute *x = a->attributes, *y = b->attributes;

	for (; x && y; x = x->next, y = y->next) {
		if (strcmp(x->name, y->name) || x->kind != y->kind || x->kind == ATTRIBUTE_OTHER ||
			x->kind == ATTRIBUTE_GRAPH || x->kind == ATTRIBUTE_TENSOR || x->n != y->n)
			return false;
		if (x->kind == ATTRIBUTE_INT && x->integer != y->integer)
			return false;
		if (x->kind == ATTRIBUTE_FLOAT && memcmp(&x->real, &y->real, sizeof x->real))
			return false;
		if (x->kind == ATTRIBUTE_STRING && strcmp(x->string, y->string))
			return false;
		if (x->kind == ATTRIBUTE_INTS && x->n && memcmp(x->ints, y->ints, x->n * sizeof *x->ints))
			return false;
		if (x->kind == ATTRIBUTE_FLOATS && x->n && memcmp(x->floats, y->floats, x->n * sizeof *x->floats))
			return false;
	}
	return !x && !y;
}

struct attribute *own_attributes(struct ctx *c, const struct node *n)
{
	struct attribute *first = NULL, **last = &first;

	for (const struct attribute *a = n->attributes; a; a = a->next) {
		*last = NEW(c, struct attribute, 1);
		**last = *a;
		(*last)->next = NULL;
		last = &(*last)->next;
	}
	return first;
}
