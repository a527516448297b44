#include "matcher.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_ALIGNMENT = 64 };

static const char *status_text(enum gluec_status status)
{
	switch (status) {
	case GLUEC_OK:
		return "done";
	case GLUEC_NULL_POINTER:
		return "a tensor is missing";
	case GLUEC_UNALIGNED:
		return "the arena is not aligned";
	case GLUEC_ARENA_TOO_SMALL:
		return "the arena is too small";
	case GLUEC_NO_SUCH_ISA:
		return "the object or this machine lacks that instruction set";
	case GLUEC_WEIGHTS_DAMAGED:
		return "its weights are damaged";
	case GLUEC_CAPACITY_EXCEEDED:
		return "an output has more elements than there is room for";
	}
	return "unknown status";
}

/* What a tensor must be. A size that is pointed to is filled in by the first tensor that has it, and must be the same
 * in all others; one that is not must be `fixed`. Rank SINGLE is one element of any rank. */
struct wanted {
	const char *name, *type;
	int rank;
	int *dim[4];
	int fixed[4];
};

enum { SINGLE = -1 };

static bool fits(const struct gluec_tensor *tensor, const struct wanted *wanted)
{
	if (strcmp(tensor->type, wanted->type) != 0)
		return false;
	if (wanted->rank == SINGLE)
		return tensor->bytes == sizeof(int32_t);
	if (tensor->rank != wanted->rank)
		return false;
	for (int i = 0; i < wanted->rank; i++) {
		if (!wanted->dim[i]) {
			if (tensor->dim[i] != wanted->fixed[i])
				return false;
			continue;
		}
		if (*wanted->dim[i] == 0)
			*wanted->dim[i] = tensor->dim[i];
		if (tensor->dim[i] <= 0 || tensor->dim[i] != *wanted->dim[i])
			return false;
	}
	return true;
}

/* Finds each wanted tensor by name and checks it; the lists must have nothing else. */
static bool find(const struct gluec_model *model, const struct gluec_tensor *list, int count,
	const struct wanted *wanted, int wanted_count, int *place, struct problem *problem)
{
	if (count != wanted_count)
		return problem_is(problem, OUTCOME_UNUSABLE, "model %s: it has %d tensors where %d were expected ('%s' ...)",
			model->name, count, wanted_count, wanted->name);
	for (int i = 0; i < wanted_count; i++) {
		place[i] = -1;
		for (int j = 0; j < count; j++)
			if (strcmp(list[j].name, wanted[i].name) == 0)
				place[i] = j;
		if (place[i] < 0)
			return problem_is(problem, OUTCOME_UNUSABLE, "model %s: no tensor '%s'", model->name, wanted[i].name);
		if (!fits(&list[place[i]], &wanted[i]))
			return problem_is(problem, OUTCOME_UNUSABLE,
				"model %s: '%s' has the wrong type or shape; compile both models for the same number of keypoints",
				model->name, wanted[i].name);
	}
	return true;
}

static bool check_models(struct matcher *m, struct problem *problem)
{
	int *k = &m->count, *c = &m->channels, place;
	const struct wanted image = { "image", "f32", 4, { NULL, NULL, &m->height, &m->width }, { 1, 1 } };
	const struct wanted sp_output[SP_OUTPUTS] = {
		[SP_KEYPOINTS] = { "keypoints", "i32", 3, { NULL, k, NULL }, { 1, 0, 2 } },
		[SP_SCORES] = { "scores", "f32", 2, { NULL, k }, { 1 } },
		[SP_DESCRIPTORS] = { "descriptors", "f32", 3, { NULL, k, c }, { 1 } },
	};
	const struct wanted lg_input[LG_INPUTS] = {
		[LG_KEYPOINTS] = { "keypoints", "f32", 3, { NULL, k, NULL }, { 2, 0, 2 } },
		[LG_DESCRIPTORS] = { "descriptors", "f32", 3, { NULL, k, c }, { 2 } },
	};
	const struct wanted lg_output[LG_OUTPUTS] = {
		[LG_MATCHES] = { "matches0", "i32", 2, { NULL, k }, { 1 } },
		[LG_SCORES] = { "mscores0", "f32", 2, { NULL, k }, { 1 } },
		[LG_DEPTH] = { "depth", "i32", SINGLE, { NULL }, { 0 } },
	};

	return find(m->superpoint, m->superpoint->input, m->superpoint->inputs, &image, 1, &place, problem) &&
		   find(m->superpoint, m->superpoint->output, m->superpoint->outputs, sp_output, SP_OUTPUTS, m->sp_output,
			   problem) &&
		   find(m->lightglue, m->lightglue->input, m->lightglue->inputs, lg_input, LG_INPUTS, m->lg_input, problem) &&
		   find(
			   m->lightglue, m->lightglue->output, m->lightglue->outputs, lg_output, LG_OUTPUTS, m->lg_output, problem);
}

