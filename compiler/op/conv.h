/* How a convolution becomes a call. */
#ifndef CONV_H
#define CONV_H

#include "op.h"

/* A convolution's parameters, and its weights and bias as conv2d wants them. */
struct conv_operands {
	struct rt_conv2d p;
	struct argument w, bias;
};

/* Is gluec.Conv n better computed by Winograd's method? Its first input, the picture, must be as large as what the
 * convolution sees. */
bool suits_winograd(struct ctx *c, const struct node *n);

/* Can gluec.Conv n be computed inside of the convolution behind it, which suits Winograd's method and has weights of
 * the same type? It keeps the picture's size, and sees few channels. */
bool suits_winograd_head(struct ctx *c, const struct node *n);

/* Calls winograd: x and y are dense, [n][h][w][channels]. head: the convolution in front of it, or NULL. */
void winograd_call(struct lower *l, const struct node *n, const struct view *y, const struct view *x,
	const struct conv_operands *conv, const struct conv_operands *head);

#endif
