/* What every kernel's file includes: the contracts, the vector type of the instruction set being built, and the way to
 * split work. Each file of kernel/ is compiled once per instruction set with RT_ISA defined to its name. */
#ifndef KERNEL_H
#define KERNEL_H

#include "rt.h"
#include <string.h>

#ifndef RT_ISA
#define RT_ISA c
#endif

#include "vec.h"

#define RT_PASTE_(a, b, c) a##b##_##c
#define RT_PASTE(a, b, c)  RT_PASTE_(a, b, c)

/* KERNEL(conv2d, (void *y, ...)) heads the definition of rt_conv2d_c, rt_conv2d_avx2, ... */
#define KERNEL(name, pointers) void RT_PASTE(rt_, name, RT_ISA) RT_PARAMETERS(name, pointers)

/* Runs body over 0..units, in parallel when the caller gave a way to. */
static inline void rt_parallel(
	const struct rt_run *run, int32_t units, void (*body)(void *, int32_t, int32_t), void *job)
{
	if (run->options->parallel_for && units > 1)
		run->options->parallel_for(run->options->pool, units, body, job);
	else
		body(job, 0, units);
}

#endif
