/* How well a model finds the matches that another one finds: the accuracy of a reduced precision in its user's terms. A
 * gate has picture pairs and a reference, whose results are computed once; candidates are measured against it. */
#ifndef GATE_H
#define GATE_H

#include "gluec.h"
#include "truth.h"

/* Models that find matches together: an extractor and a matcher, an extractor alone, whose descriptors' mutual nearest
 * neighbours (by cosine) are the matches, or one model that does it all. */
struct gate_models {
	int n;
	/* Of each model. Dimensions, capacities and constants go to the model that has them, --topk and --append keypoints
	 * to the first, --depth and --append matches to the last. Open dimensions of pictures become those of the first
	 * picture, open numbers of keypoints those of the extractor. Names and folders are the gate's own. */
	struct settings set[2];
	bool strict; /* an option that goes to no model fails with USAGE; the models then have the same lists of options */
};

struct gate_options {
	const char *pairs; /* a file: see gate/pairs.h */
	int threads;
	int rounds;     /* how often models are timed; 0: not at all */
	double timeout; /* seconds for one call of a model */
};

enum { GATE_REFERENCE, GATE_CANDIDATE, GATE_SIDES };
enum { GATE_AREAS = 3 }; /* under the curve of errors up to 1, 3 and 5 pixels */

/* Pixels are those of the pictures as they are in their files. Arrays of GATE_SIDES are for reference and candidate. */
struct pair_figures {
	const char *name;
	int keypoints[GATE_SIDES]; /* in both pictures */
	int repeated;              /* the reference's keypoints that have one of the candidate's within 1 pixel */
	int matches[GATE_SIDES];
	int common;                 /* matches of both: both ends within 1 pixel, and each match counted once */
	double score_error_largest; /* of the common matches */
	double score_error_sum;
	struct agreement truth[GATE_SIDES]; /* all zero without a truth; see models/example/truth.h */
	bool has_truth, has_homography;
	double corner_error[GATE_SIDES]; /* infinite where no homography was found */
};

struct gate_latency {
	int calls; /* timed; 0: there is no such model */
	double median, p99;
};

/* A part of a model that may be put back to float: a node of its optimised graph that is computed or stored in reduced
 * precision. */
struct gate_part {
	int model;         /* 0 or 1 */
	const char *names; /* of the ONNX nodes that it stands for, with blanks between */
	double multiply_adds;
};

struct gate_figures {
	int n_pairs, n_homographies;
	struct pair_figures *pair, all; /* all: sums over the pairs, and the largest error */
	double mean_repeatability;      /* over the pairs in which the reference has keypoints */
	double
		worst_jaccard; /* of the pairs in which the reference has at least GATE_ENOUGH matches; 1 when there are none */
	double area[GATE_SIDES][GATE_AREAS];        /* 0 to 1, over the pairs with a homography */
	struct gate_latency latency[GATE_SIDES][2]; /* of the first and the second model, with GATE_TIMES */
	int n_parts;
	struct gate_part *part; /* of the candidate's models, in the order in which they run, with GATE_PARTS */
};

enum { GATE_ENOUGH = 20 };

double gate_repeatability(const struct pair_figures *f);
double gate_jaccard(const struct pair_figures *f);
/* The share of a side's matches that the truth agrees with to 1, 3 or 5 pixels. */
double gate_share(const struct pair_figures *f, int side, int pixels);

struct gate;

/* Reads the pairs, compiles and runs the reference. Everything lives in c->arena as it is now; models are built in the
 * run's temporary folder. Fails as compiling and running models fail, and with VERIFICATION_FAILED when the reference
 * finds no match at all, since nothing could be said then. */
struct gate *gate_open(struct ctx *c, const struct gate_options *options, const struct gate_models *reference);

/* What a measurement may take longer for: the latencies, both sides timed in turn, and the list of parts. */
enum { GATE_TIMES = 1, GATE_PARTS = 2 };

