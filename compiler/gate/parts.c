/* Which nodes of a graph could be put back to float, and what that may cost. */
#include "parts.h"
#include "graph/count.h"
#include "precision/precision.h"
#include <stdlib.h>
#include <string.h>

static void write_parts(struct ctx *c, FILE *f, const struct graph *g)
{
	struct graph *inner[8];

	for (const struct node *n = g->first; n; n = n->next) {
		if (n->precision != PRECISION_FP32 && !is_mover(n) && *n->origin)
			fprintf(f, "%.17g\t%s\n", count_node_multiply_adds(c, n), n->origin);
		for (int i = node_graphs(n, inner, 8); i-- > 0;)
			write_parts(c, f, inner[i]);
	}
}

char *list_parts(struct ctx *c, const struct graph *g)
{
	char *text = NULL;
	size_t bytes;
	FILE *f = open_memstream(&text, &bytes);

	if (!f)
		return NULL;
	write_parts(c, f, g);
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
