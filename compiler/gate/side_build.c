/* Builds the models of one side. */
#include "base/attempt.h"
#include "run/build.h"
#include "cli/cmd_host.h"
#include "parts.h"
#include "side.h"
#include "base/progress.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct build_job {
	const struct gate_models *models;
	int which;
	const struct picture *first;
	const struct form *extractor;
	bool with_parts;
	char library[4096];
	char *parts; /* from malloc: what is in c->arena goes with the graph */
};

static void build(struct ctx *c, void *user)
{
	struct build_job *job = user;
	const struct names *names = NULL;
	const char *library;

	read_model(c);
	take_own_settings(c, job->models, job->which, job->first, job->extractor);
	specialize_model(c);
	take_own_rules(c, job->models, job->which);
	if (job->with_parts)
		names = node_names(c, c->graph);
	build_model(c, &library);
	if (names)
		job->parts = list_parts(c, c->graph, names);
	snprintf(job->library, sizeof job->library, "%s", library);
}

static void build_alone(struct ctx *c, void *user)
{
	with_own_memory(c, build, user);
}

/* Builds one model, with memory of its own. c->set is as it was then, whatever happens. */
static void run_job(struct ctx *c, struct build_job *job, const char *name)
{
	const struct settings *set = &job->models->set[job->which], before = c->set;

	c->set = *set;
	c->set.name = name;
	c->set.out_dir = build_folder(c);
	progress(c, arena_text(c, "building %s", set->model));
	enum status status = attempt(c, build_alone, job);
	c->set = before;
	if (status)
		fail_again(c, status);
	progress_end(c);
}

/* Builds the model that the job is for and keeps it, in memory of g's. The library goes where the next one of this name
 * does not overwrite it, but the one whose place this build takes is overwritten. */
static const struct build *build_new(
	struct ctx *c, struct gate *g, struct build_job *job, const struct build_key *key, bool is_reference)
{
	static const char *const roles[] = { "first", "second" };
	struct arena *own = c->arena;

	c->arena = g->pairs->arena;
	const char *name = arena_text(c, "%s_%s", is_reference ? "reference" : "candidate", roles[job->which]);
	run_job(c, job, name);
	struct build *b = new_build(c, &g->builds, key);
	const char *library = arena_text(c, "%s/kept%d.so", build_folder(c), (int)(b - g->builds.list));
	if (rename(job->library, library))
		fail(c, IO_FAILED, "%.300s: cannot be made: %s", library, strerror(errno));
	b->parts = job->parts ? arena_text(c, "%s", job->parts) : NULL;
	free(job->parts);
	const struct host *host = host_open(c, library, name, g->options.timeout);
	form_of(c, host, key->set->model, &b->form);
	b->reference = is_reference;
	b->host = host;
	c->arena = own;
	return b;
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

void side_build(struct ctx *c, struct gate *g, struct side *side, const struct gate_models *models, bool with_parts)
{
	const struct pairs *pairs = g->pairs;

	for (side->n = 0; side->n < models->n; side->n++) {
		const struct form *extractor = &side->engine[0].form;
		struct build_job job = { models, side->n, &pairs->picture[pairs->pair[0].picture[0]], extractor, with_parts, "",
			NULL };
		struct build_key key = { &models->set[side->n], side->n, models->n, 0, 0 };
		/* The second model's dimensions follow from the first, which must have been an extractor. */
		if (side->n == 1 && extractor->kind != FORM_EXTRACTOR)
			check_kinds(c, &(struct side){ .n = 1, .engine = { side->engine[0] } }, models);
		if (side->n == 1) {
			key.points = extractor->points[0];
			key.dimensions = extractor->dimensions;
		}
		const struct build *b = find_build(&g->builds, &key, with_parts);
		if (!b)
			b = build_new(c, g, &job, &key, side == &g->reference);
		side->engine[side->n] = (struct engine){ .host = b->host, .form = b->form, .parts = b->parts };
	}
	if (models->strict)
		check_all_taken(c, models);
	check_kinds(c, side, models);
}
