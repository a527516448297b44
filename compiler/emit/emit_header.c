/* Writes NAME.h: the contract of the generated object. */
#include "abi_text.h"
#include "emit.h"
#include "precision/rules.h"
#include <string.h>

static void write_tensor_note(
	struct ctx *c, const struct view *view, const char *name, const struct length *length, struct text *t)
{
	const char *s = "";

	for (int i = 0; i < view->rank; i++)
		s = arena_text(c, "%s[%lld]", s, (long long)view->dim[i]);
	line(t, "/*   %s: %s %s */", view->buffer->symbol, type_name(view->type), *s ? s : "scalar");
	if (strcmp(view->buffer->symbol, name))
		line(t, "/*     (in the model: %s) */", safe_comment(c, name));
	if (length && length->output)
		line(t, "/*     of dimension %d the first %s elements are used */", length->axis,
			safe_comment(c, c->graph->outputs[length->output]->name));
}

static bool splits_products(const struct ctx *c)
{
	bool some = c->set.precision == PRECISION_BF16X3;

	for (int i = 0; i < c->set.n_rules; i++)
		some |= c->set.rules[i].precision == PRECISION_BF16X3;
	return some;
}

void write_header(struct ctx *c, const struct program *p, FILE *f)
{
	struct text t = { f, 0 };
	const char *upper = upper_case(c, c->set.name);

	write_head(c, p, &t);
	line(&t, "#ifndef %s_H", upper);
	line(&t, "#define %s_H", upper);
	line(&t, "%s", "");
	for (size_t i = 0; i < sizeof abi_text / sizeof *abi_text; i++)
		fprintf(f, "%s\n", abi_text[i]);
	line(&t, "%s", "");
	line(&t, "#ifdef __cplusplus");
	fputs("extern \"C\" {\n", f);
	line(&t, "#endif");
	line(&t, "%s", "");
	line(&t,
		"/* Working memory of one call, starting at a multiple of 64; nothing in it need be kept between calls. */");
	line(&t, "#define %s_ARENA_BYTES ((size_t)%zu)", upper, p->arena_bytes);
	line(&t, "/* Read-only data in the object. */");
	line(&t, "#define %s_WEIGHT_BYTES ((size_t)%zu)", upper, p->weight_bytes);
	line(&t, "/* A bound on the stack that a call takes, in each thread that works for it. */");
	line(&t, "#define %s_STACK_BYTES ((size_t)%d)", upper, STACK_BYTES);
	line(&t, "%s", "");
	if (c->set.target) {
		line(&t, "/* The instruction sets that the object has, weakest first. */");
		line(&t, "#define %s_TARGET \"%s\"", upper, c->set.target);
	}
	if (splits_products(c))
		line(&t, "/* Long sums of products may be computed from two bfloat16 for each number: within 2^-15 of the sum "
				 "of their "
				 "terms' magnitudes. */");
	if (*c->doc)
		line(&t, "/* %s */", safe_comment(c, c->doc));
	line(&t,
		"/* Inputs and outputs, row-major, values as the ONNX model defines them; indices fit their types. No two may "
		"overlap, and none may lie in the arena. */");
	for (int i = 0; i < c->graph->n_inputs; i++)
		write_tensor_note(c, &p->inputs[i], c->graph->inputs[i]->name, NULL, &t);
	line(&t, "/* -> */");
	for (int i = 0; i < c->graph->n_outputs; i++)
		write_tensor_note(
			c, &p->outputs[i], c->graph->outputs[i]->name, c->graph->lengths ? &c->graph->lengths[i] : NULL, &t);
	line(&t, "%s;", run_prototype(c, p));
	line(&t, "%s", "");
	line(&t, "/* Compares the weights with their digest; worth a call after start-up, but not needed for run. */");
	line(&t, "enum gluec_status %s_init(void);", c->set.name);
	line(&t, "%s", "");
	line(&t, "/* The same model for programs that take any. */");
	line(&t, "const struct gluec_model *%s_model(void);", c->set.name);
	line(&t, "%s", "");
	line(&t, "#ifdef __cplusplus");
	fputs("}\n", f);
	line(&t, "#endif");
	line(&t, "%s", "");
	line(&t, "#endif");
}
