/* Attention (ONNX 23 and 24): plain forms become gluec.Attention; masks, causality, soft caps and a view of the scores
 * are the sum of products, one element-wise call and a softmax. Heads of k and v that several heads of q share
 * (grouped-query attention, Ainslie et al. 2023) are never repeated in memory. */
#include "op.h"
#include <math.h>
#include <string.h>

enum { QUERY, KEY, VALUE, MASK, PAST_KEY, PAST_VALUE, USED_LENGTHS };
enum { RESULT, PRESENT_KEY, PRESENT_VALUE, SCORES };

/* When the scores are shown: qk_matmul_output_mode. */
enum moment { AFTER_PRODUCT, AFTER_SOFTCAP, AFTER_MASK, AFTER_SOFTMAX };

/* n counts what the caches hold, too. group: heads of q for each of k and v. */
struct attention {
	int64_t b, heads, shared, group, m, n, past, d, dv;
};

/* The heads of operand i, whose dimensions as [b, heads, rows, d] go to dim[]. */
static void operand_dims(struct ctx *c, const struct node *n, int i, int64_t *dim)
{
	const struct value *v = n->in[i];
	const char *name = i == QUERY ? "q_num_heads" : "kv_num_heads";
	int64_t heads = attribute_int(c, n, name, v->rank == 4 ? v->dim[1] : 0);

	if (v->rank != n->in[QUERY]->rank || v->rank < 3 || v->rank > 4)
		fail_node(c, n, "input %d is %s; all three must be [b,rows,heads*d] or [b,heads,rows,d]", i, shape_text(c, v));
	need_range(c, n, name, heads, 1, MAX_ELEMENTS);
	bool four = v->rank == 4;
	if (four ? v->dim[1] != heads : v->dim[2] % heads != 0)
		fail_node(c, n, "%s %lld does not fit %s", name, (long long)heads, shape_text(c, v));
	dim[0] = v->dim[0];
	dim[1] = heads;
	dim[2] = v->dim[four ? 2 : 1];
	dim[3] = four ? v->dim[3] : v->dim[2] / heads;
}

/* A cache must be [b, heads, past, d] as its operand is. */
static int64_t past_rows(struct ctx *c, const struct node *n, int i, const int64_t *like)
{
	const struct value *v = input(n, i);

	if (!v)
		return 0;
	if (v->rank != 4 || v->dim[0] != like[0] || v->dim[1] != like[1] || v->dim[3] != like[3])
		fail_node(c, n, "input %d, %s, does not fit [%lld,%lld,?,%lld]", i, shape_text(c, v), (long long)like[0],
			(long long)like[1], (long long)like[3]);
	return v->dim[2];
}

static struct attention read_attention(struct ctx *c, const struct node *n)
{
	int64_t q[4], k[4], v[4];

	operand_dims(c, n, QUERY, q);
	operand_dims(c, n, KEY, k);
	operand_dims(c, n, VALUE, v);
	int64_t past = past_rows(c, n, PAST_KEY, k);
	if (q[0] != k[0] || k[0] != v[0] || k[1] != v[1] || q[1] % k[1] || k[2] != v[2] || q[3] != k[3] ||
		past != past_rows(c, n, PAST_VALUE, v))
		fail_node(c, n, "q %s, k %s and v %s do not fit each other", shape_text(c, n->in[QUERY]),
			shape_text(c, n->in[KEY]), shape_text(c, n->in[VALUE]));
	return (struct attention){ q[0], q[1], k[1], q[1] / k[1], q[2], k[2] + past, past, q[3], v[3] };
}

/* The mask broadcasts to the scores; one whose rows are shorter masks the rest. */
static void check_mask(struct ctx *c, const struct node *n, const struct attention *a)
{
	const struct value *mask = input(n, MASK);
	int64_t scores[] = { a->b, a->heads, a->m, a->n }, dim[MAX_RANK];

	if (!mask)
		return;
	if (mask->rank > 0 && mask->dim[mask->rank - 1] < a->n)
		scores[3] = mask->dim[mask->rank - 1];
	int rank = broadcast(c, n, mask->rank, mask->dim, 4, scores, dim);
	if (rank != 4 || memcmp(dim, scores, sizeof scores))
		fail_node(c, n, "its mask, %s, does not broadcast to the scores [%lld,%lld,%lld,%lld]", shape_text(c, mask),
			(long long)a->b, (long long)a->heads, (long long)a->m, (long long)a->n);
}

