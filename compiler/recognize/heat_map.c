/* SuperPoint's detector head: softmax over the 65 channels of a cell, the last dropped, the others unfolded. However
 * they are unfolded, it is where each probability ends up that counts. */
#include "recognize.h"

/* The softmax's operand is [n][channels][h][w], or [n][h][w][channels] when `last`. */
struct cells {
	int64_t n, channels, h, w, cell;
	bool last;
};

static bool read_cells(struct ctx *c, const struct node *softmax, struct cells *to)
{
	const struct value *x = softmax->in[0];
	int axis = axis_of(c, softmax), rank = x->rank;

	if (rank < 3 || (axis != rank - 3 && axis != rank - 1) || x->type == RT_F64)
		return false;
	to->last = axis == rank - 1;
	to->n = 1;
	for (int i = 0; i < rank - 3; i++)
		to->n *= x->dim[i];
	to->channels = x->dim[axis];
	to->h = x->dim[to->last ? rank - 3 : rank - 2];
	to->w = x->dim[to->last ? rank - 2 : rank - 1];
	for (to->cell = 2; to->cell * to->cell + 1 < to->channels && to->cell < 256;)
		to->cell++;
	return to->cell * to->cell + 1 == to->channels;
}

/* Is the picture that p describes, row by row, the cells unfolded? */
static bool is_unfolded(const struct provenance *p, void *cells)
{
	const struct cells *m = cells;
	int64_t rows = m->h * m->cell, columns = m->w * m->cell;

	for (int64_t i = m->n * rows * columns; i-- > 0;) {
		int64_t picture = i / (rows * columns), row = i / columns % rows, column = i % columns;
		int64_t channel = row % m->cell * m->cell + column % m->cell;
		int64_t y = row / m->cell, x = column / m->cell;
		int64_t from = m->last ? ((picture * m->h + y) * m->w + x) * m->channels + channel
							   : ((picture * m->channels + channel) * m->h + y) * m->w + x;
		if (p->from[i] != from)
			return false;
	}
	return true;
}

/* x as [n][channels][h][w]. */
static struct value *channels_first(
	struct ctx *c, struct graph *g, struct node *before, struct value *x, const struct cells *m)
{
	const int64_t grid[] = { m->n, m->h, m->w, m->channels }, dim[] = { m->n, m->channels, m->h, m->w };
	static const int64_t perm[] = { 0, 3, 1, 2 };

	if (x->rank != 4)
		x = insert_reshape(c, g, before, x, 4, m->last ? grid : dim);
	return m->last ? insert_transpose(c, g, before, x, perm) : x;
}

bool recognize_heat_map(struct ctx *c, struct graph *g, struct node *n)
{
	struct cells m;

	if (!(n->op->flags & OP_MOVES) || n->n_out != 1)
		return false;
	struct value *y = n->out[0], *root = moved_from(y);
	struct node *softmax = made_by(root, "Softmax");
	if (!softmax || !read_cells(c, softmax, &m) || value_elements(y) == 0 ||
		value_elements(y) != m.n * (m.channels - 1) * m.h * m.w || !test_provenance(c, y, root, is_unfolded, &m))
		return false;
	const int64_t dim[] = { m.n, 1, m.h * m.cell, m.w * m.cell };
	const char *names = names_between(c, root, y);
	struct node *map = replace_end_shaped(c, g, n, "HeatMap", 1, 4, dim);
	map->in[0] = channels_first(c, g, map, softmax->in[0], &m);
	map->origin = arena_text(c, "%s %s", names, map->origin);
	set_attribute_int(c, map, "cell", m.cell);
	return true;
}
