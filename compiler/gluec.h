/* The compiler's whole intermediate representation: values, nodes and graphs as ONNX has them, and the passes over them
 * in the order in which they run. What comes after (views, buffers, calls) is in emit/lower.h. */
#ifndef GLUEC_H
#define GLUEC_H

#include "rt.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

/* Exit codes, as documented for users. */
enum status {
	DONE = 0,
	VERIFICATION_FAILED = 1,
	USAGE = 2,
	UNUSABLE_MODEL = 3,
	IO_FAILED = 4,
	CC_FAILED = 5,
	OUR_BUG = 70,
};

enum {
	MAX_RANK = GLUEC_RANK_MAX,
	/* A tensor may have so many elements that every stride and index fits int32_t. */
	MAX_ELEMENTS = INT32_MAX,
	/* What a call may need of the stack: the kernels' blocks and some frames; a test measures it. */
	STACK_BYTES = 96 << 10,
};

struct arena;
struct output_file;

/* What the user asked for on the command line. */
struct binding {
	const char *name;
	int64_t dim[MAX_RANK];
	int rank; /* 0: a symbolic dimension, dim[0] is its value; else the shape of the input `name` */
	bool used;
};

/* --constant NAME=TEXT: numbers, or the name of a tensor file. */
struct fixed {
	const char *name, *text;
	bool used; /* by one of the models that a command takes; see gate/own_settings.c */
};

/* How products are computed, and what weights and features are stored in: see precision/precision.c. INT8 and FP8 are
 * for graphs that are quantised already. */
enum precision { PRECISION_FP32, PRECISION_BF16X3, PRECISION_FP16, PRECISION_BF16, PRECISION_INT8, PRECISION_FP8 };

struct rule;
struct seen_values;

enum { DEPTH_AS_IS = -1, DEPTH_ADAPTIVE = 0 };

struct append;

struct settings {
	const char *model, *out_dir, *name;
	struct binding *bindings;
	int n_bindings;
	struct binding *capacities; /* of data-dependent dimensions, by the name of the NonZero node or its output */
	int n_capacities;
	struct fixed *constants;
	int n_constants;
	int64_t top_k;                                          /* 0: as the graph says */
	const struct append *append_keypoints, *append_matches; /* see pass/append.h; NULL: not wanted */
	int depth; /* 1..: the layers to keep; DEPTH_AS_IS and DEPTH_ADAPTIVE keep the exits */
	enum precision precision;
	struct rule *rules; /* --precision-of and --rules: see precision/rules.h; a later one wins */
	int n_rules;
	struct seen_values *seen; /* --ranges: see precision/seen.h; NULL: nothing was seen */
	const char *seen_name;    /* the file's, without its folder */
	bool weights_as_c;        /* NAME.weights.c instead of NAME.S */
	const char *target;       /* the object's instruction sets, weakest first, blanks between; NULL: the machine's */
	const char *cc;           /* the C compiler for verify and bench */
	const char *command;      /* the options that decide the result, for the head of the generated file */
};

/* One run of the compiler. Memory comes from the arena and lives until the run ends. An error formats one line into
 * message and jumps to escape; only main prints it and exits. */
struct ctx {
	struct arena *arena;
	struct settings set;
	const char *file; /* the model's file name for messages */
	jmp_buf escape;
	enum status status;
	char message[1024];
	struct output_file *outputs; /* files being written, removed when the run fails */
	struct graph *graph;
	struct program *program; /* the one being emitted: see emit/lower.h */
	struct value *wanted;    /* the input that would have to be fixed for the run that failed to succeed, or NULL */
	int64_t ir_version;
	int opset;          /* of the default domain */
	bool in_double;     /* every float is held and computed in double: double/held.c */
	int isa;            /* whose kernels the interpreter runs: an index into rt_isa_names; 0: portable C */
	const char *opsets; /* all that the model imports: "ai.onnx 20, com.microsoft 1" */
	const char *doc;    /* the model's own description, never NULL */
	char digest[65];    /* SHA-256 of the model file, hexadecimal */
	size_t file_bytes;
	int nodes_read;        /* nodes in the file, those of branches included */
	int nodes_unrolled;    /* nodes that loops made so far */
	double started;        /* seconds, of a clock that only goes forward */
	const char *temporary; /* a folder to be removed at the end, or NULL */
	int guard, guard_pipe; /* the process that removes it when gluec cannot: see base/temporary.c */
};

/* What integers are proved to lie between: precision/range.c. */
struct range {
	bool known;
	int64_t low, high;
};