/* Compiles the candidate, as far as none before it had the same model with the same settings, and runs it. Only the
 * figures stay in c->arena. */
struct gate_figures *gate_measure(
	struct ctx *c, struct gate *gate, const struct gate_models *candidate, unsigned wanted);

/* The settings without what reduces precision: the reference for a model is itself with these. */
struct settings gate_in_float(const struct settings *set);

/* Limits for figures: X(constant, name of the option, is it the least that is good?, default or -1 for none, what it
 * limits). Those of repeatability, matches (their number, the common ones, both relative to the reference's), Jaccard
 * and scores are as they stand; what is lost is in percentage points. */
#define GATE_RULES(X)                                                                                                  \
	X(MIN_REPEATABILITY, "min-repeatability", true, 0.95,                                                              \
		"share of the reference's keypoints found again within 1 px")                                                  \
	X(MIN_MATCHES, "min-matches", true, 0.95, "number of matches, relative to the reference's")                        \
	X(MIN_KEPT, "min-kept", true, -1, "share of the reference's matches that are among the candidate's")               \
	X(MIN_JACCARD, "min-jaccard", true, 0.9,                                                                           \
		"matches of both relative to those of either; ends within 1 px are the same")                                  \
	X(MIN_WORST_JACCARD, "min-worst-jaccard", true, 0.75,                                                              \
		"the same for the worst of the pairs with 20 matches or more")                                                 \
	X(MAX_SCORE_ERROR, "max-score-error", false, -1, "largest error of the scores of common matches")                  \
	X(MAX_MEAN_SCORE_ERROR, "max-mean-score-error", false, 0.05, "their mean error")                                   \
	X(MAX_LOST_1PX, "max-lost-1px", false, -1, "percentage points of matches within 1 px of the truth lost")           \
	X(MAX_LOST_3PX, "max-lost-3px", false, 1, "the same for 3 px")                                                     \
	X(MAX_LOST_5PX, "max-lost-5px", false, -1, "the same for 5 px")                                                    \
	X(MAX_AUC_LOSS_1PX, "max-auc-loss-1px", false, -1, "percentage points of homography AUC@1px lost")                 \
	X(MAX_AUC_LOSS_3PX, "max-auc-loss-3px", false, -1, "the same for 3 px")                                            \
	X(MAX_AUC_LOSS_5PX, "max-auc-loss-5px", false, 10, "the same for 5 px")

#define GATE_RULE_ID(id, name, least, limit, what) GATE_##id,
enum gate_rule { GATE_RULES(GATE_RULE_ID) GATE_N_RULES };

struct gate_limits {
	double limit[GATE_N_RULES];
	bool applies[GATE_N_RULES], asked[GATE_N_RULES]; /* asked: the user named it */
};

struct gate_limits gate_default_limits(void);
const char *gate_rule_name(enum gate_rule rule);
const char *gate_rule_meaning(enum gate_rule rule); /* what it limits, for help */
bool gate_rule_is_least(enum gate_rule rule);
/* Sets one by its name; "off" takes it away. Fails with USAGE; `where` says where the name comes from. */
void gate_set_limit(struct ctx *c, struct gate_limits *limits, const char *where, const char *name, const char *text);
/* A file with a name and a number a line: "min-jaccard 0.95"; '#' begins a comment. */
void gate_read_limits(struct ctx *c, struct gate_limits *limits, const char *file);

/* The figure that a rule limits; false when there is none, because no pair has a truth. Infinite when it cannot be
 * good: no common matches have scores. */
bool gate_value(const struct gate_figures *f, enum gate_rule rule, double *value);
/* Is the figure within its limit, or has it none? NaN is not. */
bool gate_keeps(const struct gate_figures *f, const struct gate_limits *limits, enum gate_rule rule);
/* Are all? */
bool gate_passes(const struct gate_figures *f, const struct gate_limits *limits);

#endif
