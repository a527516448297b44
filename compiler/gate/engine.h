/* Between the tensors of single models and keypoints and matches. */
#ifndef GATE_ENGINE_H
#define GATE_ENGINE_H

#include "side.h"

/* Keypoints of one picture, as an extractor gives them. */
struct features {
	int n, dimensions;
	double (*at)[2];    /* x, y in pixels of the model's input */
	double *score;      /* NULL: the model has none */
	bool *detected;     /* not a filler with a score of 0 or less, nor NaN */
	float *descriptors; /* [n][dimensions] */
};

/* A match by the numbers of its keypoints. */
struct index_match {
	int a, b;
	double score;
};

/* outputs.c: what a call put out for picture `which` of those that it took, and the matches that it found, which are
 * between keypoints that there are. outputs is as in struct host_turn. */
struct features read_features(struct ctx *c, const struct engine *e, const char *outputs, int which);
int read_matches(struct ctx *c, const struct engine *e, const char *outputs, struct index_match **list);

/* inputs.c: the inputs of a call on pictures, of which the list names one or two. */
const void *const *picture_inputs(struct ctx *c, const struct engine *e, const float *const *grey, const int *pictures);
/* The keypoints for which the matcher has room: where there are more, the strongest, in their order. */
struct features choose_features(struct ctx *c, const struct features *f, int room);
/* A matcher's inputs for two pictures. Room that is left over holds zeros, and matches with it do not count. */
const void *const *matcher_inputs(
	struct ctx *c, const struct engine *e, const struct form *extractor, const struct features f[2]);

/* nearest.c: the mutual nearest neighbours of the detected keypoints, by the cosine between descriptors, which is the
 * score. Returns how many; *list lives in the arena. */
int mutual_nearest(struct ctx *c, const struct features *a, const struct features *b, struct index_match **list);

#endif
