/* What the operators' files share: checks for infer functions beyond those of gluec.h, and the steps that most lowering
 * functions are made of. */
#ifndef OP_H
#define OP_H

#include "emit/lower.h"

/* common.c: checks. */
/* x, described by `what`, must lie in least..most. */
int64_t need_range(struct ctx *c, const struct node *n, const char *what, int64_t x, int64_t least, int64_t most);
/* Inputs a and b must have one type. */
void need_same_type(struct ctx *c, const struct node *n, int a, int b);
/* The axes given by attribute `name` or by input `index`, in 0..rank-1 and without repetition: their count, or -1 when
 * they are left out. */
int read_axes(struct ctx *c, const struct node *n, const char *name, int index, int rank, int *axes);
int64_t product(const int64_t *dim, int n);
/* The attribute's tensor, NULL when it is absent. */
const struct value *attribute_tensor(struct ctx *c, const struct node *n, const char *name);
/* Which of the words the string attribute `name` is; number `fallback` when it is absent. */
int read_word(struct ctx *c, const struct node *n, const char *name, const char *const *words, int count, int fallback);
/* The integer attribute `name`, at least 1, which it is when it is absent. */
int64_t read_positive(struct ctx *c, const struct node *n, const char *name);
/* The attribute act (or `name`) as a kernel's epilogue applies it. */
enum rt_act read_act(struct ctx *c, const struct node *n, const char *name);

/* constants.c: output 0 of n, whose shape is set, is this constant. Such operators are lowered by constant_lower. */
void set_constant(struct node *n, const void *data);
/* Element i of data of this type becomes a number: `real` for float types, else `integer`. */
void store_number(void *data, enum rt_type type, int64_t i, double real, int64_t integer);

/* storage.c: where kernels read and write. */
/* int32_t parameters: sizes and strides fit because tensors have at most MAX_ELEMENTS elements. */
int32_t small(int64_t x);
/* Gives outputs without elements their places. True when no output has any, so that there is nothing to call. */
bool nothing_to_compute(struct lower *l, struct node *n);
/* Is v a constant that lowering prepares for kernels as floats? In double, constants are moved as what is computed. */
bool is_prepared(const struct lower *l, const struct value *v);
/* f16 for f16, bf16 for bf16, else f32: the type in which a float kernel reads or writes a value of this type. */
enum rt_type kernel_type(enum rt_type type);
/* The type in which the weights w of product n are packed: bf16x2 for a product of split floats, if w is constant, the
 * kernel reads the rows of its panels in pairs, and no number is beyond bfloat16; bf16 for constants of it, unless n
 * takes coordinates. */
enum rt_type packed_type(struct ctx *c, const struct node *n, const struct value *w, bool pairs);
/* The same for results, which may be bytes: then y_scale and y_zero are what a QuantizeLinear that became a part of n
 * said (see fuse.c), else 0. */
enum rt_type stored_type(enum rt_type type);
float y_scale(struct ctx *c, const struct node *n);
int32_t y_zero(struct ctx *c, const struct node *n);
/* v, cast to the type that a float kernel reads. */
struct view *float_view(struct lower *l, struct value *v);
/* A place for output i of n in the given type, its dimensions stored in the order perm (NULL: as they are). A kernel
 * writes there, then output_done gives the value its own type. */
struct view *output_new(struct lower *l, struct node *n, int i, enum rt_type type, const int *perm);
void output_done(struct lower *l, struct node *n, int i, struct view *stored);
/* Output i of n is `view`, converted where its type differs. */
void output_view(struct lower *l, struct node *n, int i, const struct view *view);
/* A value inside the lowering of n, named after its first output. */
struct value *temporary(struct lower *l, const struct node *n, enum rt_type type, int rank, const int64_t *dim);
/* The view's dimensions from the outermost to the innermost in memory, as a dense tensor: moved only when the elements
 * do not fill their memory. perm gets the order. */
struct view *dense_as_stored(struct lower *l, const struct view *view, const char *name, int *perm);
/* The same with dimension `axis` innermost. */
struct view *dense_rows(struct lower *l, const struct view *view, int axis, const char *name, int *perm);
/* A picture [n, c, h, w] or [n, c, w] as dense [n][h][w][c] (with h = 1), a volume [n, c, d, h, w] as [n][d][h][w][c].
 */
struct view *channels_last(struct lower *l, struct view *view, const char *name);
/* The order in which the values of such a picture are stored. */
const int *channels_last_order(int rank);
/* Every element of dense y becomes x, which has one element and y's type; NULL is 0. */
void fill_view(struct lower *l, const struct node *n, const struct view *y, struct value *x);
/* The view as [rows][columns] with one row stride and unit column stride, moved if need be. */
struct view *as_rows(struct lower *l, struct view *view, int64_t rows, int64_t columns, const char *name);

