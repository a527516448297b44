/* The border that is cleared behind the suppression, because keypoints at the edge of a picture have no descriptors:
 * cut off and padded, or overwritten side by side. In whatever way it is done, the picture's inner elements stay where
 * they are and the others become one number. */
#include "recognize.h"

/* A picture of the planes has h x w elements. */
struct frame {
	int64_t elements, h, w, border;
	double fill;
};

/* The width of the border: how many elements down the middle of the first picture are a number. */
static int64_t border_width(const struct frame *f, const struct provenance *p)
{
	int64_t border = 0;

	while (border < f->h && p->from[border * f->w + f->w / 2] < 0)
		border++;
	return border;
}

/* Finds the border and the number in it. */
static bool is_frame(const struct provenance *p, void *frame)
{
	struct frame *f = frame;

	f->border = border_width(f, p);
	f->fill = p->constant[0];
	if (f->border == 0 || f->border == f->h || (double)(float)f->fill != f->fill)
		return false;
	for (int64_t i = 0; i < f->elements; i++) {
		int64_t y = i / f->w % f->h, x = i % f->w;
		bool inside = y >= f->border && y < f->h - f->border && x >= f->border && x < f->w - f->border;
		if (inside ? p->from[i] != i : p->from[i] >= 0 || p->constant[i] != f->fill)
			return false;
	}
	return true;
}

bool recognize_border(struct ctx *c, struct graph *g, struct node *n)
{
	struct value *y = n->out[0], *root = n->n_out == 1 ? moved_from(y) : NULL;
	struct node *nms = made_by_internal(root, "Nms");

	if (!nms || root == y || value_elements(y) != value_elements(root) || !is_filled_last(n, root) ||
		!dies_behind(root, y))
		return false;
	struct frame f = { .elements = value_elements(y), .h = root->dim[root->rank - 2], .w = root->dim[root->rank - 1] };
	/* The frame may cover one that is there already, not show it inside. */
	if (f.elements == 0 || !test_provenance(c, y, root, is_frame, &f) || f.border < attribute_int(c, nms, "border", 0))
		return false;
	const char *names = names_between(c, root, y);
	struct node *whole = replace_end_shaped(c, g, n, "Nms", 1, root->rank, root->dim);
	whole->in[0] = nms->in[0];
	whole->origin = arena_text(c, "%s %s", names, whole->origin);
	set_attribute_int(c, whole, "radius", attribute_int(c, nms, "radius", 0));
	set_attribute_int(c, whole, "rounds", attribute_int(c, nms, "rounds", 0));
	set_attribute_int(c, whole, "border", f.border);
	set_attribute_float(c, whole, "fill", f.fill);
	return true;
}
