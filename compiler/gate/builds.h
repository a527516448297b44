/* Models that were built, kept for candidates that share them: most of a search's candidates differ in one of two. */
#ifndef GATE_BUILDS_H
#define GATE_BUILDS_H

#include "form.h"
#include "gate.h"

enum { GATE_BUILDS = 8 };

/* All that a build depends on, but for the pairs' first picture. */
struct build_key {
	const struct settings *set;
	int which, models;      /* it is model number `which` of so many, by which options are divided */
	int points, dimensions; /* what open dimensions of a second model become: those of the first one's keypoints */
};

struct build {
	struct build_key key;
	const struct host *host; /* NULL: building it has failed */
	struct form form;
	const char *parts; /* text: see gate/parts.h; NULL: not listed */
	bool reference;    /* the reference's, which is used to the end */
	unsigned used;     /* when: the larger, the later */
};

struct builds {
	int n;
	unsigned uses;
	struct build list[GATE_BUILDS];
};

/* What was built for equal settings, with a list of its parts where that is wanted; NULL when nothing was. The rules of
 * key->set that this model needs are marked as used, as building it again would. */
const struct build *find_build(struct builds *b, const struct build_key *key, bool with_parts);

/* A new build for key, in place of the one that was used the longest ago when there is no more room. Only its key, with
 * a copy of the settings, is set. Everything is from c->arena, which must last as long as b. */
struct build *new_build(struct ctx *c, struct builds *b, const struct build_key *key);

#endif
