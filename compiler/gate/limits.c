/* The rules of a gate: limits for figures. */
#include "pairs.h"
#include "gate.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	bool least;
	double limit;
	const char *meaning;
} rules[] = {
#define RULE(id, name, least, limit, meaning) { name, least, limit, meaning },
	GATE_RULES(RULE)
};

struct gate_limits gate_default_limits(void)
{
	struct gate_limits l = { .limit = { 0 } };

	for (int i = 0; i < GATE_N_RULES; i++) {
		l.limit[i] = rules[i].limit;
		l.applies[i] = rules[i].limit >= 0;
	}
	return l;
}

const char *gate_rule_name(enum gate_rule rule)
{
	return rules[rule].name;
}

const char *gate_rule_meaning(enum gate_rule rule)
{
	return rules[rule].meaning;
}

bool gate_rule_is_least(enum gate_rule rule)
{
	return rules[rule].least;
}

void gate_set_limit(struct ctx *c, struct gate_limits *limits, const char *where, const char *name, const char *text)
{
	char *end;
	double x = strtod(text, &end);
	bool off = !strcmp(text, "off");
	int i = 0;

	while (i < GATE_N_RULES && strcmp(rules[i].name, name))
		i++;
	if (i == GATE_N_RULES)
		fail(c, USAGE, "%.300s: '%.60s' is no figure that can be limited; see gluec gate --help", where, name);
	if (!off && (end == text || *end || !isfinite(x) || x < 0))
		fail(c, USAGE, "%.300s: '%.60s' must be a number of at least 0, or off", where, text);
	if (!off && x > 1 && rules[i].least && i != GATE_MIN_MATCHES)
		fail(c, USAGE, "%.300s: '%.60s' must be at most 1, since it is a share", where, text);
	limits->limit[i] = off ? -1 : x;
	limits->applies[i] = limits->asked[i] = !off;
}

struct limits_job {
	struct gate_limits *limits;
};

static void take_limit(struct ctx *c, const char *file, int line, int n, char **words, void *user)
{
	const char *where = arena_text(c, "%s:%d", file, line);

	if (n != 2)
		fail(c, USAGE, "%.300s: must be a name and a number, such as min-jaccard 0.95", where);
	gate_set_limit(c, ((struct limits_job *)user)->limits, where, words[0], words[1]);
}

void gate_read_limits(struct ctx *c, struct gate_limits *limits, const char *file)
{
	read_word_lines(c, file, 2, take_limit, &(struct limits_job){ limits });
}

static double score_error(const struct gate_figures *f, double error)
{
	return f->all.common ? error : INFINITY;
}

/* How many percentage points of the reference's share the candidate lost. */
static double lost_share(const struct gate_figures *f, int pixels)
{
	return 100 * (gate_share(&f->all, GATE_REFERENCE, pixels) - gate_share(&f->all, GATE_CANDIDATE, pixels));
}

static double lost_area(const struct gate_figures *f, int area)
{
	return 100 * (f->area[GATE_REFERENCE][area] - f->area[GATE_CANDIDATE][area]);
}

static double value_of(const struct gate_figures *f, enum gate_rule rule)
{
	switch (rule) {
	case GATE_MIN_REPEATABILITY:
		return gate_repeatability(&f->all);
	case GATE_MIN_MATCHES:
		return (double)f->all.matches[GATE_CANDIDATE] / f->all.matches[GATE_REFERENCE];
	case GATE_MIN_KEPT:
		return (double)f->all.common / f->all.matches[GATE_REFERENCE];
	case GATE_MIN_JACCARD:
		return gate_jaccard(&f->all);
	case GATE_MIN_WORST_JACCARD:
		return f->worst_jaccard;
	case GATE_MAX_SCORE_ERROR:
		return score_error(f, f->all.score_error_largest);
	case GATE_MAX_MEAN_SCORE_ERROR:
		return score_error(f, f->all.score_error_sum / f->all.common);
	case GATE_MAX_LOST_1PX:
		return lost_share(f, 1);
	case GATE_MAX_LOST_3PX:
		return lost_share(f, 3);
	case GATE_MAX_LOST_5PX:
		return lost_share(f, 5);
	case GATE_MAX_AUC_LOSS_1PX:
		return lost_area(f, 0);
	case GATE_MAX_AUC_LOSS_3PX:
		return lost_area(f, 1);
	default:
		return lost_area(f, 2);
	}
}

bool gate_value(const struct gate_figures *f, enum gate_rule rule, double *value)
{
	bool of_truth = rule >= GATE_MAX_LOST_1PX && rule <= GATE_MAX_LOST_5PX, of_area = rule >= GATE_MAX_AUC_LOSS_1PX;

	if ((of_truth && !f->all.has_truth) || (of_area && !f->all.has_homography))
		return false;
	*value = value_of(f, rule);
	return true;
}

bool gate_keeps(const struct gate_figures *f, const struct gate_limits *limits, enum gate_rule rule)
{
	double value, limit = limits->limit[rule];

	if (!limits->applies[rule] || !gate_value(f, rule, &value))
		return true;
	return rules[rule].least ? value >= limit : value <= limit;
}

bool gate_passes(const struct gate_figures *f, const struct gate_limits *limits)
{
	bool passes = true;

	for (int i = 0; i < GATE_N_RULES; i++)
		passes &= gate_keeps(f, limits, (enum gate_rule)i);
	return passes;
}
