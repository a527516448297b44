#include "report.h"
#include <stdio.h>

void report_keypoint(const struct report *report, int which, int i, double *x, double *y)
{
	const struct matcher *m = report->matcher;
	const int32_t *k = m->keypoint + ((size_t)which * (size_t)m->count + (size_t)i) * 2;

	*x = rescaled(k[0], m->width, report->picture[which].width);
	*y = rescaled(k[1], m->height, report->picture[which].height);
}

bool report_match(const struct report *report, int i, struct match *match)
{
	int j = matcher_partner(report->matcher, i);

	if (j < 0)
		return false;
	report_keypoint(report, 0, i, &match->x0, &match->y0);
	report_keypoint(report, 1, j, &match->x1, &match->y1);
	match->score = report->matcher->match_score[i];
	return true;
}

static int keypoints(const struct report *report, int which)
{
	int count = 0;

	for (int i = 0; i < report->matcher->count; i++)
		count += matcher_detected(report->matcher, which, i);
	return count;
}

static int matches(const struct report *report)
{
	struct match match;
	int count = 0;

	for (int i = 0; i < report->matcher->count; i++)
		count += report_match(report, i, &match);
	return count;
}

static void print_agreement(const char *name, const struct agreement *a)
{
	if (!a)
		return;
	printf("%-10s  %d of %d matches within 3 px (%.1f %%), %d within 1 px, %d within 5 px", name, a->within3,
		a->matches, a->matches ? 100.0 * a->within3 / a->matches : 0.0, a->within1, a->within5);
	if (a->unknown)
		printf("; %d start where B does not show the point", a->unknown);
	putchar('\n');
}

static void print_text(const struct report *r)
{
	for (int i = 0; i < 2; i++)
		printf("%-10s  %s, %d x %d, %d keypoints\n", i ? "picture B" : "picture A", r->options->picture[i],
			r->picture[i].width, r->picture[i].height, keypoints(r, i));
	printf("%-10s  %d, after %d layers\n", "matches", matches(r), (int)r->matcher->depth);
	print_agreement("homography", r->homography);
	print_agreement("truth", r->truth);
	printf("%-10s  read %.1f, resize %.1f, extract %.1f + %.1f, match %.1f, write %.1f ms; threads: %d\n", "time",
		r->read, r->resize, r->extract[0], r->extract[1], r->match, r->write, r->options->threads);
	if (r->options->out)
		printf("%-10s  %s\n", "drawn", r->options->out);
}

static void print_csv(const struct report *r)
{
	struct match m;

	puts("x0,y0,x1,y1,score");
	for (int i = 0; i < r->matcher->count; i++)
		if (report_match(r, i, &m))
			printf("%.3f,%.3f,%.3f,%.3f,%.6f\n", m.x0, m.y0, m.x1, m.y1, m.score);
}

/* Prints a JSON string. File names are bytes; those that are not ASCII are passed on as they are. */
static void json_string(const char *text)
{
	putchar('"');
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		if (c < 32)
			printf("\\u%04x", c);
		else if (c == '"' || c == '\\')
			printf("\\%c", c);
		else
			putchar(c);
	}
	putchar('"');
}

static void json_picture(const struct report *r, int which)
{
	const char *separator = "\n";

	printf("\"%c\": {\"file\": ", "ab"[which]);
	json_string(r->options->picture[which]);
	printf(", \"width\": %d, \"height\": %d, \"keypoints\": [", r->picture[which].width, r->picture[which].height);
	for (int i = 0; i < r->matcher->count; i++) {
		double x, y;
		if (!matcher_detected(r->matcher, which, i))
			continue;
		report_keypoint(r, which, i, &x, &y);
		printf("%s{\"x\": %.3f, \"y\": %.3f, \"score\": %.6f}", separator, x, y,
			r->matcher->score[which * r->matcher->count + i]);
		separator = ",\n";
	}
	printf("]},\n");
}

static void json_agreement(const char *name, const struct agreement *a)
{
	if (a)
		printf(
			"\"%s\": {\"matches\": %d, \"within_1px\": %d, \"within_3px\": %d, \"within_5px\": %d, \"unknown\": %d},\n",
			name, a->matches, a->within1, a->within3, a->within5, a->unknown);
}

static void print_json(const struct report *r)
{
	const char *separator = "\n";
	struct match m;

	printf("{");
	json_picture(r, 0);
	json_picture(r, 1);
	printf("\"layers\": %d,\n\"matches\": [", (int)r->matcher->depth);
	for (int i = 0; i < r->matcher->count; i++) {
		if (!report_match(r, i, &m))
			continue;
		printf("%s{\"x0\": %.3f, \"y0\": %.3f, \"x1\": %.3f, \"y1\": %.3f, \"score\": %.6f}", separator, m.x0, m.y0,
			m.x1, m.y1, m.score);
		separator = ",\n";
	}
	printf("],\n");
	json_agreement("homography", r->homography);
	json_agreement("truth", r->truth);
	printf("\"milliseconds\": {\"read\": %.3f, \"resize\": %.3f, \"extract_a\": %.3f, \"extract_b\": %.3f, "
		   "\"match\": %.3f, \"write\": %.3f},\n\"threads\": %d}\n",
		r->read, r->resize, r->extract[0], r->extract[1], r->match, r->write, r->options->threads);
}

bool report_print(const struct report *report)
{
	switch (report->options->format) {
	case FORMAT_TEXT:
		print_text(report);
		break;
	case FORMAT_JSON:
		print_json(report);
		break;
	case FORMAT_CSV:
		print_csv(report);
		break;
	}
	return fflush(stdout) == 0 && !ferror(stdout);
}

/* Draws the matches, the unlikely ones first, so that the likely ones lie on top. */
static void draw_matches(const struct report *report, struct picture *canvas, const struct view view[2])
{
	enum { STEPS = 10 };
	struct match m;

	for (int step = 0; step < STEPS; step++)
		for (int i = 0; i < report->matcher->count; i++) {
			if (!report_match(report, i, &m))
				continue;
			int own = m.score < 0 ? 0 : m.score >= 1 ? STEPS - 1 : (int)(m.score * STEPS);
			if (own != step)
				continue;
			double x0 = view_x(&view[0], m.x0), y0 = view_y(&view[0], m.y0);
			double x1 = view_x(&view[1], m.x1), y1 = view_y(&view[1], m.y1);
			struct colour colour = draw_score_colour(m.score);
			draw_line(canvas, x0, y0, x1, y1, 1, colour, 0.5);
			draw_line(canvas, x0, y0, x0, y0, 5, colour, 1);
			draw_line(canvas, x1, y1, x1, y1, 5, colour, 1);
		}
}

bool report_draw(const struct report *report, const char *file, struct problem *problem)
{
	static const struct colour LONELY = { 255, 96, 64 };
	struct picture canvas;
	struct view view[2];

	if (!draw_side_by_side(report->picture, &canvas, view))
		return problem_is(problem, OUTCOME_UNUSABLE, "%s: out of memory for the picture of the matches", file);
	for (int which = 0; which < 2; which++)
		for (int i = 0; i < report->matcher->count; i++) {
			double x, y;
			if (!matcher_detected(report->matcher, which, i))
				continue;
			report_keypoint(report, which, i, &x, &y);
			x = view_x(&view[which], x);
			y = view_y(&view[which], y);
			draw_line(&canvas, x, y, x, y, 3.5, LONELY, 0.9);
		}
	draw_matches(report, &canvas, view);
	bool written = picture_write(file, &canvas, problem);
	picture_free(&canvas);
	return written;
}
