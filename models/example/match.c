/* match: finds points of one picture in another with SuperPoint and LightGlue. */
#include "report.h"
#include "lightglue.h"
#include "pool.h"
#include <stdio.h>
#include <string.h>
#include <errno.h>
#include <time.h>

static double milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* Returns the time since *from, and starts over. */
static double lap(double *from)
{
	double before = *from;

	*from = milliseconds();
	return *from - before;
}

static bool read_pictures(const struct options *options, struct picture picture[2], struct problem *problem)
{
	return picture_read(options->picture[0], &picture[0], problem) &&
		   picture_read(options->picture[1], &picture[1], problem);
}

static bool read_truths(
	const struct options *options, const struct picture *a, struct truth truth[2], struct problem *problem)
{
	if (options->homography && !truth_read_homography(options->homography, &truth[0], problem))
		return false;
	return !options->truth || truth_read_flow(options->truth, a->width, a->height, &truth[1], problem);
}

/* The way from pictures to matches: this is what to copy. */
static bool find_matches(struct matcher *matcher, struct report *report, struct problem *problem)
{
	double clock = milliseconds();

	for (int i = 0; i < 2; i++) {
		if (!picture_grey(&report->picture[i], matcher->image, matcher->width, matcher->height))
			return problem_is(problem, OUTCOME_UNUSABLE, "%s: out of memory", report->options->picture[i]);
		report->resize += lap(&clock);
		if (!matcher_extract(matcher, i, problem))
			return false;
		report->extract[i] = lap(&clock);
	}
	bool matched = matcher_match(matcher, problem);
	report->match = lap(&clock);
	return matched;
}

static void judge(const struct report *report, const struct truth *truth, struct agreement *agreement)
{
	struct match m;

	for (int i = 0; i < report->matcher->count; i++)
		if (report_match(report, i, &m))
			truth_judge(truth, m.x0, m.y0, m.x1, m.y1, agreement);
}

static bool tell(struct report *report, const struct truth truth[2], struct problem *problem)
{
	const struct options *options = report->options;
	struct agreement agreement[2] = { { 0 }, { 0 } };
	double clock = milliseconds();

	if (options->out && !report_draw(report, options->out, problem))
		return false;
	report->write = lap(&clock);
	if (options->homography) {
		judge(report, &truth[0], &agreement[0]);
		report->homography = &agreement[0];
	}
	if (options->truth) {
		judge(report, &truth[1], &agreement[1]);
		report->truth = &agreement[1];
	}
	return report_print(report) || problem_is(problem, OUTCOME_IO, "standard output: %s", strerror(errno));
}

static bool work(const struct options *options, const struct gluec_options *how, struct problem *problem)
{
	struct picture picture[2] = { { 0 }, { 0 } };
	struct truth truth[2] = { { .flow = NULL }, { .flow = NULL } };
	struct matcher matcher = { 0 };
	struct report report = { .options = options, .matcher = &matcher, .picture = picture };
	double clock = milliseconds();

	bool done = read_pictures(options, picture, problem);
	report.read = lap(&clock);
	done = done && read_truths(options, &picture[0], truth, problem) &&
		   matcher_make(&matcher, superpoint_model(), lightglue_model(), how, problem) &&
		   find_matches(&matcher, &report, problem) && tell(&report, truth, problem);
	matcher_free(&matcher);
	for (int i = 0; i < 2; i++) {
		truth_free(&truth[i]);
		picture_free(&picture[i]);
	}
	return done;
}

int main(int argc, char **argv)
{
	struct options options;
	struct problem problem = { .outcome = OUTCOME_DONE };
	int status = options_read(&options, argc, argv);

	if (status >= 0)
		return status;
	struct gluec_pool *pool = gluec_pool_create(options.threads);
	struct gluec_options how = { .isa = options.isa };
	if (pool) {
		how.parallel_for = gluec_pool_for;
		how.pool = pool;
	}
	if (!work(&options, &how, &problem))
		fprintf(stderr, "match: %s\n", problem.text);
	gluec_pool_destroy(pool);
	return problem.outcome;
}