/* What real numbers are proved to lie between, ends included; known says that they are proved to be numbers, too. near:
 * they come near the ends, as those of a norm times a number do, and not those of a sum of many products. */
struct interval {
	bool known, near;
	double low, high;
};

/* A tensor. Constant when data is set: dense, row-major, little-endian, owned by the arena. */
struct value {
	const char *name;
	enum rt_type type;
	int rank; /* -1 until the shape is known */
	int64_t dim[MAX_RANK];
	const char *symbol[MAX_RANK]; /* graph inputs: the names of dimensions that the file leaves open (dim is -1) */
	const void *data;
	struct node *def;  /* NULL: a graph input or a constant */
	int uses;          /* how often nodes, branches and graph outputs read it: see count_uses */
	struct node *user; /* one of the nodes that read it */
	bool is_output;    /* some graph's output */
	/* Of a constant that pass/fold.c computed, the node that did: what the file says it is made of. */
	const struct node *folded;
	const float *unrounded; /* of weights that were rounded to half or bfloat16: what they were; or NULL */
	bool is_exact;          /* weights that are integers (f32) or floats of 8 bits (bf16): nothing is multiplied in */
	bool given_half;        /* f16 or bf16 in the model itself, whatever the precision: see precision/precision.c */
	/* A dimension whose length depends on the data has room for the most there can be (dim[count_axis], the capacity);
	 * count, an i64 scalar computed while the model runs, says how many there are. NULL: all of them. */
	struct value *count;
	int count_axis;
	/* What stands for it: in the latest copy of a loop's body (pass/unroll.h), or joined (pass/twins.c). */
	struct value *copy;
	struct range range;
	bool kept_float;       /* half in the file, float here, for indices that half does not hold: precision/indices.c */
	bool is_position;      /* indices or pixel coordinates as floats, never stored as half: see precision/indices.c */
	struct interval bound; /* what its elements are proved to lie between: precision/bound.c */
	bool wide; /* float by a rule or for its range, even where its readers compute halves: precision/halves.c */
	const struct value *row[2]; /* the two values that join_twins made rows of it, or NULL */
	struct view *view;          /* where it is stored, once lowered: see emit/lower.h */
	const struct watch *watch;  /* who looks at its elements when the interpreter has them: run/watch.h; or NULL */
};

enum attribute_kind {
	ATTRIBUTE_INT,
	ATTRIBUTE_FLOAT,
	ATTRIBUTE_STRING,
	ATTRIBUTE_INTS,
	ATTRIBUTE_FLOATS,
	ATTRIBUTE_TENSOR,
	ATTRIBUTE_GRAPH,
	ATTRIBUTE_OTHER
};

struct attribute {
	const char *name;
	enum attribute_kind kind;
	int64_t integer;
	double real;
	const char *string;
	size_t n; /* elements of ints or floats */
	const int64_t *ints;
	const float *floats;
	struct value *tensor;
	struct graph *graph;
	struct attribute *next;
};

struct node {
	const struct op *op; /* NULL: an operator that gluec does not know */
	const char *type, *domain;
	int version; /* of the operator set of its domain */
	const char *name;
	const char *origin; /* names of all ONNX nodes that it stands for, separated by blanks */
	int n_in, n_out;
	struct value **in, **out; /* an optional input or output that is left out is NULL */
	struct attribute *attributes;
	struct node *prev, *next;
	struct turn *turn; /* in the order that join_twins makes: see pass/twins.c */
	bool inlined; /* element-wise: computed inside its only reader's map, or into its place there; see pass/fuse.c */
	bool split;   /* a product of floats, each split into two bfloat16; see precision/precision.c */
	/* How it is computed and its result is stored, and why so: a sentence for users, NULL before choose_precision. */
	enum precision precision;
	const char *reason;
	struct rule *rule; /* that decided it, or NULL */
	bool island;       /* its result is float for its range: see precision/safety.c */
};

struct graph {
	const char *name;
	struct graph *outer; /* of the If, Loop or Scan node that holds it; NULL for the model's graph */
	struct node *first, *last;
	int n_inputs, n_outputs;
	struct value **inputs, **outputs;
	int n_counts; /* how many of the outputs, the last ones, are counts that gluec added: see pass/dynamic.c */
	struct length {
		int output, axis;  /* which output says how much of which dimension is used; output 0: the length is fixed */
	} * lengths;           /* of each output of the model; NULL for branches */
	const char **declared; /* the file's own word on each output of the model: "f32[1,K,2]"; NULL for branches */
};

