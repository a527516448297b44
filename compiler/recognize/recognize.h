/* Recognition: many spellings of a few operations. Each file of recognize/ looks at one node as the end of one pattern;
 * where it matches, a node of gluec's own takes the end's place, and what only the pattern read dies. */
#ifndef RECOGNIZE_H
#define RECOGNIZE_H

#include "gluec.h"

typedef bool recognizer(struct ctx *c, struct graph *g, struct node *n);

recognizer recognize_attention;      /* softmax(scale q k^T) v */
recognizer recognize_border;         /* the edge of a suppressed picture, filled with a number */
recognizer recognize_channels;       /* interleaved channels of a product, put in order */
recognizer recognize_gelu;           /* x (1 + erf(x / sqrt 2)) / 2 */
recognizer recognize_heat_map;       /* softmax over cells, unfolded */
recognizer recognize_l2_norm;        /* x / max(|x|, floor) */
recognizer recognize_layer_norm;     /* LayerNormalization over the last axis */
recognizer recognize_linear;         /* x w + b with constant w */
recognizer recognize_log_assignment; /* double log-softmax plus certainties */
recognizer recognize_multi_head;     /* attention with its heads side by side */
recognizer recognize_mutual_match;   /* mutual nearest neighbours above a threshold */
recognizer recognize_nms;            /* suppression by repeated max-pooling */
recognizer recognize_rotary;         /* rotation of channel pairs */
recognizer recognize_top_one;        /* ArgMax written as TopK */

/* pattern.c: what the recognizers ask. */
/* The node that makes v when it is ONNX's operator `type`, else NULL. */
struct node *made_by(const struct value *v, const char *type);
/* The same for one of gluec's own operators. */
struct node *made_by_internal(const struct value *v, const char *type);
/* n has two inputs and makes no difference between them: one of them is made by `type`. Then *other is the second. */
struct node *either_made_by(const struct node *n, const char *type, struct value **other);
/* Is v a constant whose elements all equal x? */
bool is_constant(const struct value *v, double x);
/* Is v, constant or made of a constant by repeating it, x everywhere? */
bool is_filled(struct ctx *c, const struct value *v, double x);
/* v before nodes that only change its shape: the same elements in the same order. */
struct value *unshaped(struct value *v);
/* n has two inputs, one of them a constant of one element: it goes to *x, the other input is returned. */
struct value *times_constant(const struct node *n, double *x);
/* The one axis that a Reduce*, ArgMax or (Log)Softmax node works on, 0.. ; -1 when there are several. */
int axis_of(struct ctx *c, const struct node *n);
bool is_max_pool(struct ctx *c, const struct node *n, int64_t kernel, int64_t stride, int64_t pad);
/* The permutation of a Transpose is the given one. */
bool is_permutation(struct ctx *c, const struct node *n, int rank, const int64_t *perm);
/* `end` and its output are replaced by a new node of gluec's domain with that output. */
struct node *replace_end(struct ctx *c, struct graph *g, struct node *end, const char *type, int n_in);
/* A node before `before` that reads x, its first of n_in inputs, and makes a value of x's type and this shape. */
struct value *insert_node(struct ctx *c, struct graph *g, struct node *before, const char *domain, const char *type,
	int n_in, struct value *x, int rank, const int64_t *dim);
/* x reshaped to this shape. */
struct value *insert_reshape(
	struct ctx *c, struct graph *g, struct node *before, struct value *x, int rank, const int64_t *dim);
/* The output of `end` becomes x, reshaped to the output's shape; `end` goes. */
void replace_by_reshape(struct ctx *c, struct graph *g, struct node *end, struct value *x);
/* x with its dimensions in another order, by a new node. */
struct value *insert_transpose(
	struct ctx *c, struct graph *g, struct node *before, struct value *x, const int64_t *perm);
/* replace_end for a new node whose output has a shape of its own and is reshaped to `end`'s. */
struct node *replace_end_shaped(
	struct ctx *c, struct graph *g, struct node *end, const char *type, int n_in, int rank, const int64_t *dim);

/* provenance.c: where elements come from. */
/* The one value that v's elements come from by nodes that move, leave out and repeat elements or put constants in their
 * places: v itself where no such node makes it. NULL when there are several, or none. */
struct value *moved_from(const struct value *v);
/* Each element of a value, in row-major order: from[i] is its element of the root that it was moved from, or -1 where
 * it is the number constant[i]. */
struct provenance {
	const int64_t *from;
	const double *constant;
};
typedef bool provenance_test(const struct provenance *p, void *user);
/* What the test says of v's elements, which were moved from root; p lives until it returns. False when there are too
 * many elements to tell. */
bool test_provenance(struct ctx *c, const struct value *v, struct value *root, provenance_test *test, void *user);
/* The names of the ONNX nodes that make root and move its elements to v, without the last one. */
const char *names_between(struct ctx *c, const struct value *root, const struct value *v);
/* Is a constant put in the place of an element between root and n's output, and none behind it? */
bool is_filled_last(const struct node *n, struct value *root);
/* Does nothing read root, and what is between root and v, but what makes v? */
bool dies_behind(const struct value *root, const struct value *v);

#endif
