/* Precision by the names of nodes. */
#include "rules.h"
#include "base/read_text.h"
#include <fnmatch.h>
#include <string.h>

static const char *const names[] = {
	[PRECISION_FP32] = "fp32",
	[PRECISION_BF16X3] = "bf16x3",
	[PRECISION_FP16] = "fp16",
	[PRECISION_BF16] = "bf16",
	[PRECISION_INT8] = "int8",
	[PRECISION_FP8] = "fp8",
};

const char *precision_name(enum precision precision)
{
	return names[precision];
}

enum precision read_precision(struct ctx *c, const char *option, const char *text)
{
	for (int i = PRECISION_FP32; i <= PRECISION_FP8; i++)
		if (!strcmp(text, names[i]))
			return (enum precision)i;
	if (!strcmp(text, "auto"))
		fail(c, USAGE, "%s: what is fastest and accurate enough is found by gluec tune, which writes rules for --rules",
			option);
	fail(c, USAGE, "%s: '%.60s' must be fp32, bf16x3, fp16, bf16, int8 or fp8", option, text);
}

/* The list doubles its room whenever its length reaches a power of two. */
static void append(struct settings *s, struct ctx *c, struct rule rule)
{
	int n = s->n_rules;

	if ((n & (n - 1)) == 0) {
		struct rule *more = NEW(c, struct rule, n ? 2 * (size_t)n : 1);
		if (n)
			memcpy(more, s->rules, (size_t)n * sizeof *more);
		s->rules = more;
	}
	s->rules[s->n_rules++] = rule;
}

void read_rule(struct ctx *c, const char *option, const char *text)
{
	const char *equals = strrchr(text, '=');
	struct rule rule = { 0 };

	if (!equals || equals == text)
		fail(c, USAGE, "%s: '%.100s' must be PATTERN=TYPE, such as '*/ffn/*=fp32'", option, text);
	rule.pattern = arena_text(c, "%.*s", (int)(equals - text), text);
	rule.precision = read_precision(c, option, equals + 1);
	if (rule.precision == PRECISION_FP8)
		fail(c, USAGE, "%s: '%.100s': fp8 is what the file has stored so, and no type to choose", option, text);
	append(&c->set, c, rule);
}

static char *trim(char *s)
{
	size_t n = strlen(s);

	while (n && strchr(" \t\r", s[n - 1]))
		s[--n] = 0;
	return s + strspn(s, " \t");
}

void read_rules_file(struct ctx *c, const char *path)
{
	int number = 0;

	for (char *next = read_text(c, path); next;) {
		char *one = strsep(&next, "\n");
		number++;
		one = trim(one);
		if (*one && *one != '#')
			read_rule(c, arena_text(c, "%.300s:%d", path, number), one);
	}
}

/* The first of the names in *list, which are separated by blanks, in `name`; false at the end. Longer ones are cut. */
enum { LONGEST_NAME = 1024 };

static bool next_name(const char **list, char name[LONGEST_NAME])
{
	*list += strspn(*list, " ");
	size_t n = strcspn(*list, " "), kept = n < LONGEST_NAME ? n : LONGEST_NAME - 1;

	memcpy(name, *list, kept);
	name[kept] = 0;
	*list += n;
	return n > 0;
}

bool rule_matches(const struct rule *rule, const struct node *n)
{
	char name[LONGEST_NAME];

	if (!fnmatch(rule->pattern, n->name, 0))
		return true;
	for (const char *list = n->origin; next_name(&list, name);)
		if (!fnmatch(rule->pattern, name, 0))
			return true;
	return false;
}

struct rule *find_rule(struct ctx *c, const struct node *n)
{
	for (int i = c->set.n_rules; i-- > 0;)
		if (rule_matches(&c->set.rules[i], n))
			return &c->set.rules[i];
	return NULL;
}

/* How many letters must change to make one word of the other (Levenshtein 1966), for words of less than MOST letters.
 */
enum { MOST = 200, NEAREST = 3 };

static int distance(const char *a, const char *b)
{
	int row[MOST + 1], n = (int)strlen(b);

	n = n < MOST ? n : MOST;
	for (int j = 0; j <= n; j++)
		row[j] = j;
	for (int i = 0; a[i] && i < MOST; i++) {
		int diagonal = row[0];
		row[0] = i + 1;
		for (int j = 1; j <= n; j++) {
			int best = diagonal + (a[i] != b[j - 1]);
			diagonal = row[j];
			best = best < row[j] + 1 ? best : row[j] + 1;
			row[j] = best < row[j - 1] + 1 ? best : row[j - 1] + 1;
		}
	}
	return row[n];
}

/* The names that are nearest to a word, nearest first. */
struct nearest {
	const char *name[NEAREST];
	int distance[NEAREST];
};

static void consider(struct ctx *c, struct nearest *near, const char *word, const char *name)
{
	int d = distance(word, name), at = NEAREST;

	for (int i = 0; i < NEAREST; i++)
		if (near->name[i] && !strcmp(near->name[i], name))
			return;
	while (at > 0 && (!near->name[at - 1] || d < near->distance[at - 1]))
		at--;
	for (int i = NEAREST - 1; i > at; i--) {
		near->name[i] = near->name[i - 1];
		near->distance[i] = near->distance[i - 1];
	}
	if (at < NEAREST) {
		near->name[at] = arena_text(c, "%s", name);
		near->distance[at] = d;
	}
}

static void consider_graph(struct ctx *c, struct nearest *near, const char *word, const struct graph *g)
{
	struct graph *inner[8];

	for (const struct node *n = g->first; n; n = n->next) {
		char name[LONGEST_NAME];
		for (const char *list = n->origin; next_name(&list, name);)
			consider(c, near, word, name);
		for (int i = node_graphs(n, inner, 8); i-- > 0;)
			consider_graph(c, near, word, inner[i]);
	}
}

bool is_ruled_float(struct ctx *c, const struct node *n)
{
	const struct rule *rule = find_rule(c, n);

	return rule && rule->precision != PRECISION_INT8;
}

_Noreturn void fail_unmatched(struct ctx *c, const struct graph *g, const struct rule *rule)
{
	struct nearest near = { 0 };
	char *word = arena_text(c, "%s", rule->pattern), *to = word;
	const char *list = "";

	for (const char *p = word; *p; p++)
		if (!strchr("*?[]", *p))
			*to++ = *p;
	*to = 0;
	consider_graph(c, &near, word, g);
	for (int i = 0; i < NEAREST && near.name[i]; i++)
		list = arena_text(c, "%s%s'%.100s'", list, i ? ", " : "", near.name[i]);
	fail_model(c, "--precision-of %.100s=%s: no node of the optimised graph is called so; the nearest are %s",
		rule->pattern, precision_name(rule->precision), *list ? list : "none");
}
