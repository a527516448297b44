/* fill: one value everywhere. */
#include "kernel.h"

enum { UNIT = 65536 }; /* elements */

struct fill_job {
	const struct rt_fill *p;
	void *y;
};

static void fill_units(void *job_pointer, int32_t begin, int32_t end)
{
	const struct fill_job *job = job_pointer;
	const struct rt_fill *p = job->p;
	uint32_t low = (uint32_t)p->low;
	uint64_t both = (uint64_t)(uint32_t)p->high << 32 | low;
	int64_t from = (int64_t)begin * UNIT, to = (int64_t)end * UNIT;

	to = to < p->n ? to : p->n;
	switch (p->size) {
	case 1:
		memset((uint8_t *)job->y + from, (uint8_t)low, (size_t)(to - from));
		break;
	case 2:
		for (int64_t i = from; i < to; i++)
			((uint16_t *)job->y)[i] = (uint16_t)low;
		break;
	case 4:
		for (int64_t i = from; i < to; i++)
			((uint32_t *)job->y)[i] = low;
		break;
	default:
		for (int64_t i = from; i < to; i++)
			((uint64_t *)job->y)[i] = both;
		break;
	}
}

KERNEL(fill, (void *y))
{
	struct fill_job job = { p, y };

	rt_parallel(run, (int32_t)(((int64_t)p->n + UNIT - 1) / UNIT), fill_units, &job);
}
