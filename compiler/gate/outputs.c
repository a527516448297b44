/* Reads what models put out: keypoints with scores and descriptors, and matches. */
#include "engine.h"
#include <math.h>
#include <string.h>

/* An output of one call, in memory that its elements are aligned in. */
static struct value output_of(struct ctx *c, const struct host *h, const char *outputs, int index)
{
	struct value v = { .name = h->output[index].name, .type = h->output[index].type };
	size_t bytes = h->output[index].bytes;
	char *copy = arena_get(c, bytes + 1, 1);

	for (int i = 0; i < index; i++)
		outputs += h->output[i].bytes;
	v.data = memcpy(copy, outputs, bytes);
	return v;
}

/* How much of an output is used along the dimension that depends on the data; `most` where none does. */
static int used(struct ctx *c, const struct host *h, const char *outputs, int index, int most)
{
	int count = h->output[index].count;

	if (count < 0 || !h->output[count].bytes)
		return most;
	struct value v = output_of(c, h, outputs, count);
	int64_t n = constant_int(&v, 0);
	return n < 0 ? 0 : n > most ? most : (int)n;
}

struct features read_features(struct ctx *c, const struct engine *e, const char *outputs, int which)
{
	const struct form *form = &e->form;
	const struct slot *at = &form->keypoints[which], *score = &form->scores[which], *d = &form->descriptors[which];
	struct features f = { .n = used(c, e->host, outputs, at->tensor, form->points[which]) };
	struct value v = output_of(c, e->host, outputs, at->tensor);

	f.at = (double(*)[2])NEW(c, double, 2 * (size_t)f.n + 1);
	f.detected = NEW(c, bool, (size_t)f.n + 1);
	for (int i = 0; i < f.n; i++) {
		for (int k = 0; k < 2; k++)
			f.at[i][k] = constant_real(&v, (int64_t)at->first + 2 * i + k);
		f.detected[i] = isfinite(f.at[i][0]) && isfinite(f.at[i][1]);
	}
	if (score->tensor >= 0) {
		v = output_of(c, e->host, outputs, score->tensor);
		f.score = NEW(c, double, (size_t)f.n + 1);
		for (int i = 0; i < f.n; i++) {
			f.score[i] = constant_real(&v, (int64_t)score->first + i);
			f.detected[i] &= f.score[i] > 0;
		}
	}
	if (form->kind != FORM_EXTRACTOR)
		return f;
	f.dimensions = form->dimensions;
	size_t n = (size_t)f.n * (size_t)f.dimensions;
	f.descriptors = NEW(c, float, n + 1);
	v = output_of(c, e->host, outputs, d->tensor);
	for (size_t i = 0; i < n; i++)
		f.descriptors[i] = (float)constant_real(&v, (int64_t)(d->first + i));
	return f;
}

int read_matches(struct ctx *c, const struct engine *e, const char *outputs, struct index_match **list)
{
	const struct form *form = &e->form;
	const struct host_tensor *t = &e->host->output[form->matches];
	struct value v = output_of(c, e->host, outputs, form->matches), scores = { .data = NULL };
	int width = form->list == MATCH_PARTNERS ? 1 : form->list == MATCH_PAIRS ? 2 : 3, found = 0;
	int most = (int)(t->bytes / rt_type_size(t->type)) / width, n = used(c, e->host, outputs, form->matches, most);

	*list = NEW(c, struct index_match, (size_t)n + 1);
	if (form->match_scores >= 0)
		scores = output_of(c, e->host, outputs, form->match_scores);
	for (int i = 0; i < n; i++) {
		int64_t a = width == 1 ? i : constant_int(&v, (int64_t)width * (i + 1) - 2);
		int64_t b = constant_int(&v, (int64_t)width * (i + 1) - 1);
		if (a < 0 || b < 0 || a >= form->points[0] || b >= form->points[1])
			continue;
		(*list)[found++] = (struct index_match){ (int)a, (int)b, scores.data ? constant_real(&scores, i) : 1 };
	}
	return found;
}
