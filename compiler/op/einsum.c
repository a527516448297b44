/* Einsum: repeated labels walk a diagonal, labels that only one operand has are summed, and what remains of two
 * operands is a batched matrix product of permuted views. More operands are multiplied pair by pair, from the left. */
#include "op.h"
#include <ctype.h>
#include <string.h>

/* Labels are letters 0..51 and the dimensions behind an ellipsis, counted from the last one on. */
enum { ELLIPSIS = 52, LABELS = ELLIPSIS + MAX_RANK, MAX_OPERANDS = 16 };

struct term {
	int n, label[MAX_RANK];
};

struct equation {
	int operands;
	struct term in[MAX_OPERANDS], out;
	int64_t size[LABELS]; /* 0: the label does not occur; empty dimensions are told apart by `occurs` */
	bool occurs[LABELS];
};

static bool has(const struct term *t, int label)
{
	for (int i = 0; i < t->n; i++)
		if (t->label[i] == label)
			return true;
	return false;
}

static int letter(int ch)
{
	return islower(ch) ? ch - 'a' : ch - 'A' + 26;
}

/* Reads one term up to ',' or '-' or the end. `hidden` dimensions are behind its ellipsis. */
static const char *read_term(struct ctx *c, const struct node *n, const char *s, int hidden, struct term *t)
{
	t->n = 0;
	for (; *s && *s != ',' && *s != '-'; s++) {
		bool dots = !strncmp(s, "...", 3);
		int count = dots ? hidden : 1;
		if (*s == ' ')
			continue;
		if (!dots && !isalpha((unsigned char)*s))
			fail_node(c, n, "its equation contains '%c' where a letter is expected", *s);
		if (t->n + count > MAX_RANK)
			fail_node(c, n, "a term of its equation has more than %d dimensions", MAX_RANK);
		for (int i = 0; i < count; i++)
			t->label[t->n++] = dots ? ELLIPSIS + hidden - 1 - i : letter((unsigned char)*s);
		s += dots ? 2 : 0;
	}
	return s;
}

/* How many dimensions of an operand of this rank an ellipsis in its term stands for. */
static int hidden_dimensions(struct ctx *c, const struct node *n, const char *s, int rank)
{
	int letters = 0;
	bool dots = false;

	for (; *s && *s != ',' && *s != '-'; s++) {
		letters += isalpha((unsigned char)*s) != 0;
		dots |= *s == '.';
	}
	if (letters > rank || (letters < rank && !dots))
		fail_node(c, n, "a term of its equation has %d letters for %d dimensions", letters, rank);
	return rank - letters;
}

static void add_sizes(struct ctx *c, const struct node *n, struct equation *e, const struct term *t, const int64_t *dim)
{
	for (int i = 0; i < t->n; i++) {
		int label = t->label[i];
		if (e->occurs[label] && e->size[label] != dim[i] && e->size[label] != 1 && dim[i] != 1)
			fail_node(c, n, "one label of its equation stands for dimensions %lld and %lld", (long long)e->size[label],
				(long long)dim[i]);
		if (!e->occurs[label] || e->size[label] == 1)
			e->size[label] = dim[i];
		e->occurs[label] = true;
	}
}

/* Without "->": the dimensions behind ellipses, then the letters that occur once, in alphabetical order. */
static void implicit_output(struct ctx *c, const struct node *n, struct equation *e, int hidden)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

	e->out.n = 0;
	for (int i = hidden; i-- > 0;)
		e->out.label[e->out.n++] = ELLIPSIS + i;
	for (int i = 0; i < 52; i++) {
		int label = letter(letters[i]), times = 0;
		for (int k = 0; k < e->operands; k++)
			for (int j = 0; j < e->in[k].n; j++)
				times += e->in[k].label[j] == label;
		if (times == 1 && e->out.n == MAX_RANK)
			fail_node(c, n, "its result has more than %d dimensions", MAX_RANK);
		if (times == 1)
			e->out.label[e->out.n++] = label;
	}
}

