/* What the tests of the two scatter kernels share: what an update makes of an element. */
#ifndef SCATTER_CASE_H
#define SCATTER_CASE_H

#include "kernel_test.h"

static inline double combined(enum rt_scatter_kind kind, double old, double update)
{
	switch (kind) {
	case RT_SCATTER_SET:
		return update;
	case RT_SCATTER_ADD:
		return old + update;
	case RT_SCATTER_MUL:
		return old * update;
	case RT_SCATTER_MIN:
		return fmin(old, update);
	case RT_SCATTER_MAX:
		return fmax(old, update);
	}
	return NAN;
}

#endif
