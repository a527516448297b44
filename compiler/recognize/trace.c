#include "trace.h"
#include <stdlib.h>
#include <string.h>

int64_t trace_dim(const struct trace *t, int i)
{
	int64_t dim = 1;

	for (int j = t->first[i]; j < t->first[i + 1]; j++)
		dim *= t->factor[j].size;
	return dim;
}

/* One more factor for the last dimension of `to`, joined with the one before it where the two make one stride. */
static bool add_factor(struct trace *to, struct factor f)
{
	if (f.size == 1)
		return true;
	if (to->n > to->first[to->rank]) {
		struct factor *last = &to->factor[to->n - 1];
		if (last->stride == f.stride * f.size) {
			last->size *= f.size;
			last->stride = f.stride;
			return true;
		}
	}
	if (to->n == MAX_FACTORS)
		return false;
	to->factor[to->n++] = f;
	return true;
}

/* The last dimension of `to` is complete. */
static void end_dimension(struct trace *to)
{
	to->first[++to->rank] = to->n;
}

static struct trace no_dimensions(const struct trace *t)
{
	return (struct trace){ .root = t->root, .offset = t->offset };
}

static bool add_dimension(struct trace *to, const struct trace *t, int i)
{
	for (int j = t->first[i]; j < t->first[i + 1]; j++)
		if (!add_factor(to, t->factor[j]))
			return false;
	end_dimension(to);
	return true;
}

/* v as its own root. */
static struct trace itself(struct value *v)
{
	struct trace t = { .root = v };
	int64_t stride = 1;

	t.rank = v->rank;
	for (int i = v->rank; i-- > 0; stride *= v->dim[i])
		t.factor[i] = (struct factor){ v->dim[i], stride };
	struct trace to = no_dimensions(&t);
	for (int i = 0; i < v->rank; i++) {
		add_factor(&to, t.factor[i]);
		end_dimension(&to);
	}
	return to;
}

/* The outer part of *rest, as much of it as a dimension that lacks `need` elements takes; 0 when that cuts it. */
static int64_t take_outer(struct trace *to, struct factor *rest, int64_t need)
{
	int64_t size = rest->size < need ? rest->size : need;

	if (size == 0 || need % size || rest->size % size)
		return 0;
	rest->size /= size;
	return add_factor(to, (struct factor){ size, rest->stride * rest->size }) ? size : 0;
}

bool trace_reshape(struct trace *t, int rank, const int64_t *dim)
{
	struct trace to = no_dimensions(t), flat = no_dimensions(t);
	int next = 0;

	/* What has a common stride across dimensions may be cut anywhere. */
	for (int i = 0; i < t->n; i++)
		add_factor(&flat, t->factor[i]);
	for (int i = 0; i < rank; i++) {
		for (int64_t need = dim[i]; need != 1;) {
			int64_t size = next < flat.n ? take_outer(&to, &flat.factor[next], need) : 0;
			if (size == 0)
				return false;
			next += flat.factor[next].size == 1;
			need /= size;
		}
		end_dimension(&to);
	}
	if (next != flat.n)
		return false;
	*t = to;
	return true;
}

bool trace_broadcast(struct trace *t, int rank, const int64_t *dim)
{
	struct trace to = no_dimensions(t);
	int lead = rank - t->rank;

	if (lead < 0)
		return false;
	for (int i = 0; i < rank; i++) {
		int64_t own = i < lead ? 1 : trace_dim(t, i - lead);
		if (own == dim[i] && i >= lead) {
			if (!add_dimension(&to, t, i - lead))
				return false;
			continue;
		}
		if (own != 1 || dim[i] < 1 || !add_factor(&to, (struct factor){ dim[i], 0 }))
			return false;
		end_dimension(&to);
	}
	*t = to;
	return true;
}