static void check_used_lengths(struct ctx *c, const struct node *n, const struct attention *a)
{
	const struct value *used = input(n, USED_LENGTHS);

	if (!used)
		return;
	if (used->rank != 1 || used->dim[0] != a->b)
		fail_node(c, n, "nonpad_kv_seqlen is %s; it must be i64[%lld]", shape_text(c, used), (long long)a->b);
	if (attribute_int(c, n, "is_causal", 0))
		fail_node(c, n, "nonpad_kv_seqlen together with is_causal is not supported; give the mask as attn_mask");
}

void onnx_attention_infer(struct ctx *c, struct node *n)
{
	need_inputs(c, n, 3, 7);
	need_outputs(c, n, 1, 4);
	for (int i = 0; i < n->n_in; i++)
		need_type(c, n, i, i == USED_LENGTHS ? "i64" : i == MASK ? "f32 f16 bf16 bool" : "f32 f16 bf16");
	struct attention a = read_attention(c, n);
	check_mask(c, n, &a);
	check_used_lengths(c, n, &a);
	need_range(c, n, "qk_matmul_output_mode", attribute_int(c, n, "qk_matmul_output_mode", 0), 0, 3);
	const int64_t three[] = { a.b, a.m, a.heads * a.dv }, four[] = { a.b, a.heads, a.m, a.dv };
	const int64_t key[] = { a.b, a.shared, a.n, a.d }, value[] = { a.b, a.shared, a.n, a.dv };
	const int64_t scores[] = { a.b, a.heads, a.m, a.n };
	enum rt_type type = n->in[QUERY]->type;
	set_output(c, n, RESULT, type, n->in[QUERY]->rank, n->in[QUERY]->rank == 3 ? three : four);
	set_output(c, n, PRESENT_KEY, n->in[KEY]->type, 4, key);
	set_output(c, n, PRESENT_VALUE, n->in[VALUE]->type, 4, value);
	set_output(c, n, SCORES, type, 4, scores);
}

static bool has_output(const struct node *n, int i)
{
	return i < n->n_out && n->out[i];
}

/* A value that stands for a view. */
static struct value *named(struct lower *l, const struct value *like, const struct view *view)
{
	struct value *to = value_new(l->c, like->name, view->type, view->rank, view->dim);

	view_set(l, to, view);
	return to;
}

/* The same elements in another shape, moved if need be. */
static struct value *reshaped(struct lower *l, const struct value *v, int rank, const int64_t *dim)
{
	const struct view to = view_reshaped(l, v->view, rank, dim, v->name);

	return named(l, v, &to);
}

/* Operand i as [b, heads, rows, d]. */
static struct value *operand(struct lower *l, const struct node *n, int i)
{
	static const int heads_first[] = { 0, 2, 1, 3 };
	struct view view = *view_of(l, n->in[i]);
	int64_t dim[4];

	operand_dims(l->c, n, i, dim);
	if (view.rank == 3) {
		view.rank = 4;
		view.stride[3] = view.stride[2];
		view.stride[2] = dim[3] * view.stride[3];
		view.dim[2] = dim[1];
		view.dim[3] = dim[3];
		view = view_permute(&view, heads_first);
	}
	return named(l, n->in[i], &view);
}

/* The cache and behind it the new rows; output `out` when somebody wants it. */
static struct value *with_past(struct lower *l, struct node *n, struct value *now, int past_index, int out)
{
	struct value *past = input(n, past_index);
	struct value *all = has_output(n, out) ? n->out[out] : NULL;

	if (!past) {
		if (all)
			output_view(l, n, out, now->view);
		return now;
	}
	const int64_t dim[] = { now->dim[0], now->dim[1], past->dim[2] + now->dim[2], now->dim[3] };
	all = all ? all : temporary(l, n, now->type, 4, dim);
	struct view *y = view_new(l, all), part = *y;
	part.dim[2] = past->dim[2];
	view_copy(l, &part, view_of(l, past));
	part.offset += past->dim[2] * part.stride[2];
	part.dim[2] = now->dim[2];
	view_copy(l, &part, now->view);
	return all;
}

