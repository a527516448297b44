/* Non-maximum suppression as SuperPoint spells it with max-pools. Between the pools shapes may change, as long as each
 * element stays the same one. */
#include "recognize.h"
#include <string.h>

/* What all parts of one suppression have in common. */
struct suppression {
	struct ctx *c;
	const struct value *s;   /* the scores, before their shape is changed */
	struct value *picture;   /* the scores as a pool reads them, [n, channels, h, w] */
	const struct value *any; /* what the first pool that was seen reads, whose shape all must have; NULL before it */
	int64_t radius;
};

/* Do n's operands go together element by element, none of them repeated but numbers? */
static bool is_plain(const struct node *n)
{
	const struct value *y = n->out[0];

	for (int i = 0; i < n->n_in; i++)
		if (value_elements(n->in[i]) != value_elements(y) && value_elements(n->in[i]) != 1)
			return false;
	return true;
}

static struct node *plain(struct value *v, const char *type)
{
	struct node *n = made_by(unshaped(v), type);

	return n && is_plain(n) ? n : NULL;
}

/* Is v the maxima of x over the suppression's squares? The first pool that is seen says how large they are. */
static bool is_pool(struct suppression *m, struct value *v, const struct value *x)
{
	struct node *pool = made_by(unshaped(v), "MaxPool");
	int64_t kernel[8];

	if (!pool || unshaped(pool->in[0]) != x || attribute_ints(m->c, pool, "kernel_shape", kernel, 8) != 2 ||
		pool->in[0]->rank != 4)
		return false;
	int64_t radius = m->any ? m->radius : kernel[0] / 2;
	if (!is_max_pool(m->c, pool, 2 * radius + 1, 1, radius) || (m->any && !same_shape(m->any, pool->in[0])))
		return false;
	m->any = pool->in[0];
	m->radius = radius;
	if (x == m->s)
		m->picture = pool->in[0];
	return true;
}

/* Is v true where x is as large as its square's maximum? */
static bool is_peak(struct suppression *m, struct value *v, const struct value *x)
{
	struct node *equal = plain(v, "Equal"), *least = plain(v, "GreaterOrEqual"), *most = plain(v, "LessOrEqual");
	struct node *n = equal ? equal : least ? least : most;

	for (int i = 0; n && i < 2; i++) {
		bool right = n == equal || (n == least) == (i == 0);
		if (right && unshaped(n->in[i]) == x && is_pool(m, n->in[1 - i], x))
			return true;
	}
	return false;
}

/* A comparison that n stands for, of a with b. */
static bool compare(const struct node *n, double a, double b)
{
	return is_op(n, "Equal")            ? a == b
		   : is_op(n, "Greater")        ? a > b
		   : is_op(n, "Less")           ? a < b
		   : is_op(n, "GreaterOrEqual") ? a >= b
										: a <= b;
}

/* Is v a constant of one number, however often it is there? */
static bool same_number(const struct value *v, double *k)
{
	if (!v->data || value_elements(v) == 0)
		return false;
	*k = constant_real(v, 0);
	return is_constant(v, *k);
}

/* Is v, whose elements are 0 or 1, turned into a condition that tells them apart? Returns v; *negated: 0 is true. */
static struct value *told_apart(struct value *v, bool *negated)
{
	static const char *const known[] = { "Equal", "Greater", "Less", "GreaterOrEqual", "LessOrEqual" };
	struct node *n = unshaped(v)->def;
	double k;

	*negated = false;
	if (is_op(n, "Cast") && n->out[0]->type == RT_BOOL)
		return n->in[0];
	for (size_t i = 0; n && i < sizeof known / sizeof *known; i++)
		for (int side = 0; is_op(n, known[i]) && is_plain(n) && side < 2; side++) {
			if (!same_number(n->in[1 - side], &k))
				continue;
			bool zero = side ? compare(n, k, 0) : compare(n, 0, k), one = side ? compare(n, k, 1) : compare(n, 1, k);
			*negated = zero;
			return zero != one ? n->in[side] : NULL;
		}
	return NULL;
}

