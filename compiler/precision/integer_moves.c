/* Values stay bytes on their way from layer to layer: what only moves elements moves them as bytes, and so does a
 * maximum, since both commute with quantising element by element.
 *
 *     DequantizeLinear -> Transpose -> ... -> QuantizeLinear, MatMul, Conv
 *     becomes  Transpose -> ... -> DequantizeLinear -> QuantizeLinear, MatMul, Conv
 *
 *     Concat, MaxPool, ... -> QuantizeLinear
 *     becomes  QuantizeLinear of each input -> Concat, MaxPool, ...
 *
 *     Transpose, ... -> Mul by a number -> QuantizeLinear
 *     becomes  Mul by a number -> Transpose, ... -> QuantizeLinear
 *
 * A DequantizeLinear and a QuantizeLinear of the same parameters that meet vanish: of a byte they make the same byte.
 */
#include "pass/fuse.h"
#include "quantized.h"

/* Nodes whose outputs are elements of their first input (Concat: of all inputs), or the largest of them. */
static bool moves(const struct node *n)
{
	static const char *const all[] = { "Concat", "DepthToSpace", "Flatten", "Gather", "Identity", "Reshape", "Slice",
		"SpaceToDepth", "Split", "Squeeze", "Transpose", "Unsqueeze" };

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (is_op(n, all[i]))
			return true;
	return is_op(n, "MaxPool") && n->n_out == 1;
}

static int moved_inputs(const struct node *n)
{
	return is_op(n, "Concat") ? n->n_in : 1;
}

/* Is v read, perhaps behind more nodes that move it, only by what takes bytes? */
static bool ends_in_bytes(const struct value *v)
{
	if (v->is_output || !v->uses)
		return false;
	int found = 0;
	for (const struct node *n = v->def->next; n && found < v->uses; n = n->next)
		for (int i = 0; i < n->n_in; i++) {
			if (n->in[i] != v)
				continue;
			found++;
			if (is_op(n, "QuantizeLinear") || is_op(n, "Conv") || is_op(n, "MatMul") || is_op(n, "Gemm"))
				continue;
			if (!moves(n) || i >= moved_inputs(n) || n->n_out != 1 || !ends_in_bytes(n->out[0]))
				return false;
		}
	return found == v->uses;
}

/* The quantizer of all inputs that n moves. */
static bool moves_dequantized(struct ctx *c, const struct node *n, struct quantizer *q)
{
	struct quantizer other;

	for (int i = 0; i < moved_inputs(n); i++) {
		const struct node *d = n->in[i] && !n->in[i]->data ? n->in[i]->def : NULL;
		if (!is_op(d, "DequantizeLinear") || !read_quantizer(c, d, i ? &other : q))
			return false;
		if (i && !same_quantizer(q, &other))
			return false;
	}
	return true;
}

static bool push_dequantizer(struct ctx *c, struct graph *g, struct node *n)
{
	struct quantizer q;

	if (!moves(n) || n->n_out != 1 || !moves_dequantized(c, n, &q) || !ends_in_bytes(n->out[0]))
		return false;
	const struct node *d = n->in[0]->def;
	for (int i = 0; i < moved_inputs(n); i++)
		n->in[i] = n->in[i]->def->in[0];
	struct node *behind = node_new(c, g, n->next, "", "DequantizeLinear", d, 3, 1);
	behind->in[0] = value_like(c, n->out[0]->name, q.type, n->out[0]);
	behind->in[1] = d->in[1];
	behind->in[2] = input(d, 2);
	behind->out[0] = n->out[0];
	behind->out[0]->def = behind;
	n->out[0] = behind->in[0];
	n->out[0]->def = n;
	return true;
}

/* Is it worth quantising what n reads instead of what it makes? Not when there is more of it; but a maximum goes into
 * the product that makes its input, which then ends in bytes. */
static bool reads_no_more(const struct node *n)
{
	int64_t elements = 0;

	for (int i = 0; i < moved_inputs(n); i++) {
		if (n->in[i]->data)
			return false;
		elements += value_elements(n->in[i]);
	}
	const struct node *before = n->in[0]->def;
	if (is_op(n, "MaxPool"))
		return is_op(before, "Relu") || is_op(before, "DequantizeLinear") || is_op(before, "Conv");
	return elements == value_elements(n->out[0]);
}

