/* Running the model on the data: three times, for ranges, histograms and errors. */
#include "calibrate.h"
#include "base/attempt.h"
#include "both_branches.h"
#include "base/progress.h"
#include "run/watch.h"
#include <math.h>
#include <string.h>

enum pass { PASS_RANGE, PASS_COUNT, PASS_ERROR };

static void look_range(const struct value *v, const float *x, const float *beside)
{
	struct activation *a = v->watch->user;
	int64_t n = value_elements(v);

	(void)beside;
	histogram_range(&a->histogram, x, n);
	for (int64_t i = 0; a->most && i + a->channels <= n; i += a->channels)
		for (int64_t k = 0; k < a->channels; k++)
			a->most[k] = fmaxf(a->most[k], fabsf(x[i + k]));
}

static void look_count(const struct value *v, const float *x, const float *beside)
{
	struct activation *a = v->watch->user;

	(void)beside;
	histogram_count(&a->histogram, x, value_elements(v));
}

/* y is the result of the rounded product, `exact` that of the one in float. */
static void look_error(const struct value *v, const float *y, const float *exact)
{
	struct product *p = v->watch->user;
	int64_t n = value_elements(v), inner = 1;

	if (!n)
		return;
	for (int d = 2; is_op(p->node, "Conv") && d < v->rank; d++)
		inner *= v->dim[d];
	for (int64_t i = 0; i < n; i += inner) {
		double *error = &p->error[i / inner % p->outputs];
		for (int64_t k = i; k < i + inner; k++) {
			double e = (double)y[k] - exact[k];
			*error += e;
			p->noise += e * e;
			p->signal += (double)exact[k] * exact[k];
		}
	}
	p->seen += n / p->outputs;
}

static void watch_value(struct ctx *c, struct value *v, const struct watch *w)
{
	struct watch *copy = NEW(c, struct watch, 1);

	*copy = *w;
	v->watch = copy;
}

static struct node *convert_new(
	struct ctx *c, struct graph *g, const struct node *n, const char *type, const struct quantizer *q)
{
	struct node *to = node_new(c, g, n->next, "", type, n, 3, 1);
	uint8_t *zero = NEW(c, uint8_t, 1);

	*zero = q->zero;
	to->in[1] = value_float(c, "scale", q->scale);
	to->in[2] = value_constant(c, "zero", RT_U8, 0, NULL, zero);
	return to;
}

static struct value *output_new(struct ctx *c, struct node *n, enum rt_type type, const struct value *like)
{
	n->out[0] = value_like(c, like->name, type, like);
	n->out[0]->def = n;
	return n->out[0];
}

/* Computes the product again behind n, of rounded numbers, and watches the difference. */
static void add_rounded(struct ctx *c, struct graph *g, struct node *n, struct product *p)
{
	/* Each is inserted right behind n: the last first. */
	struct node *again = node_new(c, g, n->next, "", n->type, n, n->n_in, 1);
	struct node *back = convert_new(c, g, n, "DequantizeLinear", &p->x->quantizer);
	struct node *to = convert_new(c, g, n, "QuantizeLinear", &p->x->quantizer);
	const struct value *w = n->in[1];

	to->in[0] = n->in[0];
	back->in[0] = output_new(c, to, RT_U8, n->in[0]);
	again->attributes = n->attributes;
	again->version = n->version;
	memcpy(again->in, n->in, (size_t)n->n_in * sizeof *n->in);
	again->in[0] = output_new(c, back, RT_F32, n->in[0]);
	again->in[1] = value_constant(c, w->name, RT_F32, w->rank, w->dim, p->rounded);
	watch_value(c, output_new(c, again, RT_F32, n->out[0]),
		&(struct watch){ .look = look_error, .beside = n->out[0], .user = p });
}

static void prepare(struct ctx *c, const struct calibration *k, enum pass pass, struct graph *g)
{
	struct graph *inner[8];

	for (struct node *n = g->first, *next; n; n = next) {
		next = n->next;
		for (int i = node_graphs(n, inner, 8); i-- > 0;)
			prepare(c, k, pass, inner[i]);
		struct product *p = product_of(k, n);
		if (!p || p->left)
			continue;
		if (pass == PASS_ERROR && same_shape(n->in[1], p->node->in[1]))
			add_rounded(c, g, n, p);
		else if (pass != PASS_ERROR && !n->in[0]->watch)
			watch_value(
				c, n->in[0], &(struct watch){ .look = pass == PASS_RANGE ? look_range : look_count, .user = p->x });
	}
}

struct one_run {
	const struct calibration *k;
	enum pass pass;
	int sample;
};

static void run_sample(struct ctx *c, void *user)
{
	const struct one_run *r = user;
	struct value **inputs = r->k->data->load(c, r->k->data, r->sample);

	compute_both_branches(c, c->graph);
	prepare(c, r->k, r->pass, c->graph);
	interpret_fast(c, inputs);
}

static void run_pass(struct ctx *c, const struct calibration *k, enum pass pass)
{
	struct one_run r = { .k = k, .pass = pass };

	for (r.sample = 0; r.sample < k->data->n; r.sample++)
		with_own_memory(c, run_sample, &r);
}

/* What was seen decides on the scales. All values of the model's own input matter as much: pixels at 1 are no rare
 * accident of a layer before. */
static void choose_scales(struct ctx *c, const struct calibration *k)
{
	for (int i = 0; i < k->n_products; i++) {
		struct product *p = &k->products[i];
		struct activation *x = p->x;
		if (p->left)
			continue;
		if (!x->histogram.seen)
			p->left = "no data came to it";
		else if (x->histogram.broken)
			p->left = "its input is not always finite";
		if (p->left)
			continue;
		x->limits = histogram_limits(&x->histogram, x->is_input ? RANGE_MINMAX : k->method, k->percentile);
		x->quantizer = quantizer_for(x->limits);
		round_weights(c, p);
	}
}

/* Takes the mean error of each output from its bias (M. Nagel et al., Data-Free Quantization Through Weight
 * Equalization and Bias Correction, 2019, with data). */
static void correct_biases(const struct calibration *k)
{
	for (int i = 0; i < k->n_products; i++) {
		struct product *p = &k->products[i];
		for (int64_t o = 0; !p->left && p->bias.value && p->seen && o < p->outputs; o++)
			p->bias.value[o] -= (float)(p->error[o] / (double)p->seen);
	}
}

void calibrate_ranges(struct ctx *c, const struct calibration *k)
{
	run_pass(c, k, PASS_RANGE);
}

void calibrate(struct ctx *c, struct calibration *k)
{
	calibrate_ranges(c, k);
	if (k->method != RANGE_MINMAX)
		run_pass(c, k, PASS_COUNT);
	choose_scales(c, k);
	run_pass(c, k, PASS_ERROR);
	if (k->correct_bias)
		correct_biases(k);
}
