/* Graphs of a few nodes, built in memory. */
#include "golden_models.h"

void golden_picture(struct op_test *t)
{
	struct value *x = pass_input(t, "f32[1,1,8,12]", 1), *y;

	x->name = "image";
	y = pass_node(t, "Conv", "conv1", 3, x, pass_constant(t, "f32[5,1,3,3]", 2), pass_constant(t, "f32[5]", 3));
	SET_INTS(t, y->def, "pads", 1, 1, 1, 1);
	y = pass_node(t, "Relu", "conv1/relu", 1, y);
	y = pass_node(t, "MaxPool", "pool1", 1, y);
	SET_INTS(t, y->def, "kernel_shape", 2, 2);
	SET_INTS(t, y->def, "strides", 2, 2);
	y = pass_node(t, "Conv", "conv2", 2, y, pass_constant(t, "f32[6,5,1,1]", 4));
	struct value *norm = pass_node(t, "ReduceL2", "descriptors/norm", 2, y, INTS(t, 1));
	pass_output(t, pass_node(t, "Div", "descriptors", 2, y, norm));
	y = pass_node(t, "Flatten", "flat", 1, y);
	y = pass_node(t, "MatMul", "head/product", 2, y, pass_constant(t, "f32[144,4]", 5));
	y = pass_node(t, "Add", "head", 2, y, pass_constant(t, "f32[4]", 6));
	pass_output(t, pass_node(t, "Softmax", "scores", 1, y));
}

void golden_matcher(struct op_test *t)
{
	struct value *x = pass_input(t, "f32[1,6,8]", 1), *go_on = op_input(t, "bool[1]", LIST(1)), *y;

	x->name = "descriptors";
	go_on->name = "go_on";
	struct value *k = pass_node(t, "Transpose", "attention/turned", 1, x);
	SET_INTS(t, k->def, "perm", 0, 2, 1);
	y = pass_node(t, "MatMul", "attention/scores", 2, x, k);
	y = pass_node(t, "Mul", "attention/scaled", 2, y, value_float(t->c, "scale", 0.35f));
	y = pass_node(t, "MatMul", "attention", 2, pass_node(t, "Softmax", "attention/softmax", 1, y), x);
	y = pass_node(t, "MatMul", "update/product", 2, y, pass_constant(t, "f32[8,8]", 2));
	y = pass_node(t, "Add", "update", 2, pass_node(t, "Gelu", "update/gelu", 1, y), x);
	struct graph *deeper = pass_open(t);
	struct value *z = pass_node(t, "MatMul", "deeper/product", 2, y, pass_constant(t, "f32[8,8]", 3));
	pass_output(t, pass_node(t, "Add", "deeper", 2, z, pass_constant(t, "f32[8]", 4)));
	pass_close(t);
	struct graph *stop = pass_open(t);
	pass_output(t, pass_node(t, "Tanh", "stop", 1, y));
	pass_close(t);
	y = pass_if(t, "exit", go_on, deeper, stop)->out[0];
	struct node *best =
		op_node(t, "", "TopK", 2, 2, pass_node(t, "ReduceMax", "strength", 2, y, INTS(t, 2)), INTS(t, 3));
	best->in[1]->name = "how_many";
	best->name = "best";
	set_attribute_int(t->c, best, "axis", 1);
	best->out[0]->name = "values";
	best->out[1]->name = "best/indices";
	pass_output(t, best->out[0]);
	pass_output(t, pass_node(t, "Mul", "indices", 2, best->out[1], value_int(t->c, "two", 2)));
}

void golden_numbers(struct op_test *t)
{
	struct value *x = pass_input(t, "f32[2,3,4]", 1), *i = op_input(t, "i64[4,3]", NULL), *y;

	x->name = "/model/input:0";
	i->name = "int";
	y = pass_node(t, "Transpose", "turned {", 1, x);
	SET_INTS(t, y->def, "perm", 2, 1, 0);
	y = pass_node(t, "Pow", "\"power\"", 2, y, value_float(t->c, "exponent", 1.1f));
	y = pass_node(
		t, "Where", "where */", 3, pass_node(t, "IsNaN", "is nan", 1, y), value_float(t->c, "none", -INFINITY), y);
	pass_output(t, pass_node(t, "ReduceLogSumExp", "3rd", 2, y, INTS(t, -1)));
	i = pass_node(t, "Mul", "wide", 2, i, value_int(t->c, "large", INT64_C(1) << 40));
	pass_output(t, pass_node(t, "Slice", "every.second", 5, i, INTS(t, 0), INTS(t, 4), INTS(t, 0), INTS(t, 2)));
}