/* What an operator is good for, asked by passes that treat operators by kind. */
enum op_flag {
	OP_ELEMENTWISE = 1, /* one output, each element from the same element of the (broadcast) inputs, by map steps */
	OP_MOVES = 2,       /* only moves elements: its outputs are views or copies */
	OP_STRUCTURE = 4,   /* looks only at shapes: constant as soon as the input's shape is known */
	OP_HALF = 8,        /* its kernel reads float inputs stored as half and can store its result so */
	OP_INTERNAL = 16,   /* made by gluec's own passes, never read from a file */
};

struct lower;
struct map_builder;

/* One operator: a row of ops.def. */
struct op {
	const char *domain, *name;
	int since; /* the oldest operator set version whose form is understood */
	unsigned flags;
	/* Checks inputs and attributes, sets the types and shapes of the outputs. */
	void (*infer)(struct ctx *c, struct node *n);
	/* Appends the calls that compute the node, or only sets its outputs' views. For OP_ELEMENTWISE: lower_map. */
	void (*lower)(struct lower *l, struct node *n);
	const char *note; /* for the list of supported operators */
};

extern const struct op ops[];
extern const int n_ops;
const struct op *find_op(const char *domain, const char *name);

/* base/arena.c: memory, zeroed. Never NULL: when there is none left the run fails. */
struct arena *arena_new(void);
void arena_free(struct arena *a);
size_t arena_used(const struct arena *a);
void *arena_get(struct ctx *c, size_t count, size_t size);
#define NEW(c, type, count) ((type *)arena_get(c, count, sizeof(type)))
char *arena_text(struct ctx *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* base/diag.c: errors. None of these returns. The message names the file itself; node messages add operator and name:
 * "superpoint.onnx: Conv 'conv1a': group 3 does not divide 64 channels". */
_Noreturn void fail(struct ctx *c, enum status status, const char *format, ...) __attribute__((format(printf, 3, 4)));
_Noreturn void fail_model(struct ctx *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
_Noreturn void fail_node(struct ctx *c, const struct node *n, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* pass/fixed.c: n's input v, called `what`, would have to be constant: says which input of the model to fix, and sets
 * c->wanted. */
_Noreturn void fail_open(struct ctx *c, const struct node *n, const char *what, const struct value *v);
/* One line on standard error about something the user should know though nothing is wrong, in the form of fail_node. */
void note_node(struct ctx *c, const struct node *n, const char *format, ...) __attribute__((format(printf, 3, 4)));
void note_model(struct ctx *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
const char *shape_text(struct ctx *c, const struct value *v); /* "f32[1,64,480,640]" */
const char *type_name(enum rt_type type);                     /* "f32" */
/* "Conv (ai.onnx, version 20)", for messages about operators that are not supported. */
const char *node_kind(struct ctx *c, const struct node *n);

/* double/held.c: while c->in_double, every value of a type narrower than double is an f64. The type in which values of
 * `type` are held, and the n elements of data so (data itself when that is its type). */
enum rt_type held_type(const struct ctx *c, enum rt_type type);
const void *held_data(struct ctx *c, enum rt_type type, int64_t n, const void *data);

/* graph/graph.c: building and changing graphs. */
struct value *value_new(struct ctx *c, const char *name, enum rt_type type, int rank, const int64_t *dim);
/* A value to be computed, of this type, that has v's shape and as much of it in use as v (its count). */
struct value *value_like(struct ctx *c, const char *name, enum rt_type type, const struct value *v);
struct value *value_constant(struct ctx *c, const char *name, enum rt_type type, int rank, const int64_t *dim,
	const void *data);                                               /* keeps data, which must live in the arena */
struct value *value_int(struct ctx *c, const char *name, int64_t x); /* i64 scalar */
struct value *value_float(struct ctx *c, const char *name, float x); /* f32 scalar */
int64_t value_elements(const struct value *v);
size_t value_bytes(const struct value *v);
bool same_shape(const struct value *a, const struct value *b);
/* Fails when a dimension is negative or the tensor is too large for int32_t indices. */
void value_set_shape(
	struct ctx *c, const struct node *n, struct value *v, enum rt_type type, int rank, const int64_t *dim);

/* A node of an operator that must be in ops.def, before `before` (at the end of g when NULL). It gets its name and
 * origin from `like`. Outputs are added by the caller: n->out[i] = ... (n_out slots). */
struct node *node_new(struct ctx *c, struct graph *g, struct node *before, const char *domain, const char *type,
	const struct node *like, int n_in, int n_out);
void node_insert(struct graph *g, struct node *before, struct node *n);
void node_remove(struct graph *g, struct node *n);
/* All nodes of `from` go to `to`, in front of `before` (to the end when NULL). */
void move_nodes(struct graph *from, struct graph *to, struct node *before);
/* n now also stands for the nodes that `other` stands for. */
void node_absorb(struct ctx *c, struct node *n, const struct node *other);
/* Input i of n, or NULL when it is left out. */
struct value *input(const struct node *n, int i);
/* Makes v input i of n, with the inputs between left out where there were fewer. */
void set_input(struct ctx *c, struct node *n, int i, struct value *v);
bool is_op(const struct node *n, const char *type);       /* in ONNX's own domain */
bool is_internal(const struct node *n, const char *type); /* in gluec's */
/* Which output of g is v? -1: none. */
int output_number(const struct graph *g, const struct value *v);
/* Makes every reader of `from` in g and its branches, and the graphs' outputs, read `to`. */
void replace_value(struct graph *g, struct value *from, struct value *to);
/* Sets uses, user and is_output of every value in the graph and its branches. */
void count_uses(struct graph *g);
/* Does anybody read output i of n, since the last count_uses? */
bool is_read(const struct node *n, int i);
/* Removes nodes whose outputs nobody reads; calls count_uses. */
void remove_dead(struct graph *g);
/* Calls visit for each graph held by n's attributes. */
int node_graphs(const struct node *n, struct graph **found, int max);
/* Is there such a node in g or in a graph inside it? */
bool any_node(const struct graph *g, bool (*has)(const struct node *n));
int count_nodes(const struct graph *g); /* branches included */
typedef void node_visitor(struct ctx *c, struct graph *g, struct node *n);
/* Calls visit for each node of g, branches included: a node's branches first. It may take n away and put nodes, which
 * are not visited, in front of it. */
void visit_nodes(struct ctx *c, struct graph *g, node_visitor *visit);
/* The same for what joins neighbours: n may move, and nodes behind it may go. What stands where n stood comes next. */
void visit_joining(struct ctx *c, struct graph *g, node_visitor *visit);

/* graph/attribute.c. The get functions fail when the attribute has another kind; an absent one is the fallback. */
const struct attribute *attribute(const struct node *n, const char *name);
int64_t attribute_int(struct ctx *c, const struct node *n, const char *name, int64_t fallback);
double attribute_float(struct ctx *c, const struct node *n, const char *name, double fallback);
const char *attribute_string(struct ctx *c, const struct node *n, const char *name, const char *fallback);
/* Copies at most max integers and returns how many there are, -1 when the attribute is absent. */
int attribute_ints(struct ctx *c, const struct node *n, const char *name, int64_t *to, int max);
struct graph *attribute_graph(struct ctx *c, const struct node *n, const char *name); /* fails when absent */
bool same_attributes(const struct node *a, const struct node *b);      /* those with tensors or graphs never are */
struct attribute *own_attributes(struct ctx *c, const struct node *n); /* the same, in a list of its own */
void set_attribute_int(struct ctx *c, struct node *n, const char *name, int64_t x);
void set_attribute_ints(struct ctx *c, struct node *n, const char *name, int count, const int64_t *x); /* copies x */
void set_attribute_float(struct ctx *c, struct node *n, const char *name, double x);
void set_attribute_string(struct ctx *c, struct node *n, const char *name, const char *x);

/* op/control.c: a branch of an If node; fails when it does not fit the node. */
struct graph *if_branch(struct ctx *c, const struct node *n, const char *name);
/* op/move.c: how a Slice node walks along each axis of its input. */
struct slice {
	int64_t start[MAX_RANK], step[MAX_RANK], count[MAX_RANK];
};
void read_slice(struct ctx *c, const struct node *n, struct slice *s);

/* graph/constant.c: reading constants. Every function takes any numeric type. */
bool constant_scalar(const struct value *v, double *x); /* exactly one element */
double constant_real(const struct value *v, int64_t i);
int64_t constant_int(const struct value *v, int64_t i);
/* The integers of a constant of rank 0 or 1, at most max: their count, or -1 when v is no such constant. */
int constant_ints(const struct value *v, int64_t *to, int max);
/* The same, failing with a message that names the input when it is not constant. */
int need_ints(struct ctx *c, const struct node *n, int index, const char *what, int64_t *to, int max);
/* A constant's elements as float, in the arena. */
const float *constant_floats(struct ctx *c, const struct value *v);

/* Helpers for infer functions (op/common.c). */
void need_inputs(struct ctx *c, const struct node *n, int least, int most); /* counts, and that required ones exist */
void need_outputs(struct ctx *c, const struct node *n, int least, int most);
int need_axis(struct ctx *c, const struct node *n, int64_t axis, int rank); /* negative counts from the end */
void need_type(struct ctx *c, const struct node *n, int index,
	const char *types); /* "f32 f16 i64", or "float" "int" "number" "any" */
void set_output(struct ctx *c, struct node *n, int i, enum rt_type type, int rank, const int64_t *dim);
/* The broadcast shape of two shapes; fails when they do not fit. */
int broadcast(
	struct ctx *c, const struct node *n, int rank_a, const int64_t *a, int rank_b, const int64_t *b, int64_t *to);
bool is_float_type(enum rt_type type);         /* f32 f16 bf16 f64 */
bool is_integer_type(enum rt_type type);       /* i8 to i64, u8 to u64 */
bool is_real_type(enum rt_type type);          /* the float types, and those of 8 and 4 bits */
bool is_byte_type(enum rt_type type);          /* u8 i8 */
bool is_small_integer_type(enum rt_type type); /* u8 i8 u4 i4 u2 i2 */
bool is_float8_type(enum rt_type type);        /* f8e4m3fn f8e4m3fnuz f8e5m2 f8e5m2fnuz */
bool is_ofp8_type(enum rt_type type);          /* those of OFP8 (Open Compute Project 2023): f8e4m3fn f8e5m2 */

/* The passes, in the order in which they run; each in the file of its name, in pass/ where nothing else is said. */
void read_onnx(struct ctx *c, const char *path); /* onnx/onnx.c: sets c->graph */
void specialize(struct ctx *c);                  /* binds dimensions, K, branches */
void infer(struct ctx *c, struct graph *g);      /* types and shapes; folds as it goes */
bool fold_node(struct ctx *c, struct node *n);   /* pass/fold.c: true when the outputs became constants */
void propagate_count(struct ctx *c, struct graph *g, struct node *n); /* pass/dynamic.c: after n was inferred */
void append_stages(struct ctx *c);                                    /* pass/append.c: what --append asks for */
void add_count_outputs(struct ctx *c);              /* pass/dynamic.c: counts become outputs of the model */
void move_integers(struct ctx *c, struct graph *g); /* precision/integer_moves.c: quantised values are moved as bytes */
void find_integer_products(struct ctx *c, struct graph *g); /* precision/integer_products.c */
void find_integer_matmuls(struct ctx *c, struct graph *g);  /* precision/integer_matmuls.c */
void factor_scales(struct ctx *c, struct graph *g);         /* precision/quantized.c */
void find_float8_products(struct ctx *c, struct graph *g);  /* precision/float8_products.c */
void simplify(struct ctx *c, struct graph *g);
void recognize(struct ctx *c, struct graph *g);         /* recognize/recognize.c */
void join_twins(struct ctx *c, struct graph *g);        /* pass/twins.c: two pictures' layers become one of two rows */
void choose_precision(struct ctx *c, struct graph *g);  /* precision/precision.c */
void expand_quantizers(struct ctx *c, struct graph *g); /* a part of fuse, precision/expand_quantizers.c */
void fuse(struct ctx *c, struct graph *g);
void merge_products(struct ctx *c, struct node *n); /* a part of fuse, for a gluec.Linear */

/* pipeline.c. read_model reads the file, specialize_model runs the passes up to infer; between the two, inputs may be
 * bound with bind_input. load_model is both, and optimize runs the rest up to fuse.
 *
 * The first part of optimize is compute_in_integers, the passes over quantised graphs. They decide where sums of bytes
 * are rounded, and a QuantizeLinear makes a step of a rounding: they define what such a graph computes, to the bit, so
 * that what is to be the reference for compiled code must have gone through them, and through no other. */
void read_model(struct ctx *c);
void specialize_model(struct ctx *c);
void load_model(struct ctx *c);
void compute_in_integers(struct ctx *c);
void optimize(struct ctx *c);

/* pass/specialize.c. */
/* Binds symbolic dimensions of input i to a shape, as --input does. */
void bind_input(struct ctx *c, const struct value *v, int rank, const int64_t *dim);
/* Binds what --dim and --input say, as specialize does; done before, it shows what is left open. */
void apply_bindings(struct ctx *c);
/* Has an input this symbolic dimension, or one made of it ("8*height" of "height")? */
bool has_symbol(const struct ctx *c, const char *name);

#endif