/* gather.c: indices, dense and in a type that the kernels read. */
struct view *index_view(struct lower *l, struct value *v);
/* Element i of input 1, a constant, must lie inside `axis` of input 0: an error now rather than a read that is clamped
 * or a write that is left out later. */
void check_index(struct ctx *c, const struct node *n, int64_t i, int axis);
/* y[..., i, ...] = x[..., index[i], ...] along axis, dense; the indices are inside the axis. */
struct view *gather_along(
	struct lower *l, const struct node *n, const struct view *x, int axis, int64_t count, const int32_t *index);

/* part.c: an operator as the sum of others. The part gets n's name; its output has the given type and shape, or is n's
 * own first output when part_last lowers it. */
struct node *part_new(struct lower *l, const struct node *n, const char *domain, const char *type, int n_in, ...);
struct value *part_lower(struct lower *l, struct node *part, enum rt_type type, int rank, const int64_t *dim);
void part_last(struct lower *l, struct node *part, struct value *out);
/* v, of rank 1, reshaped so that it counts along `axis` of a tensor of `rank` when it is broadcast to it. */
struct value *along_axis(struct lower *l, const struct node *n, struct value *v, int rank, int axis);
/* A constant of one number. */
struct value *part_number(struct lower *l, const struct node *n, enum rt_type type, double x);
/* v in another type, in memory. */
struct value *part_cast(struct lower *l, const struct node *n, struct value *v, enum rt_type type);

/* quantize.c: v as an element-wise part of another type. */
struct value *part_convert(struct lower *l, const struct node *n, struct value *v, enum rt_type type);
/* quantize.c: y, of an integer type, becomes saturate(round(x) + zero); zero may be NULL. */
void part_saturate(struct lower *l, struct node *n, struct value *x, struct value *zero, struct value *y);

/* window.c: how windows slide over volumes and pictures, for Conv and the pools. Index 0 is depth, 1 vertical, 2
 * horizontal; a picture is a volume of depth 1, a row of samples a picture of height 1. */
struct window {
	int64_t in[3], out[3], kernel[3], stride[3], dilation[3], before[3], after[3];
};
/* Reads kernel_shape, strides, pads, dilations, auto_pad and ceil_mode for input 0 of n. kernel: the sizes that a
 * weight tensor has, or NULL when they are in the attribute. */
void read_window(struct ctx *c, const struct node *n, const int64_t *kernel, struct window *w);
/* The same for ConvTranspose, whose windows are laid into its output: reads output_padding and output_shape, too. */
void read_transposed_window(struct ctx *c, const struct node *n, const int64_t *kernel, struct window *w);
/* The dimensions of a result with these images and channels: w's `out` in as many dimensions as `rank` leaves. */
void window_shape(const struct window *w, int rank, int64_t images, int64_t channels, int64_t *dim);
/* The bias of a convolution, input `index`, has a number for each filter, if it is there. */
void need_bias(struct ctx *c, const struct node *n, int index, int64_t filters);
/* Copies the last `count` of three numbers into a kernel's parameters. */
void copy_small(int32_t *to, const int64_t *from, int count);

/* matmul.c: how a product of a [..., m, k] and b [..., k, n] is walked: lists are { batch, batch, row, column },
 * strides of y but for its columns. of: the views that the strides are of, which may be copies of a and b. */
struct product_space {
	int32_t batch[2], m, n, k, a[4], b[4], y[3];
	const struct view *of[2];
};
/* The leading dimensions of a and b broadcast to batch, those of y are it; or y is NULL when it is dense. */
void product_space(struct lower *l, const struct node *n, const struct view *y, int batch_rank, const int64_t *batch,
	const struct view *a, const struct view *b, struct product_space *to);
/* dense y[batch..., m, n] = alpha * a b, where a and b are [..., m, k] and [..., k, n] and their leading
 * dimensions broadcast to batch. */
void matmul_call(struct lower *l, const struct node *n, const struct view *y, int batch_rank, const int64_t *batch,
	const struct view *a, const struct view *b, double alpha);

/* integer_product.c: a linear gluec.IntegerProduct whose rows are stored at y, columns side by side. */
void integer_product_lower_to(struct lower *l, struct node *n, const struct view *y);

/* reduce.c: x reduced over the dimensions for which over[] is set; y has the others (and ones where it keeps them). */
void reduce_call(
	struct lower *l, struct node *n, struct value *y, const struct view *x, const bool *over, enum rt_reduce_kind kind);

#endif
