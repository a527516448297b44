/* From graph to calls. Lowering walks the graph in order and gives every value a view: a buffer, an offset, and a
 * stride for each dimension of the ONNX shape. An operator that only moves elements (Transpose, Slice, Split, ...)
 * becomes a new view of the same buffer and no call at all. A kernel either takes the strides as they are, or asks for
 * the dense form that it needs; only then is there a copy. Layout follows from that: Conv stores NHWC and says so in
 * its output's strides, and everything behind it that wants channels last finds them there. */
#ifndef LOWER_H
#define LOWER_H

#include "gluec.h"

enum buffer_kind { BUFFER_ARENA, BUFFER_INPUT, BUFFER_OUTPUT, BUFFER_WEIGHT };

/* A piece of memory with a life of its own. */
struct buffer {
	enum buffer_kind kind;
	const char *name;
	const char *symbol;  /* its unique legal form, set by name_symbols */
	const char *comment; /* arena: type and shape as stored */
	size_t bytes;
	int index;                     /* of the model's input or output */
	const void *data;              /* weights: contents */
	const char *type_name, *shape; /* weights: for the manifest */
	struct buffer *same;           /* after merge_buffers: the buffer that it became a part of */
	size_t offset;                 /* in the arena or the weights, set by plan */
	int first, last;               /* the calls between which it lives, set by plan */
	const struct call *reader;     /* its last reader */
	bool scratch;
	int serial; /* in the order in which buffers were made */
	struct buffer *next;
};

struct view {
	struct buffer *buffer;
	enum rt_type type;
	int64_t offset; /* in elements */
	int rank;
	int64_t dim[MAX_RANK], stride[MAX_RANK];
};

struct argument {
	struct buffer *buffer; /* NULL: a null pointer */
	int64_t offset;        /* in bytes */
};

enum { MAX_ARGUMENTS = 7 };

/* What the compiler knows of each kernel: made from the lists in rt.h, in kernel.c. */
struct kernel {
	const char *name;
	int outputs, pointers;
	size_t params_size;
	/* Prints the parameters' designated initialisers, zero fields left out. */
	void (*print)(FILE *f, const void *params);
	/* Runs the build for an instruction set, which counts RT_ISAS: 0 is portable C. */
	void (*invoke)(int isa, const struct rt_run *run, const void *params, void *const *p);
};

#define KERNEL_ID(name, outputs, pointers, list) KERNEL_##name,
enum kernel_id { RT_KERNELS(KERNEL_ID) N_KERNELS };
#undef KERNEL_ID
extern const struct kernel kernels[];

/* double/kernels.c: the same kernel for a call whose floats are all doubles; only its `invoke` is of use. Fails, naming
 * n, when there is none. */
const struct kernel *double_kernel(struct ctx *c, const struct node *n, enum kernel_id kernel, const void *params);

/* One statement of the generated function: a kernel call, or a branch. */
struct call {
	const struct kernel *kernel; /* NULL: a branch on argument[0], a bool, or a look at argument[0] */
	const void *params;
	struct argument argument[MAX_ARGUMENTS];
	unsigned in_place; /* bit i: the first output may be stored over argument i */
	const char *name, *origin;
	const char *symbol; /* the name's unique legal form, set by name_symbols */
	const char *shapes; /* "[480][640][1] -> [240][320][64]" for the comment */
	int time;           /* position in execution order, set by plan */
	struct block *then_block, *else_block;
	const struct value *watched; /* no call but a look at this value's elements: see run/watch.h */
	struct call *next;
};

struct block {
	struct call *first, *last;
};

struct program {
	struct block *main;
	struct buffer *buffers, *last_buffer;
	int n_calls;
	size_t arena_bytes, weight_bytes, live_bytes; /* live: the largest sum of what is alive at once */
	struct view *inputs, *outputs;                /* as the C interface has them: dense */
};

/* The state of lowering one graph or branch. */
struct lower {
	struct ctx *c;
	struct program *program;
	struct block *block; /* where calls are appended */
	const char *origin;  /* names of the nodes that the next call stands for */
};

/* lower.c: the whole graph. The graph's inputs and outputs become BUFFER_INPUT and BUFFER_OUTPUT. */
struct program *lower_graph(struct ctx *c, struct graph *g);
void lower_if(struct lower *l, struct node *n);
/* Lowers g's nodes into a block of l's program (for branches) and stores its outputs into the given buffers' views. */
void lower_branch(struct lower *l, struct graph *g, struct block *block, struct view *const *outputs);

/* layout.c: views. */
/* The view of a value that has been lowered, or of a constant (which becomes a weight, stored as it is). */
struct view *view_of(struct lower *l, struct value *v);
/* A dense view of the same elements: v's own when it is dense already, else a copy. */
struct view *view_dense(struct lower *l, struct value *v);
struct view *view_densify(struct lower *l, const struct view *view, const char *name);
/* Copies the elements of x to y, converting them when the types differ. */
void view_copy(struct lower *l, const struct view *y, const struct view *x);
/* The same elements converted to another type by a map call, when it is not that type already. */
struct view *view_cast(struct lower *l, struct view *view, enum rt_type type, const char *name);
/* A new dense buffer for output v of the node being lowered, stored in the order of v's dimensions, or with its
 * dimensions stored in the order perm (outermost first). Sets and returns v's view. */
