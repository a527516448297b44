/* Builds the models of one side. */
#include "base/attempt.h"
#include "run/build.h"
#include "cli/cmd_host.h"
#include "parts.h"
#include "side.h"
#include "base/progress.h"
#include <stdlib.h>
#include <string.h>

struct build_job {
	const struct gate_models *models;
	int which;
	const struct picture *first;
	const struct form *extractor;
	char library[4096];
	char *parts; /* from malloc: what is in c->arena goes with the graph */
};

static void build(struct ctx *c, void *user)
{
	struct build_job *job = user;
	const char *library;

	read_model(c);
	take_own_settings(c, job->models, job->which, job->first, job->extractor);
	specialize_model(c);
	take_own_rules(c, job->models, job->which);
	const struct names *names = node_names(c, c->graph);
	build_model(c, &library);
	job->parts = list_parts(c, c->graph, names);
	snprintf(job->library, sizeof job->library, "%s", library);
}

static void build_alone(struct ctx *c, void *user)
{
	with_own_memory(c, build, user);
}

/* Builds one model, with memory of its own. c->set is as it was then, whatever happens. */
static void build_one(
	struct ctx *c, struct build_job *job, const struct gate_options *options, const char *name, struct engine *e)
{
	static const char *const roles[] = { "first", "second" };
	const struct settings *set = &job->models->set[job->which], before = c->set;

	c->set = *set;
	c->set.name = arena_text(c, "%s_%s", name, roles[job->which]);
	c->set.out_dir = build_folder(c);
	const char *own_name = c->set.name;
	progress(c, arena_text(c, "building %s", set->model));
	enum status status = attempt(c, build_alone, job);
	c->set = before;
	e->parts = job->parts ? arena_text(c, "%s", job->parts) : "";
	free(job->parts);
	if (status)
		fail_again(c, status);
	progress_end(c);
	e->host = host_open(c, arena_text(c, "%s", job->library), own_name, options->timeout);
}

static void check_kinds(struct ctx *c, const struct side *side, const struct gate_models *models)
{
	const struct form *first = &side->engine[0].form, *second = side->n > 1 ? &side->engine[1].form : NULL;

	if (second && first->kind == FORM_PIPELINE)
		fail(c, USAGE, "%.300s: finds matches itself, so %.300s has nothing to do", models->set[0].model,
			models->set[1].model);
	if (second && second->kind != FORM_MATCHER)
		fail(c, USAGE, "%.300s: is no matcher", models->set[1].model);
	if (second && second->dimensions != first->dimensions)
		fail(c, USAGE, "%.300s: takes descriptors of %d numbers, but %.300s makes them of %d", models->set[1].model,
			second->dimensions, models->set[0].model, first->dimensions);
}

void side_build(struct ctx *c, struct side *side, const struct pairs *pairs, const struct gate_models *models,
	const struct gate_options *options, const char *name)
{
	for (side->n = 0; side->n < models->n; side->n++) {
		struct engine *e = &side->engine[side->n];
		struct build_job job = { models, side->n, &pairs->picture[pairs->pair[0].picture[0]], &side->engine[0].form, "",
			NULL };
		/* The second model's dimensions follow from the first, which must have been an extractor. */
		if (side->n == 1 && side->engine[0].form.kind != FORM_EXTRACTOR)
			check_kinds(c, &(struct side){ .n = 1, .engine = { side->engine[0] } }, models);
		build_one(c, &job, options, name, e);
		form_of(c, e->host, models->set[side->n].model, &e->form);
	}
	if (models->strict)
		check_all_taken(c, models);
	check_kinds(c, side, models);
}
