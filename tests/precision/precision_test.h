/* Graphs in memory whose values have got their types. */
#ifndef PRECISION_TEST_H
#define PRECISION_TEST_H

#include "pass_test.h"

/* Builds the graph in t, whose settings say the precision, and runs the passes up to the choice of types: the graph as
 * it is before fusion, its values under the names that build gave them. */
void choose_types(struct op_test *t, void (*build)(struct op_test *t, int form), int form);

#endif
