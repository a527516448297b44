/* One side of a comparison: models that find matches together, built and run on all pairs. */
#ifndef GATE_SIDE_H
#define GATE_SIDE_H

#include "builds.h"
#include "form.h"
#include "gate.h"
#include "homography.h"
#include "pairs.h"

struct match {
	struct correspondence at; /* in pixels of the pictures */
	double score;             /* 1 where the model gives none */
};

/* What was found in one pair. */
struct found {
	int n_points[2];
	double (*point[2])[2]; /* the keypoints of A and of B: x, y in pixels of the picture */
	int n_matches;
	struct match *match;
	/* What the pair's truth says of the matches; zeros where there is none. */
	struct agreement agreement;
	double corner_error; /* of the homography that fits them, where the truth is one; infinite when none fits */
};

struct engine {
	const struct host *host;
	struct form form;
	const char *parts; /* text: see gate/parts.h; NULL: not asked for */
	/* The calls that were made, to be made again for timing. */
	int n_turns;
	struct host_turn *turn;
};

struct side {
	int n; /* models */
	struct engine engine[2];
	struct found *found; /* of each pair */
};

struct gate {
	struct gate_options options;
	struct pairs *pairs;
	struct side reference;
	struct builds builds;
};

/* Compiles and builds the models, those that were not built for the same settings already, and lists the parts if these
 * are wanted. The side is g->reference, or a candidate, whose memory may be released before g's. */
void side_build(struct ctx *c, struct gate *g, struct side *side, const struct gate_models *models, bool with_parts);

/* Runs the models on all pairs and fills in side->found and the turns. */
void side_run(struct ctx *c, struct side *side, struct pairs *pairs, const struct gate_options *options);

/* judge.c: compares side->found with what is known of the pairs. */
void side_judge(struct ctx *c, struct side *side, const struct pairs *pairs);

/* own_settings.c: c->set becomes what is meant for model `which` of `models`, which has been read; its open dimensions
 * are bound. `first` is the picture whose size they may take, `extractor` the form of the first model, for the second.
 */
void take_own_settings(struct ctx *c, const struct gate_models *models, int which, const struct picture *first,
	const struct form *extractor);
/* The same for its rules and ranges, once it has been specialised: loops and appended stages have made their nodes. */
void take_own_rules(struct ctx *c, const struct gate_models *models, int which);
/* Fails when an option was meant for none of the models. */
void check_all_taken(struct ctx *c, const struct gate_models *models);

#endif