struct view *view_new(struct lower *l, struct value *v);
struct view *view_new_permuted(struct lower *l, struct value *v, const int *perm);
/* v is stored where `view` says, under v's own dimensions. */
void view_set(struct lower *l, struct value *v, const struct view *view);
struct view view_permute(const struct view *view, const int *perm); /* dimension i becomes perm[i] of the old ones */
bool view_is_dense(const struct view *view);
/* Can the elements be seen as the shape dim without moving them? Then *to is that view. */
bool view_reshape(const struct view *view, int rank, const int64_t *dim, struct view *to);
/* The same elements in the shape dim, moved only when they have to be. */
struct view view_reshaped(struct lower *l, const struct view *view, int rank, const int64_t *dim, const char *name);
/* Strides of view broadcast to a shape (0 where it repeats). */
void view_broadcast(const struct view *view, int rank, const int64_t *dim, int64_t *stride);
/* Merges neighbouring dimensions of an index space wherever all n stride lists allow it; returns the new rank. */
int coalesce(int rank, int64_t *dim, int n, int64_t (*stride)[MAX_RANK]);
/* Dimension order by falling stride (ties: as they are): the order in which the view's elements lie in memory. */
void view_order(const struct view *view, int *perm);

/* lower.c: buffers and calls. */
struct buffer *buffer_new(struct lower *l, enum buffer_kind kind, const char *name, size_t bytes);
struct argument scratch(struct lower *l, const char *name, size_t bytes);
/* A weight: data (kept, in the arena) of `bytes` bytes; equal contents are stored once. type and shape go into the
 * manifest. */
struct buffer *weight_new(
	struct lower *l, const char *name, enum rt_type type, const char *shape, const void *data, size_t bytes);
struct argument argument_of(const struct view *view); /* the address of the view's first element */
struct argument argument_weight(struct buffer *b);
/* Appends a call; params is copied. The call gets n's name and origin and the shapes of n's first input and output.
 * Arguments that are not set are null pointers. */
struct call *call_new(struct lower *l, const struct node *n, enum kernel_id kernel, const void *params);
void call_argument(struct call *call, int i, struct argument a);

/* Every reader of `b` now reads and writes `into` (both must have the same bytes): a branch's result that is stored
 * straight into the If's output. */
void merge_buffers(struct buffer *b, struct buffer *into);
struct buffer *buffer_root(struct buffer *b);

/* pass/map.c: element-wise nodes. */
void lower_map(struct lower *l, struct node *n);
/* The same for a result that is stored at y, whose dimensions are the node's output's. */
void lower_map_to(struct lower *l, struct node *n, const struct view *y);
/* The order in which lower_map would store the dimensions. */
void map_order(struct lower *l, const struct node *n, int *perm);
/* A map call of one conversion or copy: y and x have the same dimensions. */
struct call *map_copy(struct lower *l, const struct node *n, const struct view *y, const struct view *x);
/* How element-wise operators describe themselves to lower_map: op/elementwise.c. Appends the steps of n, whose
 * operands are in registers r[0..n_in), and returns the result's register. */
int map_step(struct map_builder *b, enum rt_step_op op, enum rt_type type, int a, int second, int third);
int map_cast(struct map_builder *b, int r, enum rt_type from, enum rt_type to);
int map_real(struct map_builder *b, enum rt_type type, double x);
int map_integer(struct map_builder *b, enum rt_type type, int64_t x);
int elementwise_steps(struct ctx *c, const struct node *n, struct map_builder *b, const int *r);

/* pack.c: weights in panels of RT_PANEL output columns: w(k, j) for k < rows, j < columns is
 * source[k * row_stride + j * column_stride]. f32, f16, bf16, or bf16x2 when rows is even. */
struct buffer *pack_panels(struct lower *l, const char *name, enum rt_type type, const float *source, int64_t groups,
	int64_t rows, int64_t columns, int64_t group_stride, int64_t row_stride, int64_t column_stride);
/* f32 values padded with zeros to a multiple of RT_PANEL. */
struct buffer *pack_bias(struct lower *l, const char *name, const float *source, int64_t n);

/* plan.c: the arena. */
void plan(struct ctx *c, struct program *p);

/* run/exec.c: the interpreter: runs a program with the kernels of c->isa on buffers of its own. */
void execute(struct ctx *c, struct program *p, const void *const *inputs, void *const *outputs);

/* symbols.c: unique legal C names for calls, buffers and the parameters of the generated function. */
void name_symbols(struct ctx *c, struct program *p);
const char *legal_name(struct ctx *c, const char *name);

/* emit.c and its parts: writes all files of set.name into set.out_dir. */
void emit(struct ctx *c, struct program *p);

#endif
