/* Kernels of the interpreter for doubles, as plain as they can be: what rt.h says of the kernel of the same name, with
 * double for every float in memory, whatever the types in the parameters say. Weights of conv2d lie in panels, too. The
 * runtime has none of them: they only judge it. */
#ifndef DOUBLE_H
#define DOUBLE_H

#include "rt.h"

#define DOUBLE_KERNELS(D)                                                                                              \
	D(conv2d)                                                                                                          \
	D(matmul)                                                                                                          \
	D(rotary)                                                                                                          \
	D(layer_norm)                                                                                                      \
	D(l2_norm)                                                                                                         \
	D(softmax)                                                                                                         \
	D(heat_map)                                                                                                        \
	D(nms)                                                                                                             \
	D(grid_sample)                                                                                                     \
	D(mutual_match)                                                                                                    \
	D(col2im)                                                                                                          \
	D(deform_sample)

/* t: the kernel's pointers, in their order. */
#define DOUBLE_DECLARE(name) void double_##name(const struct rt_##name *p, void *const *t);
DOUBLE_KERNELS(DOUBLE_DECLARE)
#undef DOUBLE_DECLARE

/* conv2d.c */
double double_act(enum rt_act act, double slope, double x);

#endif
