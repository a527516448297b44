/* Instruction sets by their names, as users ask for them. */
#include "isa.h"
#include <stdlib.h>
#include <string.h>

const char *asked_isa(void)
{
	const char *isa = getenv("GLUEC_ISA");

	return isa && *isa ? isa : NULL;
}

_Noreturn void fail_lacking(struct ctx *c, const char *option, const char *isa)
{
	fail(c, USAGE, "%s: this machine lacks the instruction set '%.20s'", option, isa);
}

int need_isa(struct ctx *c, const char *option, const char *isa)
{
	const char *list = "";

	for (int i = 0; rt_isa_names[i]; i++) {
		if (!strcmp(rt_isa_names[i], isa)) {
			if (rt_select(isa) < 0)
				fail_lacking(c, option, isa);
			return i;
		}
		list = arena_text(c, "%s%s%s", list, *list ? ", " : "", rt_isa_names[i]);
	}
	fail(c, USAGE, "%s: '%.20s' must be one of the instruction sets in gluec: %s", option, isa, list);
}
