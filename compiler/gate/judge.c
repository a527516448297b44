/* Matches against the truth. */
#include "side.h"
#include <math.h>

/* A match so near to a homography, in pixels, agrees with it: what OpenCV's findHomography takes by default. */
static const double agree_limit = 3;

static double corner_error(struct ctx *c, const struct picture *a, const struct pair *pair, const struct found *found)
{
	struct correspondence *list = NEW(c, struct correspondence, (size_t)found->n_matches + 1);
	double h[9];

	for (int i = 0; i < found->n_matches; i++)
		list[i] = found->match[i].at;
	if (!homography_search(c, found->n_matches, list, agree_limit, h))
		return INFINITY;
	return homography_corner_error(h, pair->truth.homography, a->width, a->height);
}

void side_judge(struct ctx *c, struct side *side, const struct pairs *pairs)
{
	for (int i = 0; i < pairs->n; i++) {
		const struct pair *pair = &pairs->pair[i];
		struct found *found = &side->found[i];
		if (!pair->has_truth)
			continue;
		for (int k = 0; k < found->n_matches; k++) {
			const struct correspondence *m = &found->match[k].at;
			truth_judge(&pair->truth, m->x0, m->y0, m->x1, m->y1, &found->agreement);
		}
		if (!pair->truth.flow)
			found->corner_error = corner_error(c, &pairs->picture[pair->picture[0]], pair, found);
	}
}
