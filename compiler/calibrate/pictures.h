/* Pictures as inputs of models. */
#ifndef CALIBRATION_PICTURES_H
#define CALIBRATION_PICTURES_H

#include "data.h"

/* The PNG files of a folder, in the order of their names; fails with IO_FAILED when there are fewer than `least`. */
int find_pictures(struct ctx *c, const char *folder, int least, const char *const **paths);

/* How many pictures the model that was read (c->graph) takes at once: the first dimension of its only input, f32
 * [n,1,H,W] or [n,3,H,W]; 2 where that is open and not 1. Fails when it takes something else. */
int pictures_at_once(struct ctx *c);

/* Binds the input of the model that was read to n pictures, specialises it, and returns the pictures as the input: grey
 * or RGB, 0 to 1, stretched to the size that the file or the user gave, else their own, rounded down to multiples of 8
 * (the cells of SuperPoint). */
struct value **load_pictures(struct ctx *c, const struct calibration_wish *wish, const char *const *paths, int n);

/* What an extractor finds in a picture. */
struct extracted {
	int n, channels;
	float *keypoint;   /* [n][2], x and y in pixels */
	float *descriptor; /* [n][channels] */
	int width, height; /* of the picture that it saw */
};

/* Runs the extractor on a picture. Its outputs must be called keypoints [1,n,2] (or [n,2]) and descriptors [1,n,c]. */
struct extracted extract_picture(struct ctx *c, const struct calibration_wish *wish, const char *path);

/* Reads the matcher, specialises it for two pictures' keypoints and returns its inputs: either keypoints [2,n,2],
 * scaled to 2 x / size - 1, and descriptors [2,n,c]; or each picture's own, kpts0, kpts1, desc0 and desc1 in this
 * order, with a first dimension of 1 and keypoints scaled to (x - size / 2) / (longest side / 2). */
struct value **load_matcher(struct ctx *c, const struct extracted *a, const struct extracted *b);

#endif
