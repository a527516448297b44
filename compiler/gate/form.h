/* What a compiled model is for a matching program, by the names and shapes of its inputs and outputs. */
#ifndef GATE_FORM_H
#define GATE_FORM_H

#include "run/host.h"

/* EXTRACTOR: pictures to keypoints and descriptors. MATCHER: those of two pictures to matches. PIPELINE: two pictures
 * to keypoints and matches. */
enum form_kind { FORM_EXTRACTOR, FORM_MATCHER, FORM_PIPELINE };

/* Where the numbers of one picture are: they start at element `first` of an input or output. */
struct slot {
	int tensor; /* -1: there is no such thing */
	size_t first;
};

enum match_list {
	MATCH_PARTNERS, /* [K]: for each keypoint of A the one of B, or -1; scores [K] */
	MATCH_PAIRS,    /* [n,2]: a keypoint of A and one of B, and a count; scores [n] */
	MATCH_TRIPLES   /* [n,3]: the number of the pair of pictures before them */
};

/* Arrays of two are for picture A and picture B. */
struct form {
	enum form_kind kind;
	int pictures; /* that one call takes */
	/* Inputs [b,1|3,height,width] of extractors and pipelines, 0 to 1. */
	struct slot image[2];
	int channels, height, width;
	/* [.., points, 2] in pixels (x, y), [.., points] and [.., points, dimensions]: outputs of extractors and pipelines
	 * (which have no descriptors), inputs of matchers (which have no scores). */
	struct slot keypoints[2], scores[2], descriptors[2];
	int points[2], dimensions;
	/* Outputs of matchers and pipelines; match_scores may be missing. */
	int matches, match_scores;
	enum match_list list;
	/* Of a matcher: its keypoints go from -1 to 1 along both axes, not along the longer one. */
	bool per_axis;
};

/* Fails with UNUSABLE_MODEL and one line on what is needed when the model is none of the three. `file` is its name. */
void form_of(struct ctx *c, const struct host *h, const char *file, struct form *form);

/* Is this an input for pictures, as far as its rank and name tell? */
bool form_is_image(const char *name, int rank);

#endif
