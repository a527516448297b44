/* Which precision the user wants, and whether the graph is one for it: int8 and fp8 are what a quantiser has put into
 * the file, not what gluec makes of floats by itself. */
#include "precision.h"
#include "rules.h"
#include "seen.h"

/* The DequantizeLinear that v comes from by nodes that only move elements; constants remember what they were folded
 * from. */
static const struct node *dequantizer(const struct value *v)
{
	for (;;) {
		const struct node *n = !v ? NULL : v->data ? v->folded : v->def;
		if (!n || is_op(n, "DequantizeLinear"))
			return n;
		if (!(n->op->flags & OP_MOVES) || n->n_in < 1)
			return NULL;
		v = n->in[0];
	}
}

static bool is_quantized_product(const struct node *n)
{
	static const char *const integer[] = { "QLinearConv", "QLinearMatMul", "ConvInteger", "MatMulInteger" };

	for (size_t i = 0; i < sizeof integer / sizeof *integer; i++)
		if (is_op(n, integer[i]))
			return true;
	if (!is_op(n, "Conv") && !is_op(n, "MatMul") && !is_op(n, "Gemm"))
		return false;
	const struct node *x = dequantizer(input(n, 0)), *w = dequantizer(input(n, 1));
	return x && w && is_byte_type(x->in[0]->type) && is_byte_type(w->in[0]->type);
}

static bool has_fp8(const struct node *n)
{
	for (int i = 0; i < n->n_in; i++) {
		const struct node *d = dequantizer(n->in[i]);
		if ((n->in[i] && is_float8_type(n->in[i]->type)) || (d && is_float8_type(d->in[0]->type)))
			return true;
	}
	return false;
}

void check_policy(struct ctx *c, const struct graph *g)
{
	if (c->set.seen_name && !seen_are_of(c, g))
		fail(c, USAGE,
			"%.300s: --ranges %.200s: these are of another model, whose values have other names; gluec explain "
			"--ranges-out writes this one's",
			c->file, c->set.seen_name);
	if (c->set.precision == PRECISION_INT8 && !any_node(g, is_quantized_product))
		fail_model(c,
			"--precision int8: no product in this graph is quantised; gluec calibrate makes a quantised model "
			"of one in float");
	if (c->set.precision == PRECISION_FP8 && !any_node(g, has_fp8))
		fail_model(
			c, "--precision fp8: this graph has no 8-bit floats; quantise the model so, or take --precision bf16");
}

/* ---- what each node is to be */

static bool makes_floats(const struct node *n)
{
	for (int i = 0; i < n->n_out; i++)
		if (n->out[i] && is_float_type(n->out[i]->type))
			return true;
	return false;
}

/* Why n cannot be of this precision; NULL when it can. Every node can be fp32. */
static const char *refuse(struct ctx *c, const struct node *n, enum precision precision)
{
	if (precision == PRECISION_FP32)
		return NULL;
	if (precision == PRECISION_INT8)
		return is_integer_product(n) ? NULL : "it is no product of quantised numbers; gluec calibrate quantises";
	if (!makes_floats(n))
		return "it makes no floats";
	if (is_integer_product(n))
		return "it is a product of quantised numbers, which is int8 or fp32";
	if (is_float8_product(n))
		return "it is a product of 8-bit floats, which is fp8 or fp32";
	if (is_mover(n))
		return "it only moves elements, which keep their type";
	if (precision == PRECISION_BF16X3)
		return is_product(n) ? NULL : "only products are computed from two bfloat16 for each float";
	if (n->out[0] && n->out[0]->is_position)
		return "it computes indices or coordinates, which are never half";
	return writes_half(n) ? NULL : arena_text(c, "%s is computed and stored in float", n->type);
}

/* The precision without rules, and why. */
static void assign_default(struct ctx *c, struct node *n)
{
	enum precision wanted = c->set.precision;

	n->precision = PRECISION_FP32;
	n->reason = "--precision fp32";
	if (is_integer_product(n)) {
		n->precision = PRECISION_INT8;
		n->reason = "quantised in the file";
		return;
	}
	if (is_float8_product(n)) {
		n->precision = PRECISION_FP8;
		n->reason = "8-bit floats in the file, multiplied exactly as bfloat16";
		return;
	}
	if (is_op(n, "Cast") && is_float8_type(n->in[0]->type) && n->out[0]->type == RT_BF16) {
		n->reason = "8-bit floats in the file, which bfloat16 holds exactly";
		return;
	}
	if (wanted == PRECISION_INT8 || wanted == PRECISION_FP8) {
		n->reason = "not quantised in the file";
		return;
	}
	if (wanted == PRECISION_FP32)
		return;
	const char *refused = refuse(c, n, wanted);
	/* It saves nothing worth counting. With SuperPoint it costs a third of a point of the matches that are right. */
	if (!refused && wanted == PRECISION_BF16 && is_product(n) && makes_scores(n))
		refused = "a softmax makes scores of it";
	n->reason = refused ? refused : arena_text(c, "--precision %s", precision_name(wanted));
	n->precision = refused ? PRECISION_FP32 : wanted;
}

static void assign_node(struct ctx *c, struct graph *g, struct node *n)
{
	bool decided = false;
	(void)g;

	assign_default(c, n);
	for (int i = c->set.n_rules; i-- > 0;) {
		struct rule *rule = &c->set.rules[i];
		if (!rule_matches(rule, n))
			continue;
		rule->matched = rule->matched ? rule->matched : n;
		if (refuse(c, n, rule->precision))
			continue;
		rule->served = rule->served ? rule->served : n;
		if (decided)
			continue;
		decided = true;
		n->rule = rule;
		n->precision = rule->precision;
		n->reason = arena_text(c, "--precision-of %s=%s", rule->pattern, precision_name(rule->precision));
		for (int k = 0; k < n->n_out && rule->precision == PRECISION_FP32 && !is_mover(n); k++)
			if (n->out[k])
				n->out[k]->wide = true;
	}
}

void assign_precision(struct ctx *c, struct graph *g)
{
	for (int i = 0; i < c->set.n_rules; i++)
		c->set.rules[i].matched = c->set.rules[i].served = NULL;
	visit_nodes(c, g, assign_node);
	for (int i = 0; i < c->set.n_rules; i++) {
		const struct rule *rule = &c->set.rules[i];
		if (!rule->matched)
			fail_unmatched(c, g, rule);
		if (!rule->served)
			fail_node(c, rule->matched, "--precision-of %.100s=%s: %s", rule->pattern, precision_name(rule->precision),
				refuse(c, rule->matched, rule->precision));
	}
}

static void look_for_granted(struct ctx *c, struct graph *g, struct node *n)
{
	(void)c;
	(void)g;
	if (n->rule && n->precision == n->rule->precision)
		n->rule->granted = true;
}

void report_rules(struct ctx *c, struct graph *g)
{
	for (int i = 0; i < c->set.n_rules; i++)
		c->set.rules[i].granted = false;
	visit_nodes(c, g, look_for_granted);
	for (int i = 0; i < c->set.n_rules; i++) {
		const struct rule *rule = &c->set.rules[i];
		if (!rule->granted && rule->served->rule == rule)
			note_node(c, rule->served, "--precision-of %.100s=%s: it stays %s: %s", rule->pattern,
				precision_name(rule->precision), precision_name(rule->served->precision), rule->served->reason);
	}
}
