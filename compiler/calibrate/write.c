/* Putting quantised products into the file. */
#include "calibrate.h"

/* A bias of Conv or Gemm becomes i32; that of an Add stays float, and is replaced only when it was corrected. */
static void write_bias(struct ctx *c, const struct calibration *k, const struct product *p, struct onnx_file *file)
{
	const struct bias *b = &p->bias;
	struct onnx_constant constant = { RT_F32, b->rank, b->dim, b->value, 0, NULL };

	if (!b->node || (!b->there && !k->correct_bias))
		return;
	if (b->node == p->node) {
		float *scale = NEW(c, float, (size_t)p->outputs);
		for (int64_t o = 0; o < p->outputs; o++)
			scale[o] = p->x->quantizer.scale * p->scale[o];
		constant = (struct onnx_constant){ RT_I32, b->rank, b->dim, round_bias(c, p), b->rank - 1, scale };
	}
	if (b->node == p->node || k->correct_bias)
		onnx_file_replace(file, b->node, b->input, &constant);
}

void write_products(struct ctx *c, const struct calibration *k, struct onnx_file *file)
{
	for (int i = 0; i < k->n_products; i++) {
		const struct product *p = &k->products[i];
		if (p->left)
			continue;
		const struct value *w = p->node->in[1];
		onnx_file_quantize(file, p->node, 0, p->x->quantizer.scale, p->x->quantizer.zero);
		onnx_file_replace(
			file, p->node, 1, &(struct onnx_constant){ RT_I8, w->rank, w->dim, p->integer, p->axis, p->scale });
		write_bias(c, k, p, file);
	}
}