/* Is v the condition `keep` as numbers? */
static bool is_number(struct ctx *c, struct value *v, const struct value *keep)
{
	struct node *cast = plain(v, "Cast"), *where = plain(v, "Where");

	if (cast)
		return unshaped(cast->in[0]) == keep && cast->in[0]->type == RT_BOOL;
	return where && unshaped(where->in[0]) == keep && is_filled(c, where->in[1], 1) && is_filled(c, where->in[2], 0);
}

/* Is v true wherever one of `keep` is within the radius? Or, when `far`, wherever none is? */
static bool is_near(struct suppression *m, struct value *v, const struct value *keep, bool far)
{
	bool negated, inverted = false;

	for (struct node *n; (n = plain(v, "Not")); v = n->in[0])
		inverted = !inverted;
	struct value *pooled = told_apart(v, &negated);
	struct node *pool = pooled ? made_by(unshaped(pooled), "MaxPool") : NULL;
	return pool && (negated != inverted) == far && is_number(m->c, pool->in[0], keep) &&
		   is_pool(m, pooled, unshaped(pool->in[0]));
}

/* Is v the scores of what is not near a kept point, and 0 elsewhere? */
static bool is_rest(struct suppression *m, const struct value *v, const struct value *keep)
{
	struct node *where = plain((struct value *)v, "Where");

	if (!where)
		return false;
	bool far = unshaped(where->in[1]) == m->s;
	return unshaped(where->in[far ? 1 : 2]) == m->s && is_filled(m->c, where->in[far ? 2 : 1], 0) &&
		   is_near(m, where->in[0], keep, far);
}

/* Is v one more round over what is kept so far: peaks of the rest that are not near a kept point? */
static bool is_round(struct suppression *m, struct value *v, const struct value *keep)
{
	struct node *both = plain(v, "And");

	for (int i = 0; both && i < 2; i++) {
		const struct node *equal = unshaped(both->in[1 - i])->def;
		if (!equal || equal->n_in != 2 || !is_near(m, both->in[i], keep, true))
			continue;
		for (int k = 0; k < 2; k++) {
			const struct value *rest = unshaped(equal->in[k]);
			if (is_rest(m, rest, keep) && is_peak(m, both->in[1 - i], rest))
				return true;
		}
	}
	return false;
}

/* Counts the rounds that end in v, down to the first peaks of the scores; -1 when v is something else. */
static int count_rounds(struct suppression *m, struct value *v)
{
	struct node *either = plain(v, "Or");

	if (!either)
		return is_peak(m, v, m->s) ? 0 : -1;
	for (int i = 0; i < 2; i++)
		if (is_round(m, either->in[1 - i], unshaped(either->in[i]))) {
			int before = count_rounds(m, either->in[i]);
			return before < 0 ? -1 : before + 1;
		}
	return -1;
}

/* n is Where(kept, scores, 0), or Where(not kept, 0, scores). */
bool recognize_nms(struct ctx *c, struct graph *g, struct node *n)
{
	if (!is_op(n, "Where") || !is_plain(n))
		return false;
	struct node *not = plain(n->in[0], "Not");
	struct value *kept = not ? not ->in[0] : n->in[0];
	struct suppression m = { .c = c, .s = unshaped(n->in[not ? 2 : 1]) };
	if (!is_filled(c, n->in[not ? 1 : 2], 0) || m.s->type == RT_F64 || !is_float_type(m.s->type))
		return false;
	int rounds = count_rounds(&m, kept);
	if (rounds < 0 || value_elements(n->out[0]) != value_elements(m.s))
		return false;
	struct node *nms = replace_end_shaped(c, g, n, "Nms", 1, m.picture->rank, m.picture->dim);
	nms->in[0] = m.picture;
	set_attribute_int(c, nms, "radius", m.radius);
	set_attribute_int(c, nms, "rounds", rounds);
	set_attribute_int(c, nms, "border", 0);
	set_attribute_float(c, nms, "fill", 0);
	return true;
}
