/* One layer, so that kernels can be compared with those of other libraries: its shape and its weights, which depend on
 * the shape only. A layer is written as words:
 *     conv H W C OC KERNEL     y = relu(conv(x, w) + b), x [1][H][W][C], same size, stride 1
 *     linear M K N             y = x w + b, x [M][K], w [K][N]
 *     attention HEADS N D      y = softmax(q k^T / sqrt(D)) v, each [1][HEADS][N][D] */
#ifndef LAYER_H
#define LAYER_H

#include <stdint.h>

enum layer_kind { LAYER_CONV, LAYER_LINEAR, LAYER_ATTENTION };

struct layer {
	enum layer_kind kind;
	int64_t size[5];  /* the numbers, in their order */
	int inputs, rank; /* of each input; all inputs of a layer have the same shape */
	int64_t dim[4];
	int64_t outputs; /* the last dimension of y */
	double operations;
	float *weight, *bias; /* conv: [OC][C][KERNEL][KERNEL]; linear: [K][N]; attention: NULL */
	int64_t weights;
};

/* Exits when the words are no layer. */
void layer_read(struct layer *l, int n, char **words);

/* Input number i: random, from seed i + 1. */
float *layer_input(const struct layer *l, int i, int64_t *elements);

#endif
