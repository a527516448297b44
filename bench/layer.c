/* One layer's shape and weights: see layer.h. */
#include "layer.h"
#include "bench.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void set_weights(struct layer *l, int64_t sum_length, int64_t outputs)
{
	l->weights = sum_length * outputs;
	l->weight = bench_memory((size_t)l->weights, sizeof *l->weight);
	l->bias = bench_memory((size_t)outputs, sizeof *l->bias);
	bench_random(l->weight, (size_t)l->weights, 101);
	bench_random(l->bias, (size_t)outputs, 102);
	for (int64_t i = 0; i < l->weights; i++)
		l->weight[i] /= sqrtf((float)sum_length);
}

static void set_shape(
	struct layer *l, int inputs, int64_t outputs, int rank, int64_t a, int64_t b, int64_t c, int64_t d)
{
	l->inputs = inputs;
	l->outputs = outputs;
	l->rank = rank;
	memcpy(l->dim, (int64_t[]){ a, b, c, d }, sizeof l->dim);
}

void layer_read(struct layer *l, int n, char **words)
{
	static const struct {
		const char *name;
		int numbers;
	} kinds[] = { { "conv", 5 }, { "linear", 3 }, { "attention", 3 } };
	int kind = 0;

	while (kind < 3 && n > 0 && strcmp(words[0], kinds[kind].name) != 0)
		kind++;
	if (n < 1 || kind == 3 || n - 1 != kinds[kind].numbers)
		die("conv H W C OC KERNEL, linear M K N or attention HEADS N D");
	*l = (struct layer){ .kind = (enum layer_kind)kind };
	for (int i = 1; i < n; i++) {
		l->size[i - 1] = atoll(words[i]);
		if (l->size[i - 1] < 1 || l->size[i - 1] > 1 << 16)
			die("'%s' is no size", words[i]);
	}
	const int64_t *s = l->size;
	switch (l->kind) {
	case LAYER_CONV:
		set_shape(l, 1, s[3], 4, 1, s[0], s[1], s[2]);
		set_weights(l, s[2] * s[4] * s[4], s[3]);
		l->operations = 2.0 * (double)(s[0] * s[1]) * (double)l->weights;
		break;
	case LAYER_LINEAR:
		set_shape(l, 1, s[2], 2, s[0], s[1], 1, 1);
		set_weights(l, s[1], s[2]);
		l->operations = 2.0 * (double)s[0] * (double)l->weights;
		break;
	case LAYER_ATTENTION:
		set_shape(l, 3, s[2], 4, 1, s[0], s[1], s[2]);
		l->operations = 4.0 * (double)s[0] * (double)s[1] * (double)s[1] * (double)s[2];
		break;
	}
}

float *layer_input(const struct layer *l, int i, int64_t *elements)
{
	*elements = 1;
	for (int d = 0; d < l->rank; d++)
		*elements *= l->dim[d];
	float *x = bench_memory((size_t)*elements, sizeof *x);
	bench_random(x, (size_t)*elements, (uint32_t)i + 1);
	return x;
}
