/* Models that were built. */
#include "builds.h"
#include "precision/rules.h"
#include <string.h>

/* Lists are the same when they are one list, which is so for candidates that are made of one set of options; rules are
 * compared one by one, since a search makes new lists of them. */
static bool same_settings(const struct settings *a, const struct settings *b)
{
	struct settings x = *a, y = *b;

	x.rules = y.rules = NULL;
	x.name = x.out_dir = x.command = y.name = y.out_dir = y.command = NULL;
	if (memcmp(&x, &y, sizeof x))
		return false;
	for (int i = 0; i < a->n_rules; i++)
		if (a->rules[i].precision != b->rules[i].precision || strcmp(a->rules[i].pattern, b->rules[i].pattern))
			return false;
	return true;
}

static bool same_key(const struct build_key *a, const struct build_key *b)
{
	return a->which == b->which && a->models == b->models && a->points == b->points && a->dimensions == b->dimensions &&
		   same_settings(a->set, b->set);
}

const struct build *find_build(struct builds *b, const struct build_key *key, bool with_parts)
{
	for (int i = 0; i < b->n; i++) {
		struct build *found = &b->list[i];
		if (!found->host || (with_parts && !found->parts) || !same_key(&found->key, key))
			continue;
		for (int r = 0; r < key->set->n_rules; r++)
			key->set->rules[r].used |= found->key.set->rules[r].used;
		found->used = ++b->uses;
		return found;
	}
	return NULL;
}

static struct build *oldest(struct builds *b)
{
	struct build *found = NULL;

	for (int i = 0; i < b->n; i++)
		if (!b->list[i].reference && (!found || b->list[i].used < found->used))
			found = &b->list[i];
	return found;
}

struct build *new_build(struct ctx *c, struct builds *b, const struct build_key *key)
{
	struct build *to = b->n < GATE_BUILDS ? &b->list[b->n++] : oldest(b);
	struct settings *set = NEW(c, struct settings, 1);

	*set = *key->set;
	set->rules = NEW(c, struct rule, (size_t)set->n_rules + 1);
	for (int i = 0; i < set->n_rules; i++) {
		set->rules[i] = key->set->rules[i];
		set->rules[i].pattern = arena_text(c, "%s", key->set->rules[i].pattern);
	}
	*to = (struct build){ .key = *key, .used = ++b->uses };
	to->key.set = set;
	return to;
}
