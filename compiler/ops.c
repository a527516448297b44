/* The table of operators, made from ops.def. */
#include "gluec.h"
#include <string.h>

#define OP(domain, name, since, infer_op, lower_op, flags, note)                                                       \
	void infer_op(struct ctx *c, struct node *n);                                                                      \
	void lower_op(struct lower *l, struct node *n);
#include "ops.def"
#undef OP

#define OP(domain, name, since, infer_op, lower_op, flags, note)                                                       \
	{ domain, #name, since, flags, infer_op, lower_op, note },
const struct op ops[] = {
#include "ops.def"
};
#undef OP

const int n_ops = sizeof ops / sizeof *ops;

const struct op *find_op(const char *domain, const char *name)
{
	for (int i = 0; i < n_ops; i++)
		if (!strcmp(ops[i].name, name) && !strcmp(ops[i].domain, domain))
			return &ops[i];
	return NULL;
}
