/* Which type each value is stored in, and each product computed in. Integers that are proved to fit become 32 bits
 * wide, so that indices and coordinates are int32_t in C. Each node gets a precision by the policy and the rules
 * (policy.c): with fp16 and bf16 weights and feature maps become halves or bfloat16 (halves.c) unless half would not
 * hold them (safety.c), while coordinates, softmax, statistics and everything a user sees stay float; with bf16x3
 * everything stays float, but products may be computed from two bfloat16 for each float. */
#include "precision.h"
#include "rules.h"

/* The tiles that multiply bfloat16 take this many terms at once: shorter sums, of which those with coordinates are,
 * would lose digits and gain no time. */
static void split_product(struct ctx *c, struct graph *g, struct node *n)
{
	enum { TERMS = 32 };
	(void)g;

	if (n->precision != PRECISION_BF16X3)
		return;
	int64_t terms = count_terms(n);
	n->split = n->out[0] && n->out[0]->type == RT_F32 && terms >= TERMS;
	if (!n->split)
		n->reason = arena_text(c, "its sums of %lld terms are too short to be split", (long long)terms);
}

static enum precision stored_precision(enum rt_type type)
{
	return type == RT_F16 ? PRECISION_FP16 : type == RT_BF16 ? PRECISION_BF16 : PRECISION_FP32;
}

/* What has come of the wishes: a product is of the type of its weights, attention of that of its operands, and anything
 * else of the type that its result has. */
static void settle_node(struct ctx *c, struct graph *g, struct node *n)
{
	const struct value *decides = n->n_out ? n->out[0] : NULL;
	(void)c;
	(void)g;

	if (is_integer_product(n) || is_float8_product(n) || n->split || !decides)
		return;
	if (is_product(n))
		decides = n->in[is_internal(n, "Attention") ? 0 : 1];
	n->precision = stored_precision(decides->type);
}

static bool stores_halves(struct ctx *c)
{
	bool some = is_half(feature_type(c->set.precision));

	for (int i = 0; i < c->set.n_rules; i++)
		some |= is_half(feature_type(c->set.rules[i].precision));
	return some;
}

void choose_precision(struct ctx *c, struct graph *g)
{
	count_uses(g);
	narrow_integers(c, g);
	remove_dead(g);
	find_positions(c, g);
	assign_precision(c, g);
	visit_nodes(c, g, split_product);
	if (stores_halves(c)) {
		keep_ranges(c, g);
		store_halves(c, g);
	}
	visit_nodes(c, g, settle_node);
	report_rules(c, g);
}