bool trace_slice(struct trace *t, int i, int64_t start, int64_t step, int64_t count)
{
	struct trace to = no_dimensions(t);
	int64_t dim = trace_dim(t, i);

	if (start == 0 && step == 1 && count == dim)
		return true;
	if (t->first[i + 1] - t->first[i] > 1 || count < 1)
		return false;
	struct factor f = t->first[i + 1] > t->first[i] ? t->factor[t->first[i]] : (struct factor){ 1, 0 };
	to.offset += start * f.stride;
	/* A step over a single element may be too long for a stride. */
	struct factor part = { count, count > 1 ? f.stride * step : 0 };
	for (int j = 0; j < t->rank; j++) {
		bool fits = j == i ? add_factor(&to, part) : add_dimension(&to, t, j);
		if (!fits)
			return false;
		if (j == i)
			end_dimension(&to);
	}
	*t = to;
	return true;
}

bool trace_drop(struct trace *t, int i)
{
	struct trace to = no_dimensions(t);

	for (int j = t->first[i]; j < t->first[i + 1]; j++)
		if (t->factor[j].stride != 0)
			return false;
	for (int j = 0; j < t->rank; j++)
		if (j != i)
			add_dimension(&to, t, j);
	*t = to;
	return true;
}

bool trace_equal(const struct trace *a, const struct trace *b)
{
	if (a->root != b->root || a->offset != b->offset || a->rank != b->rank || a->n != b->n ||
		memcmp(a->first, b->first, ((size_t)a->rank + 1) * sizeof *a->first))
		return false;
	for (int i = 0; i < a->n; i++)
		if (a->factor[i].size != b->factor[i].size || a->factor[i].stride != b->factor[i].stride)
			return false;
	return true;
}

bool trace_permute(struct trace *t, const int *perm)
{
	struct trace to = no_dimensions(t);

	for (int i = 0; i < t->rank; i++)
		if (!add_dimension(&to, t, perm[i]))
			return false;
	*t = to;
	return true;
}

/* How movers change the trace of their first input to that of v, an output of n. False where that cannot be said. */
typedef bool mover(struct ctx *c, const struct node *n, const struct value *v, struct trace *t);

static bool transpose(struct ctx *c, const struct node *n, const struct value *v, struct trace *t)
{
	int64_t given[MAX_RANK];
	int perm[MAX_RANK], count = attribute_ints(c, n, "perm", given, MAX_RANK);

	(void)v;
	for (int i = 0; i < t->rank; i++)
		perm[i] = count < 0 ? t->rank - 1 - i : (int)(given[i] < 0 ? given[i] + t->rank : given[i]);
	return trace_permute(t, perm);
}

static bool slice(struct ctx *c, const struct node *n, const struct value *v, struct trace *t)
{
	struct slice s;

	(void)v;
	read_slice(c, n, &s);
	for (int i = 0; i < t->rank; i++)
		if (!trace_slice(t, i, s.start[i], s.step[i], s.count[i]))
			return false;
	return true;
}

/* One index, in a tensor of any rank; the output's shape says how many dimensions of size 1 that leaves. */
static bool gather(struct ctx *c, const struct node *n, const struct value *v, struct trace *t)
{
	int64_t axis = attribute_int(c, n, "axis", 0), index;
	double real;

	axis += axis < 0 ? t->rank : 0;
	if (!constant_scalar(n->in[1], &real))
		return false;
	index = constant_int(n->in[1], 0);
	index += index < 0 ? trace_dim(t, (int)axis) : 0;
	return index >= 0 && index < trace_dim(t, (int)axis) && trace_slice(t, (int)axis, index, 1, 1) &&
		   trace_reshape(t, v->rank, v->dim);
}

static bool split(struct ctx *c, const struct node *n, const struct value *v, struct trace *t)
{
	int64_t axis = attribute_int(c, n, "axis", 0), start = 0;

	axis += axis < 0 ? t->rank : 0;
	for (int i = 0; i < n->n_out && n->out[i] != v; i++) {
		/* Parts that nobody reads may be left out; then nothing says how long they were. */
		if (!n->out[i])
			return false;
		start += n->out[i]->dim[axis];
	}
	return trace_slice(t, (int)axis, start, 1, v->dim[axis]);
}

static bool expand(struct ctx *c, const struct node *n, const struct value *v, struct trace *t)
{
	(void)c;
	(void)n;
	return trace_broadcast(t, v->rank, v->dim);
}

static bool reshape(struct ctx *c, const struct node *n, const struct value *v, struct trace *t)
{
	(void)c;
	(void)n;
	return trace_reshape(t, v->rank, v->dim);
}

