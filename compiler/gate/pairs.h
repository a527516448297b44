/* Pairs of pictures, and what is known about where the points of one are in the other. */
#ifndef GATE_PAIRS_H
#define GATE_PAIRS_H

#include "gluec.h"
#include "image.h"
#include "truth.h"

struct pair {
	const char *name; /* "A.png B.png", as the file has them */
	int picture[2];   /* their numbers in the list of pictures, in which each is once */
	bool has_truth;
	struct truth truth; /* a homography when its flow is NULL */
};

/* All pictures in grey at one size, 0 to 1. */
struct greys {
	int width, height;
	const float **of; /* [picture][height][width] */
	struct greys *next;
};

/* Everything lives in the arena that was the run's when the pairs were read. */
struct pairs {
	struct arena *arena;
	const char *file;
	int n, n_pictures;
	struct pair *pair;
	struct picture *picture;
	const char **path; /* of each picture */
	struct greys *greys;
};

/* Reads a file with a line for each pair: A.png B.png [TRUTH], relative to the file's folder; '#' begins a comment.
 * TRUTH is a .flo file, or nine numbers: the homography from pixels of A to pixels of B. Reads all that they name.
 * Fails with USAGE or IO_FAILED, naming the file and the line. */
struct pairs *read_pairs(struct ctx *c, const char *file);

/* The pictures, stretched to a size; each size is made once. */
const float *const *pairs_grey(struct ctx *c, struct pairs *p, int width, int height);

/* Reads lines of words from a file: calls take(c, line number, words, their number, user) for each line that is not
 * empty; '#' begins a comment. Fails with IO_FAILED when the file cannot be read or a line has more than `most` words.
 */
void read_word_lines(struct ctx *c, const char *file, int most,
	void (*take)(struct ctx *c, const char *file, int line, int n, char **words, void *user), void *user);

#endif
