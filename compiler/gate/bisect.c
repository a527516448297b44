/* Delta debugging (Zeller & Hildebrandt, 2002) in its form for causes that lie in an order: the shortest prefix whose
 * sparing helps ends in a part that is needed. It joins the set, and what comes before it is searched again until the
 * set helps alone. */
#include "bisect.h"
#include <string.h>

static bool try(struct ctx *c, struct bisection *b, const bool *spared)
{
	b->runs++;
	return b->passes(c, b->user, spared);
}

static bool is_spent(const struct bisection *b)
{
	return b->runs >= b->most_runs;
}

/* found, and all of the first `prefix` parts. */
static void with_prefix(const struct bisection *b, bool *to, const bool *found, int prefix)
{
	for (int i = 0; i < b->n; i++)
		to[i] = found[i] || i < prefix;
}

/* The shortest prefix that passes together with `found`: the one of `long_enough` parts is known to, the empty one is
 * known not to. When the runs are spent, the shortest that is known. */
static int shortest_prefix(struct ctx *c, struct bisection *b, const bool *found, int long_enough, bool *scratch)
{
	int too_short = 0;

	while (long_enough - too_short > 1 && !is_spent(b)) {
		int middle = too_short + (long_enough - too_short) / 2;
		with_prefix(b, scratch, found, middle);
		if (try(c, b, scratch))
			long_enough = middle;
		else
			too_short = middle;
	}
	return long_enough;
}

/* Leaves out what others in the set made superfluous. The part that was found last is needed: without it the others
 * were seen to fail. */
static void refine(struct ctx *c, struct bisection *b, int last)
{
	for (int i = b->n - 1; i >= 0; i--) {
		if (!b->spared[i] || i == last)
			continue;
		if (is_spent(b)) {
			b->complete = false;
			return;
		}
		b->spared[i] = false;
		b->spared[i] = !try(c, b, b->spared);
	}
}

/* Parts join `found` until it passes alone. */
static void search(struct ctx *c, struct bisection *b)
{
	bool *found = NEW(c, bool, (size_t)b->n), *scratch = NEW(c, bool, (size_t)b->n);
	int prefix = b->n;

	for (;;) {
		prefix = shortest_prefix(c, b, found, prefix, scratch);
		with_prefix(b, b->spared, found, prefix);
		if (is_spent(b))
			return;
		/* Shorter by one it fails. */
		found[--prefix] = true;
		if (prefix == 0 || try(c, b, found)) {
			memcpy(b->spared, found, (size_t)b->n * sizeof *found);
			b->complete = true;
			refine(c, b, prefix);
			return;
		}
	}
}

enum bisect_result bisect(struct ctx *c, struct bisection *b)
{
	b->spared = NEW(c, bool, (size_t)b->n + 1);
	b->runs = b->count = 0;
	b->complete = false;
	if (!b->known_to_fail && try(c, b, b->spared))
		return BISECT_NOTHING_FAILS;
	memset(b->spared, true, (size_t)b->n * sizeof *b->spared);
	if (!b->n || !try(c, b, b->spared))
		return BISECT_ALWAYS_FAILS;
	search(c, b);
	for (int i = 0; i < b->n; i++)
		b->count += b->spared[i];
	return BISECT_FOUND;
}