static void read_equation(struct ctx *c, const struct node *n, struct equation *e)
{
	const char *s = attribute_string(c, n, "equation", NULL);
	int most_hidden = 0;

	memset(e, 0, sizeof *e);
	if (!s)
		fail_node(c, n, "attribute 'equation' is missing");
	if (n->n_in > MAX_OPERANDS)
		fail_node(c, n, "'%.100s' has %d operands; at most %d are supported", s, n->n_in, MAX_OPERANDS);
	e->operands = n->n_in;
	for (int i = 0; i < n->n_in; i++) {
		const struct value *v = n->in[i];
		int hidden = hidden_dimensions(c, n, s, v->rank);
		most_hidden = hidden > most_hidden ? hidden : most_hidden;
		s = read_term(c, n, s, hidden, &e->in[i]);
		if (e->in[i].n != v->rank)
			fail_node(c, n, "a term of its equation does not fit %s", shape_text(c, v));
		add_sizes(c, n, e, &e->in[i], v->dim);
		if (i + 1 < n->n_in && *s++ != ',')
			fail_node(c, n, "its equation has fewer terms than it has inputs");
	}
	if (*s == ',')
		fail_node(c, n, "its equation has more terms than it has inputs");
	if (!*s) {
		implicit_output(c, n, e, most_hidden);
		return;
	}
	if (s[1] != '>')
		fail_node(c, n, "its equation has a '-' that is not followed by '>'");
	if (*read_term(c, n, s + 2, most_hidden, &e->out))
		fail_node(c, n, "its equation goes on after the result");
	for (int i = 0; i < e->out.n; i++)
		for (int j = 0; j <= i; j++)
			if (!e->occurs[e->out.label[i]] || (j < i && e->out.label[i] == e->out.label[j]))
				fail_node(c, n, "a label of its result occurs in no operand, or twice");
}

void einsum_infer(struct ctx *c, struct node *n)
{
	struct equation e;
	int64_t dim[MAX_RANK];

	need_inputs(c, n, 1, n->n_in > 1 ? n->n_in : 1);
	need_outputs(c, n, 1, 1);
	need_type(c, n, 0, "number");
	for (int i = 1; i < n->n_in; i++)
		need_same_type(c, n, 0, i);
	read_equation(c, n, &e);
	for (int i = 0; i < e.out.n; i++)
		dim[i] = e.size[e.out.label[i]];
	set_output(c, n, 0, n->in[0]->type, e.out.n, dim);
}

/* The operand with each label once: a repeated one steps along both dimensions, one of size 1 repeats. */
static struct view unique_labels(const struct equation *e, const struct view *view, struct term *t)
{
	struct view to = *view;
	int count = 0;

	for (int i = 0; i < t->n; i++) {
		int64_t stride = view->dim[i] == 1 ? 0 : view->stride[i];
		int j = 0;
		while (j < count && t->label[j] != t->label[i])
			j++;
		if (j == count) {
			t->label[count] = t->label[i];
			to.dim[count] = e->size[t->label[i]];
			to.stride[count++] = 0;
		}
		to.stride[j] += stride;
	}
	to.rank = t->n = count;
	return to;
}

/* Does the label occur in the result, or in an operand from `first` on other than `own`? */
static bool is_needed(const struct equation *e, int label, int first, int own)
{
	bool needed = has(&e->out, label);

	for (int i = first; i < e->operands; i++)
		needed |= i != own && has(&e->in[i], label);
	return needed;
}

/* Sums the labels of operand k that nothing else has. */
static struct view sum_alone(struct lower *l, struct node *n, const struct view *view, struct equation *e, int k)
{
	struct term *t = &e->in[k];
	bool over[MAX_RANK], any = false;
	int64_t dim[MAX_RANK];
	int count = 0;

	for (int i = 0; i < t->n; i++) {
		over[i] = !is_needed(e, t->label[i], 0, k);
		any |= over[i];
	}
	if (!any)
		return *view;
	for (int i = 0; i < t->n; i++)
		if (!over[i]) {
			dim[count] = view->dim[i];
			t->label[count++] = t->label[i];
		}
	t->n = count;
	struct value *sum = temporary(l, n, view->type, count, dim);
	reduce_call(l, n, sum, view, over, RT_REDUCE_SUM);
	return *sum->view;
}

/* The view's dimensions in the order of the groups of labels, one group after the other, those of the last two groups
 * merged into one dimension each. */
static struct view *as_matrices(struct lower *l, const struct node *n, const struct view *view, const struct term *t,
	const struct term *const *group)
{
	int64_t dim[MAX_RANK];
	int perm[MAX_RANK], count = 0, rank = group[0]->n + 2;
	struct view *to = NEW(l->c, struct view, 1), permuted;

	for (int g = 0; g < 3; g++) {
		int64_t merged = 1;
		for (int i = 0; i < group[g]->n; i++) {
			int at = 0;
			while (t->label[at] != group[g]->label[i])
				at++;
			perm[count++] = at;
			merged *= view->dim[at];
			if (g == 0)
				dim[i] = view->dim[at];
		}
		if (g > 0)
			dim[rank - 3 + g] = merged;
	}
	permuted = view_permute(view, perm);
	*to = view_reshaped(l, &permuted, rank, dim, n->name);
	return to;
}

