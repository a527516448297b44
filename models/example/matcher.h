/* The two models, called through their descriptions, so that objects compiled for other sizes work as well. */
#ifndef MATCHER_H
#define MATCHER_H

#include "problem.h"
#include "superpoint.h" /* for the types that all models share */
#include <stdbool.h>

/* The places of the tensors in the models' lists. */
enum { SP_KEYPOINTS, SP_SCORES, SP_DESCRIPTORS, SP_OUTPUTS };
enum { LG_KEYPOINTS, LG_DESCRIPTORS, LG_INPUTS };
enum { LG_MATCHES, LG_SCORES, LG_DEPTH, LG_OUTPUTS };

struct matcher {
	const struct gluec_model *superpoint, *lightglue;
	int sp_output[SP_OUTPUTS], lg_input[LG_INPUTS], lg_output[LG_OUTPUTS]; /* places, by meaning */
	int width, height;                                                     /* of SuperPoint's input */
	int count, channels; /* keypoints a picture, and of a descriptor */
	struct gluec_options options;
	void *arena; /* serves both models, one after the other */
	size_t arena_bytes;

	/* What the models found; first picture A, then picture B. */
	float *image;      /* [height][width], 0..1: fill in, then extract */
	int32_t *keypoint; /* [2][count][2]: x, y in pixels of the model's input */
	float *score;      /* [2][count] */
	float *descriptor; /* [2][count][channels] */
	float *place;      /* [2][count][2]: keypoints from -1 to 1 */
	int32_t *match;    /* [count]: the keypoint of B for each one of A, or -1 */
	float *match_score;
	int32_t depth; /* LightGlue's layers that ran */
};

/* Checks that the two models fit together and allocates what they need. The options must outlive the matcher's use.
 * Release with matcher_free, after a failure as well. */
bool matcher_make(struct matcher *matcher, const struct gluec_model *superpoint, const struct gluec_model *lightglue,
	const struct gluec_options *options, struct problem *problem);

/* Runs SuperPoint on matcher->image; `which` is 0 for A, 1 for B. */
bool matcher_extract(struct matcher *matcher, int which, struct problem *problem);

/* Runs LightGlue on what was extracted. */
bool matcher_match(struct matcher *matcher, struct problem *problem);

/* Is keypoint i of picture `which` a detection? SuperPoint always returns `count` of them, and fills up with points of
 * score 0 or less where a picture has fewer. */
static inline bool matcher_detected(const struct matcher *matcher, int which, int i)
{
	return matcher->score[which * matcher->count + i] > 0;
}

/* The keypoint of B that keypoint i of A matches, or -1. */
int matcher_partner(const struct matcher *matcher, int i);

void matcher_free(struct matcher *matcher);

#endif