/* The dimensions of t, repeated whole so that they have those of v. */
static bool tile(struct ctx *c, const struct node *n, const struct value *v, struct trace *t)
{
	struct trace to = no_dimensions(t);

	(void)c;
	(void)n;
	if (v->rank != t->rank)
		return false;
	for (int i = 0; i < v->rank; i++) {
		int64_t dim = trace_dim(t, i);
		if (dim == 0 || v->dim[i] % dim || !add_factor(&to, (struct factor){ v->dim[i] / dim, 0 }) ||
			!add_dimension(&to, t, i))
			return false;
	}
	*t = to;
	return true;
}

/* Concat of one value several times repeats it. */
static bool repeat(struct ctx *c, const struct node *n, const struct value *v, struct trace *t)
{
	for (int i = 1; i < n->n_in; i++)
		if (n->in[i] != n->in[0])
			return false;
	return tile(c, n, v, t);
}

static mover *find_mover(const struct node *n)
{
	static const struct {
		const char *type;
		mover *move;
	} movers[] = { { "Concat", repeat }, { "Expand", expand }, { "Flatten", reshape }, { "Gather", gather },
		{ "Identity", reshape }, { "Reshape", reshape }, { "Slice", slice }, { "Split", split }, { "Squeeze", reshape },
		{ "Tile", tile }, { "Transpose", transpose }, { "Unsqueeze", reshape } };

	for (size_t i = 0; i < sizeof movers / sizeof *movers; i++)
		if (is_op(n, movers[i].type))
			return movers[i].move;
	return NULL;
}

static struct trace walk(struct ctx *c, struct value *v, int *steps);

/* Steps over a tensor whose elements are another walk: its factors, in row-major order the digits of an element's
 * number, the value of each digit, and the digits' range. */
struct digits {
	const struct trace *inner;
	int64_t row[MAX_FACTORS], low[MAX_FACTORS], high[MAX_FACTORS];
};

/* n steps of `stride` elements, as steps of one digit and, when they run over its end, of those outside it. */
static bool add_steps(struct digits *d, int64_t n, int64_t stride, struct trace *to)
{
	const struct trace *inner = d->inner;
	int i = 0;

	if (stride == 0 || n == 1)
		return add_factor(to, (struct factor){ n, 0 });
	while (i < inner->n && d->row[i] > llabs(stride))
		i++;
	if (i == inner->n || stride % d->row[i])
		return false;
	int64_t by = stride / d->row[i], size = inner->factor[i].size, whole = size / llabs(by), count = n;
	if (llabs(by) * (n - 1) >= size) {
		count = whole;
		if (size % by || n % whole || !add_steps(d, n / whole, stride * whole, to))
			return false;
	}
	*(by < 0 ? &d->low[i] : &d->high[i]) += by * (count - 1);
	return add_factor(to, (struct factor){ count, by * inner->factor[i].stride });
}

bool trace_through(struct trace *t, const struct trace *inner)
{
	struct trace to = { .root = inner->root, .offset = inner->offset };
	struct digits d = { .inner = inner };
	int64_t row = 1;

	for (int i = inner->n; i-- > 0; row *= inner->factor[i].size) {
		d.row[i] = row;
		d.low[i] = d.high[i] = t->offset / row % inner->factor[i].size;
		to.offset += d.low[i] * inner->factor[i].stride;
	}
	for (int i = 0; i < t->rank; i++) {
		for (int k = t->first[i]; k < t->first[i + 1]; k++)
			if (!add_steps(&d, t->factor[k].size, t->factor[k].stride, &to))
				return false;
		end_dimension(&to);
	}
	for (int i = 0; i < inner->n; i++)
		if (d.low[i] < 0 || d.high[i] >= inner->factor[i].size)
			return false;
	*t = to;
	return true;
}

/* Strides that have changed may have become ones that join. */
static void merge_factors(struct trace *t)
{
	struct trace to = no_dimensions(t);

	for (int i = 0; i < t->rank; i++)
		add_dimension(&to, t, i);
	*t = to;
}

/* How a walk goes over a tensor seen as [outer][dim][row]: which indices of the middle dimension it visits, and whether
 * its steps stay within rows or go from one to the same place in another. */
