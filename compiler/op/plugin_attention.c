/* CustomOp::MHAHeadDim64: the TensorRT plugin that stands for attention in the LightGlue exports of
 * qdLMF/LightGlue-with-FlashAttentionV2-TensorRT (lightglue.py with plugin, lightglue_attention_plugin.cpp): query
 * [b,h,m,64], key and value [b,h,n,64], all float or all half, no attributes; softmax(q kT / 8) v, of q's type and
 * shape. The plugin rounds float operands to half; here they are multiplied as they are. */
#include "op.h"

enum { HEAD_SIZE = 64 };

void plugin_attention_infer(struct ctx *c, struct node *n)
{
	need_inputs(c, n, 3, 3);
	need_outputs(c, n, 1, 1);
	need_same_type(c, n, 0, 1);
	need_same_type(c, n, 0, 2);
	need_type(c, n, 0, "f32 f16");
	const struct value *q = n->in[0], *k = n->in[1], *v = n->in[2];
	bool fits = q->rank == 4 && k->rank == 4 && same_shape(k, v) && q->dim[0] == k->dim[0] && q->dim[1] == k->dim[1] &&
				q->dim[3] == HEAD_SIZE && k->dim[3] == HEAD_SIZE;
	if (!fits)
		fail_node(c, n, "query %s, key %s and value %s must be [b,h,m,64], [b,h,n,64] and [b,h,n,64]", shape_text(c, q),
			shape_text(c, k), shape_text(c, v));
	if (!k->dim[2])
		fail_node(c, n, "key %s has no rows; there must be one at least", shape_text(c, k));
	set_output(c, n, 0, q->type, 4, q->dim);
}

void plugin_attention_lower(struct lower *l, struct node *n)
{
	static const int transposed[] = { 0, 1, 3, 2 };
	struct value *q = n->in[0], *k = n->in[1], *v = n->in[2];

	if (nothing_to_compute(l, n))
		return;
	struct view turned = view_permute(view_of(l, k), transposed);
	struct value *kt = value_new(l->c, k->name, k->type, 4, turned.dim);
	view_set(l, kt, &turned);
	struct node *part = part_new(l, n, "gluec", "Attention", 3, q, kt, v);
	set_attribute_float(l->c, part, "scale", 0.125);
	part_last(l, part, n->out[0]);
}
