/* Moving range from activations to weights. */
#include "balance.h"
#include <math.h>
#include <string.h>

/* Channels of an activation and what makes them. */
struct source {
	const struct node *norm; /* a LayerNormalization, or */
	struct product *layer;   /* a linear layer; both NULL: something else, which stays as it is */
	int64_t first, n;
};

static bool is_vector(const struct value *v, int64_t n)
{
	return v && v->data && v->type == RT_F32 && v->rank == 1 && v->dim[0] == n;
}

static bool is_norm(struct ctx *c, const struct onnx_file *f, const struct node *n, int64_t channels)
{
	if (!is_op(n, "LayerNormalization") || !is_vector(n->in[1], channels) || !onnx_file_has(f, n))
		return false;
	for (int i = 1; i < n->n_out; i++)
		if (is_read(n, i))
			return false;
	int64_t axis = attribute_int(c, n, "axis", -1);
	return (axis == -1 || axis == n->in[0]->rank - 1) && (!input(n, 2) || is_vector(n->in[2], channels));
}

/* The layer whose result, with its bias, v is. */
static struct product *layer_of(const struct calibration *k, const struct value *v)
{
	for (int i = 0; i < k->n_products; i++) {
		struct product *p = &k->products[i];
		if (p->left || is_op(p->node, "Conv"))
			continue;
		if (p->node == v->def ? p->bias.node == p->node || !p->bias.node : p->bias.node == v->def)
			return p;
	}
	return NULL;
}

static struct source find_source(
	struct ctx *c, const struct calibration *k, const struct onnx_file *f, const struct value *v, int64_t first)
{
	struct source s = { .first = first, .n = v->dim[v->rank - 1] };

	if (is_op(v->def, "Relu") && v->def->in[0]->uses == 1 && !v->def->in[0]->is_output)
		v = v->def->in[0];
	if (is_norm(c, f, v->def, s.n))
		s.norm = v->def;
	else if (v->def)
		s.layer = layer_of(k, v);
	/* A bias that is no constant cannot be divided. */
	if (s.layer && input(s.layer->node, 2) && !s.layer->bias.node)
		s.layer = NULL;
	return s;
}

/* Does nothing but quantised linear layers read v? */
static bool feeds_layers(const struct calibration *k, const struct value *v)
{
	int readers = 0;

	for (int i = 0; i < k->n_products; i++) {
		const struct product *p = &k->products[i];
		readers += !p->left && p->node->in[0] == v && !is_op(p->node, "Conv");
	}
	return !v->is_output && readers == v->uses;
}

static int find_sources(struct ctx *c, const struct calibration *k, const struct onnx_file *f, const struct value *v,
	struct source *to, int most)
{
	const struct node *n = v->def;
	int64_t first = 0, axis;
	int count = 0;

	if (!is_op(n, "Concat")) {
		to[0] = find_source(c, k, f, v, 0);
		return 1;
	}
	axis = attribute_int(c, n, "axis", 0);
	if ((axis < 0 ? axis + v->rank : axis) != v->rank - 1)
		return 0;
	for (int i = 0; i < n->n_in && count < most; i++) {
		const struct value *part = n->in[i];
		if (part->uses == 1 && !part->is_output)
			to[count++] = find_source(c, k, f, part, first);
		first += part->dim[part->rank - 1];
	}
	return count;
}

/* The element of row j (an input channel) and output o. */
static int64_t place(const struct product *p, int64_t j, int64_t o)
{
	return p->axis == 0 ? o * p->terms + j : j * p->outputs + o;
}

/* The largest weight that any layer has for channel j of v. */
static float largest_weight(const struct calibration *k, const struct value *v, int64_t j)
{
	float most = 0;

	for (int i = 0; i < k->n_products; i++) {
		const struct product *p = &k->products[i];
		for (int64_t o = 0; !p->left && p->node->in[0] == v && o < p->outputs; o++)
			most = fmaxf(most, fabsf(p->weight[place(p, j, o)]));
	}
	return most;
}

