/* The contracts of the kernels that copy, gather and scatter elements of any type: a part of rt.h, which explains the
 * field lists. */
#ifndef RT_MOVE_H
#define RT_MOVE_H

/* What becomes of an element that an update meets. */
#define RT_SCATTER_KINDS(E)                                                                                            \
	E(RT_SCATTER_SET)                                                                                                  \
	E(RT_SCATTER_ADD)                                                                                                  \
	E(RT_SCATTER_MUL)                                                                                                  \
	E(RT_SCATTER_MIN)                                                                                                  \
	E(RT_SCATTER_MAX)
enum rt_scatter_kind { RT_SCATTER_KINDS(RT_ENUMERATOR) };

/* clang-format off */
/* copy_nd: y[y strides] = x[x strides] over dim, elements of `size` bytes (1, 2, 4 or 8). */
#define RT_COPY_ND(I, F, E, A, T, S) \
	I(rank) I(size) A(dim, RT_RANK) A(y, RT_RANK) A(x, RT_RANK)

/* fill: n elements of `size` bytes get the bytes of value. */
#define RT_FILL(I, F, E, A, T, S) \
	I(n) I(size) I(low) I(high)

/* gather (ONNX Gather): y [outer][count][inner] = x[outer][index[count]][inner], x dense [outer][axis][inner];
 * elements of `size` bytes; negative indices count from the end, one outside is clamped (ONNX leaves it undefined). */
#define RT_GATHER(I, F, E, A, T, S) \
	I(outer) I(axis) I(inner) I(count) I(size) E(rt_type, index_type)

/* gather_elements (ONNX GatherElements): y, index over dim (dense); x has strides x, and along `axis` the index's value
 * replaces the coordinate, counted from the end when negative, clamped to 0..axis_dim-1. */
#define RT_GATHER_ELEMENTS(I, F, E, A, T, S) \
	I(rank) A(dim, RT_RANK) A(x, RT_RANK) I(axis) I(axis_dim) I(size) E(rt_type, index_type)

/* gather_nd (ONNX GatherND): y [batch][count][inner] = x[batch][index[batch][count]][inner], where an index is a tuple
 * of `depth` coordinates and x is dense [batch][dim 0]..[dim depth-1][inner]; coordinates as in gather. */
#define RT_GATHER_ND(I, F, E, A, T, S) \
	I(batch) I(count) I(inner) I(depth) A(dim, RT_RANK) I(size) E(rt_type, index_type)

/* scatter_nd (ONNX ScatterND): y = x, dense [dim 0]..[dim depth-1][inner]; then y[index[i]] is combined with
 * update[i][inner], for i from 0 to count-1. A tuple with a coordinate outside is skipped. In place over x. */
#define RT_SCATTER_ND(I, F, E, A, T, S) \
	I(count) I(inner) I(depth) A(dim, RT_RANK) E(rt_scatter_kind, kind) E(rt_type, type) E(rt_type, index_type)

/* scatter_elements (ONNX ScatterElements): y = x, dense over y_dim; then each element of update (dense over dim) is
 * combined with the one at its place, where the index's value replaces the coordinate along `axis`; in row-major order,
 * skipped outside. In place over x. */
#define RT_SCATTER_ELEMENTS(I, F, E, A, T, S) \
	I(rank) A(y_dim, RT_RANK) A(dim, RT_RANK) I(axis) E(rt_scatter_kind, kind) E(rt_type, type) \
	E(rt_type, index_type)
/* clang-format on */

#endif
