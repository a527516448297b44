/* Two products in a row with nothing between them are one: (x A + a) B + b = x (A B) + (a B + b). It pays where A B has
 * no more columns to multiply by than A and B together: the output projection of an attention, say, and the layer that
 * reads it. The new weights are computed in double and rounded once, to half or bfloat16 where the old ones are: what
 * lies between the two is never rounded at all. */
#include "precision/precision.h"
#include <string.h>

enum { X, W, BIAS, X1 };

/* Most multiplications that making weights may take. */
static const int64_t most_work = (int64_t)1 << 32;

/* The weights as floats, before any rounding; NULL when they must stay as they are. */
static const float *plain_weights(const struct value *w)
{
	if (w->is_exact)
		return NULL;
	return w->type == RT_F32 ? w->data : w->unrounded;
}

/* A Linear that computes a plain product for one reader, or NULL. */
static struct node *plain_product(struct ctx *c, const struct value *v)
{
	struct node *n = v->def;

	if (!n || !is_internal(n, "Linear") || v->uses != 1 || v->is_output || *attribute_string(c, n, "act", ""))
		return NULL;
	if (input(n, X1) || input(n, X1 + 1) || !plain_weights(n->in[W]))
		return NULL;
	return n;
}

/* Rows first.. of b [..][n], as many as a has columns, become a b; the others stay. NULL when b's type does not hold
 * the result. */
static struct value *new_weights(struct ctx *c, const struct value *a, const struct value *b, int64_t first)
{
	int64_t rows = a->dim[0], inner = a->dim[1], n = b->dim[1], behind = b->dim[0] - first - inner;
	const float *fa = plain_weights(a), *fb = plain_weights(b) + first * n;
	const char *why;
	float *to = NEW(c, float, (size_t)((first + rows + behind) * n));
	double *row = NEW(c, double, (size_t)n);

	memcpy(to, fb - first * n, (size_t)(first * n) * sizeof *to);
	for (int64_t i = 0; i < rows; i++) {
		memset(row, 0, (size_t)n * sizeof *row);
		for (int64_t k = 0; k < inner; k++)
			for (int64_t j = 0; j < n; j++)
				row[j] += (double)fa[i * inner + k] * (double)fb[k * n + j];
		for (int64_t j = 0; j < n; j++)
			to[(first + i) * n + j] = (float)row[j];
	}
	memcpy(to + (first + rows) * n, fb + inner * n, (size_t)(behind * n) * sizeof *to);
	struct value *w = value_constant(c, b->name, RT_F32, 2, (int64_t[]){ first + rows + behind, n }, to);
	return b->type == RT_F32 ? w : narrow_weights(c, w, b->type, &why);
}

/* a B + b, where B are the rows first.. of w; b may be NULL. */
static struct value *new_bias(
	struct ctx *c, const struct value *a, const struct value *w, int64_t first, const struct value *b)
{
	int64_t inner = value_elements(a), n = w->dim[1];
	const float *fa = constant_floats(c, a), *fw = plain_weights(w), *fb = b ? constant_floats(c, b) : NULL;
	float *to = NEW(c, float, (size_t)n);

	for (int64_t j = 0; j < n; j++) {
		double sum = fb ? (double)fb[j] : 0;
		for (int64_t k = 0; k < inner; k++)
			sum += (double)fa[k] * (double)fw[(first + k) * n + j];
		to[j] = (float)sum;
	}
	return value_constant(c, b ? b->name : a->name, RT_F32, 1, &n, to);
}

static void merge_input(struct ctx *c, struct node *n, int i)
{
	struct node *before = input(n, i) ? plain_product(c, n->in[i]) : NULL;
	struct value *w = n->in[W], *bias = input(n, BIAS);

	/* Inputs side by side are read as one type. */
	if (before && input(n, X1) && before->in[X]->type != n->in[i]->type)
		return;
	if (!before || !plain_weights(w) || before->in[W]->type != w->type || before->precision != n->precision)
		return;
	const struct value *a = before->in[W];
	int64_t rows = a->dim[0], inner = a->dim[1], columns = w->dim[1];
	int64_t first = i == X1 ? n->in[X]->dim[n->in[X]->rank - 1] : 0;
	/* All of them are below 2^31, and so is each product of two that are a tensor's. */
	if (columns == 0 || rows * columns > rows * inner + inner * columns || rows * inner > most_work / columns)
		return;
	struct value *merged = new_weights(c, a, w, first);
	if (!merged)
		return;
	if (input(before, BIAS))
		bias = new_bias(c, before->in[BIAS], w, first, bias);
	n->in[W] = merged;
	n->in[i] = before->in[X];
	if (bias)
		set_input(c, n, BIAS, bias);
	n->origin = arena_text(c, "%s %s", before->origin, n->origin);
}

void merge_products(struct ctx *c, struct node *n)
{
	merge_input(c, n, X);
	merge_input(c, n, X1);
}