/* Labels of `from` that are in `with` and in the result as asked, in the order of `from`. */
static struct term pick(
	const struct term *from, const struct term *with, bool in_with, const struct term *out, bool in_out)
{
	struct term t = { 0 };

	for (int i = 0; i < from->n; i++)
		if (has(with, from->label[i]) == in_with && has(out, from->label[i]) == in_out)
			t.label[t.n++] = from->label[i];
	return t;
}

/* The order in which the result's dimensions come in the labels of the terms. */
static void order_of(const struct term *out, const struct term *const *terms, int count, int *perm)
{
	int n = 0;

	for (int k = 0; k < count; k++)
		for (int i = 0; i < terms[k]->n; i++) {
			perm[n] = 0;
			while (out->label[perm[n]] != terms[k]->label[i])
				perm[n]++;
			n++;
		}
}

/* The product of a and b, whose terms they are, as y; the labels that are not in y's term are summed. */
static struct view *multiply(struct lower *l, const struct node *n, struct value *y, const struct term *out,
	const struct view *x, const struct term *a, const struct view *other, const struct term *b)
{
	struct term batch = pick(a, b, true, out, true), sum = pick(a, b, true, out, false);
	struct term rows = pick(a, b, false, out, true), columns = pick(b, a, false, out, true);
	const struct term *const left[] = { &batch, &rows, &sum }, *const right[] = { &batch, &sum, &columns };
	const struct term *const result[] = { &batch, &rows, &columns };
	int perm[MAX_RANK];

	if (batch.n + 2 > MAX_RANK)
		fail_node(l->c, n, "its equation has %d batch dimensions; at most %d are supported", batch.n, MAX_RANK - 2);
	const struct view *p = as_matrices(l, n, x, a, left), *q = as_matrices(l, n, other, b, right);
	order_of(out, result, 3, perm);
	struct view *to = view_new_permuted(l, y, perm);
	matmul_call(l, n, to, batch.n, p->dim, p, q, 1);
	return to;
}

/* What the product of a term and operand k is called: the labels of both that are still needed. */
static struct term product_term(
	struct lower *l, const struct node *n, const struct equation *e, const struct term *a, int k)
{
	const struct term *const both[] = { a, &e->in[k] };
	struct term t = { 0 };

	for (int i = 0; i < 2; i++)
		for (int j = 0; j < both[i]->n; j++) {
			int label = both[i]->label[j];
			if (!is_needed(e, label, k + 1, k) || has(&t, label))
				continue;
			if (t.n == MAX_RANK)
				fail_node(l->c, n, "a product of its operands has more than %d dimensions", MAX_RANK);
			t.label[t.n++] = label;
		}
	return t;
}

static void multiply_all(struct lower *l, struct node *n, struct equation *e, const struct view *x)
{
	const struct view *so_far = &x[0];
	struct term term = e->in[0];
	int64_t dim[MAX_RANK];

	for (int k = 1; k < e->operands - 1; k++) {
		struct term next = product_term(l, n, e, &term, k);
		for (int i = 0; i < next.n; i++)
			dim[i] = e->size[next.label[i]];
		struct value *y = temporary(l, n, x[0].type, next.n, dim);
		value_set_shape(l->c, n, y, x[0].type, next.n, dim);
		so_far = multiply(l, n, y, &next, so_far, &term, &x[k], &e->in[k]);
		term = next;
	}
	int last = e->operands - 1;
	struct value *y = n->out[0];
	if (y->type != x[0].type)
		y = temporary(l, n, x[0].type, y->rank, y->dim);
	output_done(l, n, 0, multiply(l, n, y, &e->out, so_far, &term, &x[last], &e->in[last]));
}

void einsum_lower(struct lower *l, struct node *n)
{
	struct equation e;
	struct view x[MAX_OPERANDS];

	if (nothing_to_compute(l, n))
		return;
	read_equation(l->c, n, &e);
	for (int i = 0; i < e.operands; i++) {
		enum rt_type type = n->in[i]->type == RT_BF16 ? RT_F32 : n->in[i]->type;
		x[i] = unique_labels(&e, view_cast(l, view_of(l, n->in[i]), type, n->in[i]->name), &e.in[i]);
	}
	for (int i = 0; i < e.operands; i++)
		x[i] = sum_alone(l, n, &x[i], &e, i);
	if (e.operands > 1) {
		multiply_all(l, n, &e, x);
		return;
	}
	int perm[MAX_RANK];
	for (int i = 0; i < e.out.n; i++) {
		perm[i] = 0;
		while (e.in[0].label[perm[i]] != e.out.label[i])
			perm[i]++;
	}
	struct view view = view_permute(&x[0], perm);
	output_view(l, n, 0, &view);
}
