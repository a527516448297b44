/* Post-training quantisation: which products of a model can be computed in 8 bits, between what their inputs lie, and
 * what that costs, from runs of the interpreter on data; and writing it into the model's file.
 *
 * A product is a Conv, a MatMul or a Gemm with constant weights. Its input becomes u8, with a scale and a zero point of
 * the whole tensor; its weights i8, with a scale for each output; its bias, where the operator has one, i32 by the
 * products of these scales. Everything else stays in float. */
#ifndef CALIBRATE_H
#define CALIBRATE_H

#include "data.h"
#include "histogram.h"
#include "onnx/onnx_writer.h"

struct patterns {
	const char *const *pattern; /* as fnmatch takes them, for the names of nodes */
	int n;
};

struct calibration {
	enum range_method method;
	double percentile;
	double balance; /* the exponent of SmoothQuant, 0: none; see balance.h */
	bool correct_bias;
	struct patterns skip, only; /* only.n == 0: all */
	struct calibration_data *data;
	int n_products;
	struct product *products; /* in the order of execution, those that stay in float among them */
};

/* A tensor that products read. */
struct activation {
	struct histogram histogram;
	bool is_input; /* the model's own input, whose values are all as likely to matter */
	struct limits limits;
	struct quantizer quantizer;
	int64_t channels; /* along the last axis, which MatMul and Gemm sum over */
	float *most;      /* the largest magnitude of each of them; NULL for a Conv's */
};

/* Where a product's bias is, and what it will be. */
struct bias {
	const struct node *node; /* the product itself, or the Add behind a MatMul; NULL when there is no place for one */
	int input;               /* of that node */
	int rank;
	int64_t dim[MAX_RANK];
	float *value; /* one for each output */
	bool there;   /* it need not be added */
};

struct product {
	const struct node *node; /* of the graph that was read first, all of which stays in memory */
	const char *left;        /* why it stays in float; NULL: it is quantised */
	struct activation *x;
	int64_t terms, outputs; /* how many products are summed for each element, and the weights' dimension `axis` */
	int axis;
	const float *weight;
	int8_t *integer; /* the weights in 8 bits */
	float *rounded;  /* what these stand for */
	float *scale;    /* [outputs] */
	struct bias bias;
	/* What 8 bits do to the result: sums over all its elements. */
	double signal, noise;
	int64_t seen;  /* elements of each output */
	double *error; /* [outputs] sums of differences */
};

/* products.c: the products of c->graph, whose memory must last. Biases are found, nothing is measured yet. */
void find_products(struct ctx *c, struct calibration *k, const struct onnx_file *file);
/* The product that was read as node n of another graph of the same file; NULL when there is none. */
struct product *product_of(const struct calibration *k, const struct node *n);

/* weights.c: sets integer, rounded and scale of a product whose input has its quantizer; or `left`. */
void round_weights(struct ctx *c, struct product *p);
/* The bias in units of the product's scales. */
const int32_t *round_bias(struct ctx *c, const struct product *p);

/* passes.c: runs the model on all data; then every product has its scales and errors, or a reason in `left`. */
void calibrate(struct ctx *c, struct calibration *k);
/* The first part of it: what the inputs lie between, as a whole and channel by channel. */
void calibrate_ranges(struct ctx *c, const struct calibration *k);

/* write.c: puts the quantised products into the file. */
void write_products(struct ctx *c, const struct calibration *k, struct onnx_file *file);

/* report.c: a line for each product. */
void report_products(const struct calibration *k, FILE *to);
double quantisation_snr(const struct product *p); /* signal to quantisation noise, dB */

#endif