static bool allocate(struct matcher *m, struct problem *problem)
{
	size_t count = (size_t)m->count, channels = (size_t)m->channels;
	size_t sp = m->superpoint->arena_bytes, lg = m->lightglue->arena_bytes;

	m->arena_bytes = sp > lg ? sp : lg;
	/* aligned_alloc wants a multiple of the alignment, and more than nothing. */
	m->arena_bytes += ARENA_ALIGNMENT - m->arena_bytes % ARENA_ALIGNMENT;
	m->arena = aligned_alloc(ARENA_ALIGNMENT, m->arena_bytes);
	m->image = malloc((size_t)m->width * (size_t)m->height * sizeof *m->image);
	m->keypoint = malloc(2 * count * 2 * sizeof *m->keypoint);
	m->score = malloc(2 * count * sizeof *m->score);
	m->descriptor = malloc(2 * count * channels * sizeof *m->descriptor);
	m->place = malloc(2 * count * 2 * sizeof *m->place);
	m->match = malloc(count * sizeof *m->match);
	m->match_score = malloc(count * sizeof *m->match_score);
	if (m->arena && m->image && m->keypoint && m->score && m->descriptor && m->place && m->match && m->match_score)
		return true;
	return problem_is(problem, OUTCOME_UNUSABLE, "out of memory for the models' tensors");
}

bool matcher_make(struct matcher *m, const struct gluec_model *superpoint, const struct gluec_model *lightglue,
	const struct gluec_options *options, struct problem *problem)
{
	*m = (struct matcher){ .superpoint = superpoint, .lightglue = lightglue, .options = *options };
	const struct gluec_model *models[2] = { m->superpoint, m->lightglue };

	for (int i = 0; i < 2; i++) {
		enum gluec_status status = models[i]->init();
		if (status != GLUEC_OK)
			return problem_is(problem, OUTCOME_UNUSABLE, "model %s: %s", models[i]->name, status_text(status));
	}
	return check_models(m, problem) && allocate(m, problem);
}

static bool no_such_isa(const struct gluec_model *model, const char *isa, struct problem *problem)
{
	char levels[128] = "";

	for (int i = 0; model->isa[i]; i++) {
		size_t used = strlen(levels);
		snprintf(levels + used, sizeof levels - used, " %s", model->isa[i]);
	}
	return problem_is(problem, OUTCOME_UNUSABLE,
		"model %s: it was not built for '%s', or this machine lacks it; built for:%s", model->name, isa, levels);
}

static bool run(struct matcher *m, const struct gluec_model *model, const void *const *input, void *const *output,
	struct problem *problem)
{
	enum gluec_status status = model->run(input, output, m->arena, m->arena_bytes, &m->options);

	if (status == GLUEC_OK)
		return true;
	if (status == GLUEC_NO_SUCH_ISA && m->options.isa)
		return no_such_isa(model, m->options.isa, problem);
	return problem_is(problem, OUTCOME_UNUSABLE, "model %s: %s", model->name, status_text(status));
}

bool matcher_extract(struct matcher *m, int which, struct problem *problem)
{
	size_t first = (size_t)which * (size_t)m->count;
	const void *input[1] = { m->image };
	void *output[SP_OUTPUTS];

	output[m->sp_output[SP_KEYPOINTS]] = m->keypoint + first * 2;
	output[m->sp_output[SP_SCORES]] = m->score + first;
	output[m->sp_output[SP_DESCRIPTORS]] = m->descriptor + first * (size_t)m->channels;
	if (!run(m, m->superpoint, input, output, problem))
		return false;
	/* LightGlue was trained on 2 k / size - 1, in which a pixel's coordinate is that of its centre. */
	for (int i = 0; i < m->count; i++) {
		const int32_t *k = m->keypoint + (first + (size_t)i) * 2;
		float *to = m->place + (first + (size_t)i) * 2;
		to[0] = 2 * (float)k[0] / (float)m->width - 1;
		to[1] = 2 * (float)k[1] / (float)m->height - 1;
	}
	return true;
}

bool matcher_match(struct matcher *m, struct problem *problem)
{
	const void *input[LG_INPUTS];
	void *output[LG_OUTPUTS];

	input[m->lg_input[LG_KEYPOINTS]] = m->place;
	input[m->lg_input[LG_DESCRIPTORS]] = m->descriptor;
	output[m->lg_output[LG_MATCHES]] = m->match;
	output[m->lg_output[LG_SCORES]] = m->match_score;
	output[m->lg_output[LG_DEPTH]] = &m->depth;
	return run(m, m->lightglue, input, output, problem);
}

int matcher_partner(const struct matcher *m, int i)
{
	int j = m->match[i];

	return j >= 0 && j < m->count && matcher_detected(m, 0, i) && matcher_detected(m, 1, j) ? j : -1;
}

void matcher_free(struct matcher *m)
{
	free(m->arena);
	free(m->image);
	free(m->keypoint);
	free(m->score);
	free(m->descriptor);
	free(m->place);
	free(m->match);
	free(m->match_score);
}
