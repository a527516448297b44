/* Instruction sets by their names, as users ask for them. */
#ifndef ISA_H
#define ISA_H

#include "gluec.h"

/* What the environment variable GLUEC_ISA asks for, NULL when it is not set or empty. */
const char *asked_isa(void);

/* The kernels for `isa` in gluec itself, as c->isa counts them; fails with USAGE when there are none, or when this
 * machine lacks the instruction set. `option` says where the name comes from. */
int need_isa(struct ctx *c, const char *option, const char *isa);
_Noreturn void fail_lacking(struct ctx *c, const char *option, const char *isa);

#endif