/* A QuantizeLinear alone reads what n moves as floats. */
static bool pull_quantizer(struct ctx *c, struct graph *g, struct node *n)
{
	struct node *q = n->n_out == 1 ? only_reader(n->out[0]) : NULL;
	struct quantizer to;

	if (!moves(n) || !is_op(q, "QuantizeLinear") || !read_quantizer(c, q, &to) || !reads_no_more(n))
		return false;
	for (int i = 0; i < moved_inputs(n); i++) {
		struct node *before = node_new(c, g, n, "", "QuantizeLinear", q, 3, 1);
		before->in[0] = n->in[i];
		before->in[1] = q->in[1];
		before->in[2] = input(q, 2);
		before->out[0] = value_like(c, n->in[i]->name, to.type, n->in[i]);
		before->out[0]->def = before;
		n->in[i] = before->out[0];
	}
	n->out[0] = q->out[0];
	n->out[0]->def = n;
	node_remove(g, q);
	return true;
}

/* A factor between what n moves and the QuantizeLinear that alone reads it stands in front of n as well, so that the
 * QuantizeLinear may go on. */
static bool pull_factor(struct ctx *c, struct graph *g, struct node *n)
{
	struct node *mul = n->n_out == 1 && moved_inputs(n) == 1 ? only_reader(n->out[0]) : NULL;
	struct node *q = is_op(mul, "Mul") ? only_reader(mul->out[0]) : NULL;
	struct quantizer to;
	double x;

	if (!moves(n) || is_op(n, "MaxPool") || !is_op(q, "QuantizeLinear") || !read_quantizer(c, q, &to) ||
		!reads_no_more(n) || !same_shape(mul->out[0], n->out[0]))
		return false;
	int at = mul->in[0] == n->out[0] ? 0 : 1;
	if (!constant_scalar(mul->in[!at], &x) || mul->in[!at]->rank > n->in[0]->rank)
		return false;
	struct value *moved = mul->out[0];
	node_remove(g, mul);
	node_insert(g, n, mul);
	mul->in[at] = n->in[0];
	mul->out[0] = value_like(c, n->in[0]->name, n->in[0]->type, n->in[0]);
	mul->out[0]->def = mul;
	n->in[0] = mul->out[0];
	n->out[0] = moved;
	n->out[0]->def = n;
	return true;
}

/* Bytes that become numbers and then the same bytes. */
static bool skip_pair(struct ctx *c, struct graph *top, struct node *n)
{
	struct node *d = is_op(n, "QuantizeLinear") && !n->in[0]->data ? n->in[0]->def : NULL;
	struct quantizer to, from;

	if (!is_op(d, "DequantizeLinear") || !read_quantizer(c, n, &to) || !read_quantizer(c, d, &from) ||
		!same_quantizer(&to, &from) || n->out[0]->is_output)
		return false;
	replace_value(top, n->out[0], d->in[0]);
	return true;
}

/* Backwards for what goes up, forwards for what goes down, so that one walk takes each node as far as it gets. */
static bool move_in(struct ctx *c, struct graph *top, struct graph *g)
{
	struct graph *inner[8];
	bool changed = false, now;

	for (struct node *n = g->first; n; n = n->next) {
		for (int i = node_graphs(n, inner, 8); i-- > 0;)
			changed |= move_in(c, top, inner[i]);
		now = push_dequantizer(c, g, n);
		if (now)
			count_uses(top);
		changed |= now;
	}
	for (struct node *n = g->last; n; n = n->prev) {
		now = pull_quantizer(c, g, n) || pull_factor(c, g, n) || skip_pair(c, top, n);
		if (now)
			count_uses(top);
		changed |= now;
	}
	return changed;
}

void move_integers(struct ctx *c, struct graph *g)
{
	count_uses(g);
	while (move_in(c, g, g))
		remove_dead(g);
	remove_dead(g);
}
