/* Gelu as exporters before operator set 20 write it, 0.5 x (1 + erf(x / sqrt 2)) with the factors in any order, and
 * that of com.microsoft. */
#include "recognize.h"
#include <math.h>
#include <string.h>

enum { MAX_TERMS = 2, MAX_PRODUCTS = 4 };

/* The factors of a product: constants multiplied into number, at most MAX_TERMS others. */
struct factors {
	double number;
	int n, products;
	struct value *term[MAX_TERMS];
};

static bool collect(struct value *v, bool whole, struct factors *f)
{
	struct node *mul = made_by(v, "Mul");
	double x;

	if (constant_scalar(v, &x)) {
		f->number *= x;
		return true;
	}
	/* What others read as well is not part of the chain, unless it is the chain's end. */
	if (mul && (whole || v->uses == 1) && f->products++ < MAX_PRODUCTS)
		return collect(mul->in[0], false, f) && collect(mul->in[1], false, f);
	if (f->n == MAX_TERMS)
		return false;
	f->term[f->n++] = v;
	return true;
}

/* Exporters round their constants to bfloat16 at the coarsest, which makes sqrt 2 and its inverse wrong by 2e-4. */
static bool is_near(double x, double y)
{
	return fabs(x - y) <= 3e-4 * fabs(y);
}

/* 1 + erf(x / sqrt 2) */
static bool is_gate(const struct value *v, const struct value *x)
{
	struct value *one = NULL;
	struct node *add = made_by(v, "Add"), *erf = add ? either_made_by(add, "Erf", &one) : NULL;
	struct node *scaled = erf ? erf->in[0]->def : NULL;
	double factor;

	if (!scaled || !is_constant(one, 1) || value_elements(one) != 1 || !(is_op(scaled, "Mul") || is_op(scaled, "Div")))
		return false;
	bool divides = is_op(scaled, "Div");
	if (times_constant(scaled, &factor) != x || (divides && scaled->in[0] != x))
		return false;
	return is_near(divides ? 1 / factor : factor, sqrt(0.5));
}

static struct node *replace(struct ctx *c, struct graph *g, struct node *n, struct value *x)
{
	struct node *gelu = node_new(c, g, n, "", "Gelu", n, 1, 1);

	gelu->in[0] = x;
	gelu->out[0] = n->out[0];
	gelu->out[0]->def = gelu;
	node_remove(g, n);
	return gelu;
}

bool recognize_gelu(struct ctx *c, struct graph *g, struct node *n)
{
	struct factors f = { .number = 1 };

	if (!strcmp(n->domain, "com.microsoft") && !strcmp(n->type, "Gelu")) {
		replace(c, g, n, n->in[0]);
		return true;
	}
	if (!is_op(n, "Mul") || !collect(n->out[0], true, &f) || f.n != 2 || !is_near(f.number, 0.5))
		return false;
	for (int i = 0; i < 2; i++) {
		struct value *x = f.term[i], *gate = f.term[1 - i];
		/* A gate that others read would be computed twice. */
		if (gate->uses != 1 || !is_gate(gate, x) || !same_shape(x, n->out[0]))
			continue;
		struct node *gelu = replace(c, g, n, x);
		node_absorb(c, gelu, gate->def);
		return true;
	}
	return false;
}
