/* Parts of the precision pass, and what they know of numbers. */
#ifndef PRECISION_H
#define PRECISION_H

#include "gluec.h"

/* range.c: makes i32 of every i64 value that is proved to fit, and constants of what can only be one number. */
void narrow_integers(struct ctx *c, struct graph *g);
/* What the elements of v, integers, are proved to lie between; what those of a node's output will lie between, by its
 * inputs; and the same kept with the outputs. */
struct range value_range(const struct value *v);
void bound_outputs(struct ctx *c, const struct node *n);
struct range output_range(struct ctx *c, const struct node *n, int i);

/* bound.c: sets the bounds of all float values of g; what is proved of v, which may be a constant. */
void find_bounds(struct ctx *c, struct graph *g);
struct interval value_bound(const struct value *v);

/* indices.c: an index that the file casts to half, which cannot hold it, is kept in float instead, with what is
 * computed from it. The first is to be called before n is inferred, and may put casts in front of it; the second when
 * all nodes of g are inferred: it gives the graph's outputs the types that the file says. */
void keep_indices(struct ctx *c, struct graph *g, struct node *n);
void return_halves(struct ctx *c, struct graph *g);
/* Sets is_position of every value that carries indices or pixel coordinates as floats. */
void find_positions(struct ctx *c, struct graph *g);

/* kinds.c: what nodes are to the precision pass. */
/* f16 or bf16. */
bool is_half(enum rt_type type);
/* What a node of this precision stores features in. */
enum rt_type feature_type(enum precision precision);
bool is_mover(const struct node *n);
/* Element by element or moving: all inputs count alike. */
bool all_inputs_alike(const struct node *n);
/* A product with constant weights, or attention. */
bool is_product(const struct node *n);
/* A product whose weights are small integers: see quantized.c. */
bool is_integer_product(const struct node *n);
/* A product of floats of 8 bits, held as bfloat16: see float8_products.c. */
bool is_float8_product(const struct node *n);
/* Does the node's kernel read input i as half: is it features, and not coordinates, phases or parameters? Does it write
 * its result so? */
bool reads_half(const struct node *n, int i);
bool writes_half(const struct node *n);
/* What n, which writes_half, is to store its result in: a product of bytes whose result is float has no precision of
 * its own for that, and follows --precision. */
enum rt_type wanted_type(const struct ctx *c, const struct node *n);
/* Does a softmax turn the product's result into scores, with nothing but views and element-wise steps between? Such a
 * product is a small last layer, and what it rounds decides which points are just strong enough. Needs count_uses. */
bool makes_scores(const struct node *n);
/* How many terms each sum of a product has; 0 for other operators. */
int64_t count_terms(const struct node *n);

/* policy.c: fails when --precision asks for a quantised graph and g, which is inferred but not optimised, is none, or
 * when --ranges names what was seen of another model. */
void check_policy(struct ctx *c, const struct graph *g);
/* Sets the precision that each node is to have, by --precision and the rules, and the reason. Fails when a rule matches
 * no node, or none that can be so. */
void assign_precision(struct ctx *c, struct graph *g);
/* When all nodes have their precision: says which rules changed nothing, and why. */
void report_rules(struct ctx *c, struct graph *g);

/* safety.c: makes `wide` what half would not hold by what was seen or proved, with a note for each. */
void keep_ranges(struct ctx *c, struct graph *g);

/* halves.c: stores as half or bfloat16 what nodes are to store so, as far as their readers agree, and gives products
 * weights of their type. */
void store_halves(struct ctx *c, struct graph *g);
/* The numbers x in the place of weights w, rounded to half or bfloat16. */
struct value *short_weights(struct ctx *c, const struct value *w, enum rt_type type, const float *x);
/* Weights w, floats, in the type half or bfloat16; they remember the floats. NULL, with *why, when that type would not
 * hold them. */
struct value *narrow_weights(struct ctx *c, const struct value *w, enum rt_type type, const char **why);

#endif
