/* What values were seen to be: a text file with a line for each value, its fields separated by tabs. */
#include "seen.h"
#include "base/path.h"
#include "base/read_text.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct seen_values {
	struct seen *list;
	int n, room;
	bool marked;
};

static const char head[] =
	"# gluec ranges: lowest, highest, elements that are not 0, those of them below 2^-14, value, "
	"node";

void seen_join(struct seen *to, const struct seen *more)
{
	to->low = fmin(to->low, more->low);
	to->high = fmax(to->high, more->high);
	to->nonzero += more->nonzero;
	to->tiny += more->tiny;
}

double seen_largest(const struct seen *s)
{
	return fmax(fabs(s->low), fabs(s->high));
}

double seen_tiny_share(const struct seen *s)
{
	return s->nonzero > 0 ? s->tiny / s->nonzero : 0;
}

static bool can_be_written(const char *name)
{
	for (; *name; name++)
		if ((unsigned char)*name < ' ')
			return false;
	return true;
}

void write_ranges_head(FILE *f)
{
	fprintf(f, "%s\n", head);
}

void write_seen(FILE *f, const struct seen *s)
{
	if (*s->name && can_be_written(s->name) && can_be_written(s->node))
		fprintf(f, "%.9g\t%.9g\t%.0f\t%.0f\t%s\t%s\n", s->low, s->high, s->nonzero, s->tiny, s->name, s->node);
}

/* ---- reading */

enum { FIELDS = 6 };

static bool read_field(const char *text, double *x)
{
	char *end;

	*x = strtod(text, &end);
	return end != text && !*end && !isnan(*x);
}

static bool read_line(char *line, struct seen *s)
{
	char *field[FIELDS];
	double *const number[] = { &s->low, &s->high, &s->nonzero, &s->tiny };

	for (int i = 0; i < FIELDS; i++)
		if (!(field[i] = strsep(&line, "\t")))
			return false;
	for (int i = 0; i < 4; i++)
		if (!read_field(field[i], number[i]))
			return false;
	s->name = field[4];
	s->node = field[5];
	return !line && s->low <= s->high && s->tiny >= 0 && s->tiny <= s->nonzero && s->nonzero <= 0x1p60 && *s->name &&
		   can_be_written(s->name) && can_be_written(s->node);
}

static void append(struct ctx *c, struct seen_values *v, const struct seen *s)
{
	if (v->n == v->room) {
		struct seen *old = v->list;
		v->room = v->room ? 2 * v->room : 256;
		v->list = NEW(c, struct seen, (size_t)v->room);
		if (v->n)
			memcpy(v->list, old, (size_t)v->n * sizeof *old);
	}
	v->list[v->n++] = *s;
}

static int by_name(const void *a, const void *b)
{
	const struct seen *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* Sorted, each name once. */
static void settle(struct seen_values *v)
{
	int n = 0;

	qsort(v->list, (size_t)v->n, sizeof *v->list, by_name);
	for (int i = 0; i < v->n; i++)
		if (n && !strcmp(v->list[n - 1].name, v->list[i].name))
			seen_join(&v->list[n - 1], &v->list[i]);
		else
			v->list[n++] = v->list[i];
	v->n = n;
}

void add_ranges(struct ctx *c, const char *from, char *text)
{
	struct seen s;
	int number = 0;

	if (!c->set.seen)
		c->set.seen = NEW(c, struct seen_values, 1);
	for (char *next = text; next;) {
		char *line = strsep(&next, "\n");
		size_t n = strlen(line);
		number++;
		if (n && line[n - 1] == '\r')
			line[n - 1] = 0;
		if (!*line || *line == '#')
			continue;
		if (!read_line(line, &s))
			fail(c, USAGE,
				"%.300s:%d: no line of a ranges file: lowest, highest, elements not 0, tiny ones, value, node, with "
				"tabs "
				"between; gluec explain --ranges-out writes such files",
				from, number);
		append(c, c->set.seen, &s);
	}
	if (c->set.seen->n)
		settle(c->set.seen);
}

void read_ranges(struct ctx *c, const char *path)
{
	const char *name = file_name(path);

	add_ranges(c, path, read_text(c, path));
	c->set.seen_name = c->set.seen_name ? arena_text(c, "%s --ranges %s", c->set.seen_name, name) : name;
}

/* ---- asking */

int count_seen(const struct ctx *c)
{
	return c->set.seen ? c->set.seen->n : 0;
}

const struct seen *seen_number(const struct ctx *c, int i)
{
	return &c->set.seen->list[i];
}

bool find_seen(const struct ctx *c, const struct value *v, struct seen *to)
{
	const struct seen wanted = { .name = v->name };
	struct seen second;

	if (!count_seen(c))
		return false;
	if (v->row[0]) {
		if (!find_seen(c, v->row[0], to) || !find_seen(c, v->row[1], &second))
			return false;
		seen_join(to, &second);
		return true;
	}
	const struct seen *found = bsearch(&wanted, c->set.seen->list, (size_t)c->set.seen->n, sizeof wanted, by_name);
	if (found)
		*to = *found;
	return found != NULL;
}

static void count_floats(const struct ctx *c, const struct graph *g, int *seen, int *all)
{
	struct graph *inner[8];
	struct seen s;

	for (const struct node *n = g->first; n; n = n->next) {
		for (int i = 0; i < n->n_out; i++) {
			const struct value *v = n->out[i];
			if (!v || v->data || !is_float_type(v->type))
				continue;
			++*all;
			*seen += find_seen(c, v, &s);
		}
		for (int i = node_graphs(n, inner, 8); i-- > 0;)
			count_floats(c, inner[i], seen, all);
	}
}

bool seen_are_of(const struct ctx *c, const struct graph *g)
{
	int seen = 0, all = 0;

	count_floats(c, g, &seen, &all);
	return 10 * seen >= all;
}

void mark_seen(struct seen_values *seen)
{
	seen->marked = true;
}

bool is_seen_marked(const struct seen_values *seen)
{
	return seen->marked;
}
