/* Graphs in memory whose values have got their types. */
#include "precision_test.h"

void choose_types(struct op_test *t, void (*build)(struct op_test *t, int form), int form)
{
	build(t, form);
	pass_infer(t);
	pass_apply(t, simplify);
	pass_apply(t, recognize);
	pass_apply(t, choose_precision);
}
