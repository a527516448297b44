/* What many exports leave to the program around the model, appended to the graph on request: `--append keypoints`
 * behind dense scores and descriptors (append_keypoints.c), `--append matches` behind dense matching scores
 * (append_matches.c). The appended nodes are ordinary ones, so that all later passes see them as if they had been in
 * the file. */
#ifndef APPEND_H
#define APPEND_H

#include "gluec.h"

/* One --append. */
struct append {
	const char *text;                 /* as given: "keypoints:radius=3" */
	const char *scores, *descriptors; /* names of outputs; NULL: the ones that fit */
	int radius;                       /* of the suppression; -1: 4, or none where the graph suppresses already */
	int border;                       /* rows and columns at the edges where there are no keypoints */
	int dustbins;                     /* the last row and column stand for "no match": 1 yes, 0 no, -1 see inputs */
	double threshold;                 /* scores that are not above it count for nothing; -1: as the stage says */
};

/* Reads "keypoints" or "matches", then maybe a colon and KEY=VALUE,... into c->set; fails with USAGE. */
void read_append(struct ctx *c, const char *text);
/* The stages. The outputs that they use up give way to new ones; they fail when no output fits, or more than one. The
 * shapes of c->graph must be known. */
void append_keypoints(struct ctx *c, const struct append *a);
void append_matches(struct ctx *c, const struct append *a);

/* append.c: what the two stages share. */
/* A node at the end of the model's graph, with n_out outputs of this name and the inputs that follow. Its attributes
 * are to be set before append_infer, which gives the outputs their shapes and returns the first. */
struct node *append_node(
	struct ctx *c, const char *domain, const char *type, const char *name, int n_out, int n_in, ...);
struct value *append_infer(struct ctx *c, struct node *n);
/* Nodes without attributes. */
struct value *append_reshape(struct ctx *c, const char *name, struct value *x, int rank, const int64_t *dim);
struct value *append_binary(struct ctx *c, const char *type, const char *name, struct value *x, struct value *y);
/* x as f32. */
struct value *append_float(struct ctx *c, const char *name, struct value *x);
/* An i64 constant of rank 1. */
struct value *append_ints(struct ctx *c, int n, const int64_t *data);

/* Outputs used[0..n_used) of the model, counted from 0, are replaced by these, which come first. */
void append_outputs(struct ctx *c, int n_used, const int *used, int n_new, struct value *const *new);
/* Does a node that `is` recognises take part in making v, behind the last convolution or matrix product? */
bool append_made_with(struct ctx *c, struct value *v, bool (*is)(struct ctx *c, const struct node *n));
/* Is output i of the model a float tensor of fixed size, and `name` its name or NULL? */
bool append_usable(const struct graph *g, int i, const char *name);
/* Fails when `name` is not NULL and no output of the model has it. */
void append_need_output(struct ctx *c, const char *stage, const char *name);
/* "scores f32[1,480,640], descriptors f32[1,256,60,80]", for messages. */
const char *append_list_outputs(struct ctx *c);

#endif
