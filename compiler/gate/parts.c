/* Which nodes of a graph could be put back to float, and what that may cost. */
#include "parts.h"
#include "graph/count.h"
#include "precision/precision.h"
#include <stdlib.h>
#include <string.h>

struct names {
	int n;
	const char **name; /* sorted */
};

static void add_names(struct ctx *c, struct names *names, const struct graph *g, size_t *room)
{
	struct graph *inner[8];

	for (const struct node *n = g->first; n; n = n->next) {
		char *rest = NULL;
		for (char *name = strtok_r(arena_text(c, "%s", n->origin), " ", &rest); name;
			 name = strtok_r(NULL, " ", &rest)) {
			if ((size_t)names->n == *room) {
				const char **old = names->name;
				*room = *room ? 2 * *room : 1024;
				names->name = NEW(c, const char *, *room);
				if (names->n)
					memcpy(names->name, old, (size_t)names->n * sizeof *old);
			}
			names->name[names->n++] = name;
		}
		for (int i = node_graphs(n, inner, 8); i-- > 0;)
			add_names(c, names, inner[i], room);
	}
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const struct names *node_names(struct ctx *c, const struct graph *g)
{
	struct names *names = NEW(c, struct names, 1);
	size_t room = 0;

	add_names(c, names, g, &room);
	if (names->n)
		qsort(names->name, (size_t)names->n, sizeof *names->name, by_text);
	return names;
}

/* Those of a node's names that a rule can mean: a conversion that gluec put in is called after a value. */
static const char *known_names(struct ctx *c, const struct names *names, const char *origin)
{
	const char *known = "";
	char *rest = NULL;

	for (char *name = strtok_r(arena_text(c, "%s", origin), " ", &rest); name; name = strtok_r(NULL, " ", &rest))
		if (names->n && bsearch(&name, names->name, (size_t)names->n, sizeof *names->name, by_text))
			known = arena_text(c, "%s%s%s", known, *known ? " " : "", name);
	return known;
}

/* Is it computed, or its result stored, in reduced precision? A product of floats may have a half behind its fused
 * ReLU. */
static bool is_reduced(const struct node *n)
{
	bool half = false;

	for (int i = 0; i < n->n_out; i++)
		half |= n->out[i] && is_half(n->out[i]->type) && !n->out[i]->given_half;
	return !is_mover(n) && (half || n->precision != PRECISION_FP32);
}

static void write_parts(struct ctx *c, FILE *f, const struct graph *g, const struct names *names)
{
	struct graph *inner[8];

	for (const struct node *n = g->first; n; n = n->next) {
		const char *known = is_reduced(n) ? known_names(c, names, n->origin) : "";
		if (*known)
			fprintf(f, "%.17g\t%s\n", count_node_multiply_adds(c, n), known);
		for (int i = node_graphs(n, inner, 8); i-- > 0;)
			write_parts(c, f, inner[i], names);
	}
}

char *list_parts(struct ctx *c, const struct graph *g, const struct names *names)
{
	char *text = NULL;
	size_t bytes;
	FILE *f = open_memstream(&text, &bytes);

	if (!f)
		return NULL;
	write_parts(c, f, g, names);
	if (fclose(f)) {
		free(text);
		return NULL;
	}
	return text;
}

static int count_lines(const char *text)
{
	int n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

int read_parts(struct ctx *c, int model, const char *text, int n, struct gate_part **parts)
{
	struct gate_part *more = NEW(c, struct gate_part, (size_t)n + (size_t)count_lines(text) + 1);

	if (n)
		memcpy(more, *parts, (size_t)n * sizeof *more);
	for (const char *end; (end = strchr(text, '\n')); text = end + 1) {
		char *names;
		double multiply_adds = strtod(text, &names);
		names++;
		more[n++] = (struct gate_part){ model, arena_text(c, "%.*s", (int)(end - names), names), multiply_adds };
	}
	*parts = more;
	return n;
}
