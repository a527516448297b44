/* Writes the self-description at the end of NAME.c. */
#include "emit.h"

/* ", "matches_count", 0": which output says how much of the tensor is used, for those whose length depends on the data.
 */
static const char *used_part(struct ctx *c, const struct length *length)
{
	if (!length || !length->output)
		return ", NULL, 0";
	return arena_text(c, ", \"%s\", %d", safe_string(c, c->graph->outputs[length->output]->name), length->axis);
}

static void write_tensors(struct ctx *c, const char *what, const struct view *views, struct value *const *values, int n,
	const struct length *lengths, struct text *t)
{
	if (!n)
		return;
	line(t, "static const struct gluec_tensor %s[] = {", what);
	for (int i = 0; i < n; i++) {
		const char *dims = "";
		int64_t elements = 1;
		for (int d = 0; d < views[i].rank; d++) {
			dims = arena_text(c, "%s%s%lld", dims, d ? ", " : "", (long long)views[i].dim[d]);
			elements *= views[i].dim[d];
		}
		line(t, "{ \"%s\", \"%s\", %d, { %s }, %zu%s },", safe_string(c, values[i]->name), type_name(views[i].type),
			views[i].rank, *dims ? dims : "0", (size_t)elements * rt_type_size(views[i].type),
			used_part(c, lengths ? &lengths[i] : NULL));
	}
	line(t, "};");
}

void write_model(struct ctx *c, const struct program *p, struct text *t)
{
	const char *arguments = "", *upper = upper_case(c, c->set.name);
	int n_in = c->graph->n_inputs, n_out = c->graph->n_outputs;

	for (int i = 0; i < n_in; i++)
		arguments = arena_text(c, "%sinput[%d], ", arguments, i);
	for (int i = 0; i < n_out; i++)
		arguments = arena_text(c, "%soutput[%d], ", arguments, i);
	line(t, "%s", "");
	write_tensors(c, "input_list", p->inputs, c->graph->inputs, n_in, NULL, t);
	write_tensors(c, "output_list", p->outputs, c->graph->outputs, n_out, c->graph->lengths, t);
	line(t, "%s", "");
	line(t, "static enum gluec_status run_any(const void *const *input, void *const *output, void *arena, size_t "
			"arena_bytes,"
			" const struct gluec_options *options)");
	line(t, "{");
	if (!n_in)
		line(t, "(void)input;");
	line(t, "return %s_run(%sarena, arena_bytes, options);", c->set.name, arguments);
	line(t, "}");
	line(t, "%s", "");
	line(t, "const struct gluec_model *%s_model(void)", c->set.name);
	line(t, "{");
	line(t, "static const struct gluec_model model = {");
	line(t, ".name = \"%s\", .inputs = %d, .outputs = %d, .input = %s, .output = output_list,", c->set.name, n_in,
		n_out, n_in ? "input_list" : "NULL");
	line(t, ".arena_bytes = %s_ARENA_BYTES, .weight_bytes = %s_WEIGHT_BYTES, .isa = %s,", upper, upper,
		c->set.target ? "choose_names" : "rt_isa_names");
	line(t, ".init = %s_init, .run = run_any,", c->set.name);
	line(t, "};");
	line(t, "%s", "");
	line(t, "return &model;");
	line(t, "}");
}