static bool walk_range(const struct trace *t, int64_t dim, int64_t row, int64_t *low, int64_t *high)
{
	int64_t in_row[2] = { t->offset % row, t->offset % row };

	*low = *high = t->offset / row % dim;
	for (int i = 0; i < t->n; i++) {
		int64_t stride = t->factor[i].stride, span = (t->factor[i].size - 1) * stride;
		if (stride % (dim * row) == 0)
			continue;
		if (stride % row == 0)
			*(stride < 0 ? low : high) += span / row;
		else
			in_row[stride > 0] += span;
	}
	return in_row[0] >= 0 && in_row[1] < row;
}

/* A walk that stays within one part of a Concat is one over that part. */
static void enter_part(struct ctx *c, struct trace *t, int *steps)
{
	const struct value *joined = t->root;
	const struct node *n = joined->def;
	int64_t low, high, start = 0, row = 1;

	if (!is_op(n, "Concat") || value_elements(joined) == 0)
		return;
	int64_t axis = attribute_int(c, n, "axis", 0);
	axis += axis < 0 ? joined->rank : 0;
	for (int i = (int)axis + 1; i < joined->rank; i++)
		row *= joined->dim[i];
	const int64_t dim = joined->dim[axis];
	if (!walk_range(t, dim, row, &low, &high))
		return;
	for (int i = 0; i < n->n_in; start += n->in[i++]->dim[axis]) {
		const int64_t length = n->in[i]->dim[axis];
		if (low < start || high >= start + length)
			continue;
		for (int k = 0; k < t->n; k++)
			if (t->factor[k].stride % (dim * row) == 0)
				t->factor[k].stride = t->factor[k].stride / dim * length;
		t->offset = t->offset / (dim * row) * length * row + t->offset % (dim * row) - start * row;
		t->root = n->in[i];
		struct trace inner = walk(c, n->in[i], steps);
		merge_factors(t);
		trace_through(t, &inner);
		return;
	}
}

static struct trace walk(struct ctx *c, struct value *v, int *steps)
{
	const struct node *n = v->def;
	mover *move = n ? find_mover(n) : NULL;

	if (!move || !*steps || n->n_in < 1 || !n->in[0] || value_elements(v) == 0)
		return itself(v);
	--*steps;
	struct trace t = walk(c, n->in[0], steps);
	if (!move(c, n, v, &t))
		return itself(v);
	enter_part(c, &t, steps);
	return t;
}

/* Chains of movers are short; the bound, on all the nodes looked at, keeps a hostile graph from walking itself to
 * death. */
enum { STEPS = 64 };

struct trace trace_value(struct ctx *c, struct value *v)
{
	int steps = STEPS;

	return walk(c, v, &steps);
}

void trace_enter(struct ctx *c, struct trace *t)
{
	int steps = STEPS;

	enter_part(c, t, &steps);
}

struct value *trace_view(struct ctx *c, struct graph *g, struct node *before, const struct trace *t)
{
	int64_t dim[MAX_RANK], stride[MAX_RANK];
	struct node *n = node_new(c, g, before, "gluec", "View", before, 1, 1);

	for (int i = 0; i < t->rank; i++) {
		const struct factor *f = t->first[i + 1] > t->first[i] ? &t->factor[t->first[i]] : NULL;
		dim[i] = f ? f->size : 1;
		stride[i] = f ? f->stride : 0;
	}
	set_attribute_ints(c, n, "shape", t->rank, dim);
	set_attribute_ints(c, n, "strides", t->rank, stride);
	set_attribute_int(c, n, "offset", t->offset);
	n->in[0] = t->root;
	n->out[0] = value_new(c, before->out[0]->name, t->root->type, t->rank, dim);
	n->out[0]->def = n;
	return n->out[0];
}

struct value *trace_straight(struct ctx *c, struct graph *g, struct node *before, struct value *v)
{
	struct trace t = trace_value(c, v);

	if (t.root == v)
		return v;
	for (int i = 0; i < t.rank; i++)
		if (t.first[i + 1] - t.first[i] > 1)
			return v;
	return trace_view(c, g, before, &t);
}