/* s[j] for the source's channels, 1 where a channel is always 0 or never read. */
static void choose_factors(
	const struct calibration *k, const struct value *v, const float *seen, const struct source *source, float *s)
{
	enum { LARGEST = 1000 };
	double sum = 0;

	for (int64_t j = source->first; j < source->first + source->n; j++) {
		float weight = largest_weight(k, v, j);
		double x = pow(seen[j], k->balance) / pow(weight, 1 - k->balance);
		s[j] = isnormal(seen[j]) && isnormal(weight) && isfinite(x) ? (float)x : 1;
		sum += log(s[j]);
	}
	float mean = (float)exp(sum / (double)source->n);
	for (int64_t j = source->first; j < source->first + source->n; j++)
		s[j] = fminf(fmaxf(s[j] / mean, 1.0f / LARGEST), LARGEST);
}

static float *own_weights(struct ctx *c, struct product *p)
{
	size_t n = (size_t)(p->terms * p->outputs);
	float *copy = NEW(c, float, n);

	memcpy(copy, p->weight, n * sizeof *copy);
	p->weight = copy;
	return copy;
}

static void replace_weights(struct onnx_file *f, const struct product *p)
{
	const struct value *w = p->node->in[1];

	onnx_file_replace(f, p->node, 1, &(struct onnx_constant){ RT_F32, w->rank, w->dim, p->weight, 0, NULL });
}

static void divide_layer(struct ctx *c, struct onnx_file *f, const struct source *source, const float *s)
{
	struct product *p = source->layer;
	struct bias *b = &p->bias;
	float *w = own_weights(c, p);

	for (int64_t o = 0; o < p->outputs; o++) {
		for (int64_t j = 0; j < p->terms; j++)
			w[place(p, j, o)] /= s[source->first + o];
		if (b->there)
			b->value[o] /= s[source->first + o];
	}
	replace_weights(f, p);
	if (b->there)
		onnx_file_replace(f, b->node, b->input, &(struct onnx_constant){ RT_F32, b->rank, b->dim, b->value, 0, NULL });
}

static void divide_norm(struct ctx *c, struct onnx_file *f, const struct source *source, const float *s)
{
	const struct node *n = source->norm;

	for (int i = 1; i <= 2; i++) {
		if (!input(n, i))
			continue;
		const float *old = constant_floats(c, n->in[i]);
		float *data = NEW(c, float, (size_t)source->n);
		for (int64_t j = 0; j < source->n; j++)
			data[j] = old[j] / s[source->first + j];
		onnx_file_replace(f, n, i, &(struct onnx_constant){ RT_F32, 1, &source->n, data, 0, NULL });
	}
}

/* The rows of all layers that read v. */
static void multiply_readers(
	struct ctx *c, struct calibration *k, struct onnx_file *f, const struct value *v, const float *s)
{
	for (int i = 0; i < k->n_products; i++) {
		struct product *p = &k->products[i];
		if (p->left || p->node->in[0] != v)
			continue;
		float *w = own_weights(c, p);
		for (int64_t j = 0; j < p->terms; j++)
			for (int64_t o = 0; o < p->outputs; o++)
				w[place(p, j, o)] *= s[j];
		replace_weights(f, p);
	}
}

static bool balance_input(struct ctx *c, struct calibration *k, struct onnx_file *f, const struct product *p)
{
	enum { MOST = 16 };
	const struct value *v = p->node->in[0];
	struct source sources[MOST];
	float *s = NEW(c, float, (size_t)p->terms + 1);
	bool found = false;

	if (!feeds_layers(k, v) || p->x->histogram.broken || !p->x->histogram.seen)
		return false;
	for (int64_t j = 0; j < p->terms; j++)
		s[j] = 1;
	int n = find_sources(c, k, f, v, sources, MOST);
	for (int i = 0; i < n; i++) {
		if (!sources[i].norm && !sources[i].layer)
			continue;
		choose_factors(k, v, p->x->most, &sources[i], s);
		if (sources[i].norm)
			divide_norm(c, f, &sources[i], s);
		else
			divide_layer(c, f, &sources[i], s);
		found = true;
	}
	if (found)
		multiply_readers(c, k, f, v, s);
	return found;
}

int balance_layers(struct ctx *c, struct calibration *k, struct onnx_file *file)
{
	int count = 0;

	for (int i = 0; i < k->n_products; i++) {
		const struct product *p = &k->products[i];
		bool first = !p->left && p->x->most && !is_op(p->node, "Conv");
		for (int other = 0; first && other < i; other++)
			first = k->products[other].left || k->products[other].node->in[0] != p->node->in[0];
		count += first && balance_input(c, k, file, p);
	}
	return count;
}