/* With shared heads the batch counts those of k and v, and the heads are the ones that share: q [b*shared, group, m,
 * d], k and v [b*shared, 1, n, d]. */
static struct value *grouped(struct lower *l, const struct attention *a, struct value *v)
{
	const int64_t dim[] = { a->b * a->shared, v->dim[1] / a->shared, v->dim[2], v->dim[3] };

	return a->group == 1 ? v : reshaped(l, v, 4, dim);
}

/* A mask whose rows are shorter than the scores', filled up with "no". */
static struct value *full_mask(struct lower *l, const struct node *n, struct value *mask, int64_t columns)
{
	int64_t dim[MAX_RANK];
	int last = mask->rank - 1;

	if (last < 0 || mask->dim[last] == columns || mask->dim[last] == 1)
		return mask;
	memcpy(dim, mask->dim, sizeof dim);
	dim[last] = columns;
	struct value *to = temporary(l, n, mask->type, mask->rank, dim);
	struct view *all = view_new(l, to), part = *all;
	fill_view(l, n, all, part_number(l, n, mask->type, mask->type == RT_BOOL ? 0 : -INFINITY));
	part.dim[last] = mask->dim[last];
	view_copy(l, &part, view_of(l, mask));
	return to;
}

/* Which scores a row may see: its own position behind the cache, and all before. */
static struct value *causal_mask(struct lower *l, const struct node *n, const struct attention *a)
{
	uint8_t *keep = NEW(l->c, uint8_t, (size_t)(a->m * a->n) + 1);
	const int64_t dim[] = { a->m, a->n };

	for (int64_t i = 0; i < a->m; i++)
		for (int64_t j = 0; j < a->n; j++)
			keep[i * a->n + j] = j <= i + a->past;
	return value_constant(l->c, arena_text(l->c, "%s.causal", n->name), RT_BOOL, 2, dim, keep);
}

/* Which of the keys are used in each batch. */
static struct value *length_mask(struct lower *l, const struct node *n, const struct attention *a)
{
	struct value *used = n->in[USED_LENGTHS];
	const int64_t dim[] = { a->b, 1, 1, 1 }, all[] = { a->b, 1, 1, a->n };
	int64_t *position = NEW(l->c, int64_t, (size_t)a->n + 1);

	for (int64_t i = 0; i < a->n; i++)
		position[i] = i;
	struct value *at = value_constant(l->c, arena_text(l->c, "%s.position", n->name), RT_I64, 1, &a->n, position);
	view_of(l, used);
	struct node *less = part_new(l, n, "", "Less", 2, at, reshaped(l, used, 4, dim));
	return part_lower(l, less, RT_BOOL, 4, all);
}

/* The element-wise chain from the product to the softmax. */
struct chain {
	struct lower *l;
	struct node *n;
	int64_t dim[4];
	enum moment shown;
};

static struct value *link_of(struct chain *s, const char *type, struct value *a, struct value *b)
{
	return part_lower(s->l, part_new(s->l, s->n, "", type, b ? 2 : 1, a, b), RT_F32, 4, s->dim);
}

static struct value *masked(struct chain *s, struct value *keep, struct value *x)
{
	struct value *no = part_number(s->l, s->n, RT_F32, -INFINITY);

	return part_lower(s->l, part_new(s->l, s->n, "", "Where", 3, keep, x, no), RT_F32, 4, s->dim);
}

/* x, stored in `to`. */
static void store(struct chain *s, struct value *x, struct value *to)
{
	struct node *cast = part_new(s->l, s->n, "", "Cast", 1, x);

	set_attribute_int(s->l->c, cast, "to", to->type);
	part_last(s->l, cast, to);
}

static void show(struct chain *s, enum moment moment, struct value *x)
{
	if (moment == s->shown && has_output(s->n, SCORES))
		store(s, x, s->n->out[SCORES]);
}

/* What goes into the softmax, in memory. */
static struct value *finished_scores(struct chain *s, const struct attention *a, struct value *x, double scale)
{
	struct lower *l = s->l;
	struct node *n = s->n;
	double softcap = attribute_float(l->c, n, "softcap", 0);
	struct value *mask = input(n, MASK), *to = temporary(l, n, RT_F32, 4, s->dim);

