/* What a model is calibrated on. */
#include "data.h"
#include "pictures.h"
#include "base/attempt.h"
#include "onnx/dataset.h"
#include "run/interpret.h"
#include "run/isa.h"
#include <string.h>

struct value **interpret_fast(struct ctx *c, struct value *const *inputs)
{
	int isa = asked_isa() ? need_isa(c, "GLUEC_ISA", asked_isa()) : rt_select(NULL);

	/* Constants that are folded meanwhile stay those of portable C. */
	c->isa = isa;
	struct value **results = interpret(c, inputs);
	c->isa = 0;
	return results;
}

static struct value **load_dataset(struct ctx *c, const struct calibration_data *data, int i)
{
	return specialize_for(c, data->paths[i])->inputs;
}

static struct value **load_picture(struct ctx *c, const struct calibration_data *data, int i)
{
	read_model(c);
	int n = data->n_paths / data->n;
	return load_pictures(c, data->wish, data->paths + (ptrdiff_t)i * n, n);
}

static struct value **load_pair(struct ctx *c, const struct calibration_data *data, int i)
{
	return load_matcher(c, &data->extracted[i], &data->extracted[i + 1]);
}

static struct calibration_data *open_datasets(struct ctx *c, const struct calibration_wish *wish)
{
	struct calibration_data *data = NEW(c, struct calibration_data, 1);
	const char *const *found[2] = { NULL, NULL };

	*data = (struct calibration_data){ .load = load_dataset, .wish = wish };
	for (int i = 0; i < wish->n_data; i++) {
		int n = find_datasets(c, wish->data[i], &found[1]);
		const char **all = NEW(c, const char *, (size_t)data->n + (size_t)n);
		if (data->n)
			memcpy(all, found[0], (size_t)data->n * sizeof *all);
		memcpy(all + data->n, found[1], (size_t)n * sizeof *all);
		found[0] = all;
		data->n += n;
	}
	data->paths = found[0];
	return data;
}

struct extraction {
	struct calibration_data *data;
	struct arena *arena; /* for the results */
	int i;
};

static void extract_one(struct ctx *c, void *user)
{
	struct extraction *e = user;
	struct extracted x = extract_picture(c, e->data->wish, e->data->paths[e->i]), *to = &e->data->extracted[e->i];
	struct arena *own = c->arena;

	c->arena = e->arena;
	*to = x;
	to->keypoint = NEW(c, float, (size_t)x.n * 2 + 1);
	to->descriptor = NEW(c, float, (size_t)x.n *(size_t)x.channels + 1);
	memcpy(to->keypoint, x.keypoint, (size_t)x.n * 2 * sizeof *x.keypoint);
	memcpy(to->descriptor, x.descriptor, (size_t)x.n * (size_t)x.channels * sizeof *x.descriptor);
	c->arena = own;
}

/* The extractor is another model, so that of what the user said only the number of keypoints is for it. */
static void extract_all(struct ctx *c, struct calibration_data *data)
{
	const struct settings set = c->set;
	struct extraction e = { .data = data, .arena = c->arena };

	data->extracted = NEW(c, struct extracted, (size_t)data->n_paths);
	c->set = (struct settings){ .model = data->wish->extractor, .top_k = set.top_k, .depth = DEPTH_AS_IS };
	for (e.i = 0; e.i < data->n_paths; e.i++)
		with_own_memory(c, extract_one, &e);
	c->set = set;
	c->set.top_k = 0;
}

static void count_at_once(struct ctx *c, void *user)
{
	read_model(c);
	*(int *)user = pictures_at_once(c);
}

struct calibration_data *open_calibration_data(struct ctx *c, const struct calibration_wish *wish)
{
	if (!wish->images)
		return open_datasets(c, wish);
	struct calibration_data *data = NEW(c, struct calibration_data, 1);
	*data = (struct calibration_data){ .wish = wish };
	int at_once = 2;
	if (!wish->extractor)
		with_own_memory(c, count_at_once, &at_once);
	data->n_paths = find_pictures(c, wish->images, at_once, &data->paths);
	if (wish->extractor) {
		data->load = load_pair;
		data->n = data->n_paths - 1;
		extract_all(c, data);
	} else {
		data->load = load_picture;
		data->n = data->n_paths / at_once;
		data->n_paths = data->n * at_once;
	}
	return data;
}