	x = link_of(s, "Mul", x, part_number(l, n, RT_F32, scale));
	show(s, AFTER_PRODUCT, x);
	if (softcap != 0) {
		struct value *cap = part_number(l, n, RT_F32, softcap);
		x = link_of(s, "Mul", link_of(s, "Tanh", link_of(s, "Div", x, cap), NULL), cap);
	}
	show(s, AFTER_SOFTCAP, x);
	mask = mask ? full_mask(l, n, mask, a->n) : NULL;
	if (mask)
		x = mask->type == RT_BOOL ? masked(s, mask, x) : link_of(s, "Add", x, part_convert(l, n, mask, RT_F32));
	if (attribute_int(l->c, n, "is_causal", 0))
		x = masked(s, causal_mask(l, n, a), x);
	if (input(n, USED_LENGTHS))
		x = masked(s, length_mask(l, n, a), x);
	show(s, AFTER_MASK, x);
	store(s, x, to);
	return to;
}

static bool is_plain(struct ctx *c, const struct node *n)
{
	return !input(n, MASK) && !input(n, USED_LENGTHS) && !has_output(n, SCORES) &&
		   !attribute_int(c, n, "is_causal", 0) && attribute_float(c, n, "softcap", 0) == 0;
}

/* softmax(scale q kt) v by parts: q, kt and v as gluec.Attention takes them. */
static struct value *by_parts(struct lower *l, struct node *n, const struct attention *a, struct value *const *x,
	double scale, const int64_t *result)
{
	struct chain s = { l, n, { a->b, a->heads, a->m, a->n },
		(enum moment)attribute_int(l->c, n, "qk_matmul_output_mode", 0) };
	const int64_t product[] = { result[0], result[1], a->m, a->n };

	struct value *scores = part_lower(l, part_new(l, n, "", "MatMul", 2, x[0], x[1]), RT_F32, 4, product);
	scores = finished_scores(&s, a, reshaped(l, scores, 4, s.dim), scale);
	struct node *softmax = part_new(l, n, "", "Softmax", 1, scores);
	set_attribute_int(l->c, softmax, "axis", -1);
	struct value *weights = part_lower(l, softmax, RT_F32, 4, s.dim);
	show(&s, AFTER_SOFTMAX, weights);
	struct node *sum = part_new(l, n, "", "MatMul", 2, reshaped(l, weights, 4, product), x[2]);
	return part_lower(l, sum, n->out[RESULT]->type, 4, result);
}

void onnx_attention_lower(struct lower *l, struct node *n)
{
	static const int transposed[] = { 0, 1, 3, 2 }, rows_first[] = { 0, 2, 1, 3 };
	struct attention a = read_attention(l->c, n);
	double scale = attribute_float(l->c, n, "scale", 0);
	struct value *y = n->out[RESULT], *x[3], *found;

	if (nothing_to_compute(l, n))
		return;
	scale = scale != 0 ? scale : 1 / sqrt((double)a.d);
	x[0] = grouped(l, &a, operand(l, n, QUERY));
	x[1] = grouped(l, &a, with_past(l, n, operand(l, n, KEY), PAST_KEY, PRESENT_KEY));
	x[2] = grouped(l, &a, with_past(l, n, operand(l, n, VALUE), PAST_VALUE, PRESENT_VALUE));
	struct view kt = view_permute(x[1]->view, transposed);
	x[1] = named(l, x[1], &kt);
	const int64_t result[] = { x[0]->dim[0], x[0]->dim[1], a.m, a.dv }, four[] = { a.b, a.heads, a.m, a.dv };
	if (is_plain(l->c, n)) {
		struct node *part = part_new(l, n, "gluec", "Attention", 3, x[0], x[1], x[2]);
		set_attribute_float(l->c, part, "scale", scale);
		found = part_lower(l, part, y->type, 4, result);
	} else {
		found = by_parts(l, n, &a, x, scale, result);
	}
	found = reshaped(l, found, 4, four);
	if (y->rank == 3) {
		struct view rows = view_permute(found->view, rows_first);
		found = reshaped(l, named(l, found, &rows), 3, y->dim);
	}
	output_view(l, n, RESULT, found->view);
}
