/* What the tests of kernels share: seeded tensors of any type, and check_kernel, which runs a kernel in every build
 * that the machine can run and with every way to split its work.
 *
 *     static void call(const void *job, int build, const struct rt_run *run, void *y)
 *     {
 *         static rt_softmax_fn *const builds[] = KERNEL_BUILDS(softmax);
 *         const struct my_case *c = job;
 *         builds[build](run, &c->p, y, c->x);
 *     }
 *     ...
 *     check_kernel(call, &c, expected, n, RT_F32, 1e-6);  */
#ifndef KERNEL_TEST_H
#define KERNEL_TEST_H

#include "levels.h"
#include "narrow.h"
#include "rt.h"
#include "suite.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The builds in the library, and one more in the tests of kernels that use tiles: they include the kernel's own file,
 * with RT_ISA defined as `emulated`, a level with tiles for any machine. */
#define KERNEL_BUILD(isa, name) rt_##name##_##isa,
#define KERNEL_COUNT(isa, name) +1
#ifdef RT_ISA
#define KERNEL_OWN(name) rt_##name##_emulated
enum { OWN_BUILD = 0 RT_ISAS(KERNEL_COUNT, ), BUILDS };
#else
#define KERNEL_OWN(name) NULL
enum { OWN_BUILD = -1, BUILDS = 0 RT_ISAS(KERNEL_COUNT, ) };
#endif
#define KERNEL_BUILDS(name)                                                                                            \
	{                                                                                                                  \
		RT_ISAS(KERNEL_BUILD, name) KERNEL_OWN(name)                                                                   \
	}

/* Reads element i of a tensor of any type. */
static inline double element(const void *p, enum rt_type type, size_t i)
{
	switch (type) {
	case RT_F32:
		return ((const float *)p)[i];
	case RT_F64:
		return ((const double *)p)[i];
	case RT_F16:
		return float_of_half(((const uint16_t *)p)[i]);
	case RT_BF16:
		return float_of_bfloat(((const uint16_t *)p)[i]);
	case RT_I8:
	case RT_I4:
	case RT_I2:
		return ((const int8_t *)p)[i];
	case RT_U8:
	case RT_U4:
	case RT_U2:
	case RT_BOOL:
		return ((const uint8_t *)p)[i];
	case RT_I16:
		return ((const int16_t *)p)[i];
	case RT_U16:
		return ((const uint16_t *)p)[i];
	case RT_I32:
		return ((const int32_t *)p)[i];
	case RT_U32:
		return ((const uint32_t *)p)[i];
	case RT_I64:
		return (double)((const int64_t *)p)[i];
	case RT_U64:
		return (double)((const uint64_t *)p)[i];
	default:
		ck_assert_msg(is_narrow_float(type), "no such type");
		return (double)float_of_narrow(((const uint8_t *)p)[i], type);
	}
}

/* Writes element i of a tensor of any type, rounding to what the type can hold; integers must be in range. */
static inline void set_element(void *p, enum rt_type type, size_t i, double value)
{
	int64_t integer = isfinite(value) && fabs(value) < 0x1p62 ? (int64_t)value : 0;

	switch (type) {
	case RT_F32:
		((float *)p)[i] = (float)value;
		return;
	case RT_F64:
		((double *)p)[i] = value;
		return;
	case RT_F16:
		((uint16_t *)p)[i] = half_of_float((float)value);
		return;
	case RT_BF16:
		((uint16_t *)p)[i] = bfloat_of_float((float)value);
		return;
	case RT_I8:
	case RT_U8:
	case RT_I4:
	case RT_U4:
	case RT_I2:
	case RT_U2:
		((uint8_t *)p)[i] = (uint8_t)integer;
		return;
	case RT_BOOL:
		((uint8_t *)p)[i] = value != 0;
		return;
	case RT_I16:
	case RT_U16:
		((uint16_t *)p)[i] = (uint16_t)integer;
		return;
	case RT_I32:
	case RT_U32:
		((uint32_t *)p)[i] = (uint32_t)integer;
		return;
	case RT_I64:
	case RT_U64:
		((uint64_t *)p)[i] = (uint64_t)integer;
		return;
	default:
		ck_assert_msg(is_narrow_float(type), "no such type");
		((uint8_t *)p)[i] = narrow_of_float((float)value, type);
	}
}

/* A tensor of n elements, uniform in low..high; the same seed gives the same values. The caller frees it. A tensor ends
 * where its memory ends, so that a sanitizer sees a read beyond it. */
static inline void *random_tensor(enum rt_type type, size_t n, uint64_t seed, double low, double high)
{
	uint64_t state = seed * 0x9e3779b97f4a7c15 + 1;
	void *p = malloc(n * rt_type_size(type));

	ck_assert_msg(p || !n, "out of memory");
	for (size_t i = 0; i < n; i++) {
		state = state * 6364136223846793005u + 1442695040888963407u;
		set_element(p, type, i, low + (high - low) * ((double)(state >> 11) * 0x1p-53));
	}
	return p;
}

static inline double *new_doubles(size_t n)
{
	double *p = calloc(n ? n : 1, sizeof *p);

	ck_assert_msg(p != NULL, "out of memory");
	return p;
}

/* Ways to split work: from the last unit to the first, and in ranges of 1, 2, 3, 1, 2, ... from the end. */
static inline void one_unit_backwards(void *pool, int32_t units, void (*body)(void *, int32_t, int32_t), void *job)
{
	(void)pool;
	while (units-- > 0)
		body(job, units, units + 1);
}

static inline void odd_ranges_backwards(void *pool, int32_t units, void (*body)(void *, int32_t, int32_t), void *job)
{
	(void)pool;
	for (int32_t end = units, size = 1; end > 0; size = size % 3 + 1) {
		int32_t begin = end > size ? end - size : 0;
		body(job, begin, end);
		end = begin;
	}
}

/* Equal, or apart by no more than the bound; NaN matches NaN only. */
static inline bool is_near(double got, double expected, double bound)
{
	if (isnan(expected) || isnan(got))
		return isnan(expected) && isnan(got);
	if (isinf(expected) || isinf(got))
		return got == expected;
	return fabs(got - expected) <= bound;
}

/* Calls a kernel: the build's number counts the instruction sets in RT_ISAS. */
typedef void kernel_call(const void *job, int build, const struct rt_run *run, void *y);

/* Runs the kernel with every build and every split. All splits must write the same bits to the n elements of y, and
 * nothing beyond; each may be as far from what is expected as its bound says. */
static inline void check_within(
	kernel_call *call, const void *job, const double *expected, const double *bound, size_t n, enum rt_type type)
{
	enum { GUARD = 64 };
	static const struct gluec_options ways[] = { { 0 }, { .parallel_for = one_unit_backwards },
		{ .parallel_for = odd_ranges_backwards } };
	size_t bytes = n * rt_type_size(type);
	unsigned char *first = malloc(bytes + GUARD), *other = malloc(bytes + GUARD);

	ck_assert_msg(first && other, "out of memory");
	for (int build = 0; build < BUILDS; build++) {
		const char *isa = build == OWN_BUILD ? "emulated" : rt_isa_names[build];
		if (build != OWN_BUILD && !level_is_tested(isa))
			continue;
		for (size_t way = 0; way < sizeof ways / sizeof *ways; way++) {
			unsigned char *y = way ? other : first;
			struct rt_run run = { &ways[way] };
			memset(y, 0xa5 + (int)way, bytes + GUARD);
			call(job, build, &run, y);
			for (size_t i = 0; i < GUARD; i++)
				ck_assert_msg(y[bytes + i] == 0xa5 + way, "%s wrote beyond its output", isa);
			ck_assert_msg(!way || !memcmp(first, other, bytes), "%s depends on the split", isa);
		}
		for (size_t i = 0; i < n; i++) {
			double got = element(first, type, i);
			if (!is_near(got, expected[i], bound[i]))
				ck_abort_msg("%s: element %zu is %.9g, expected %.9g", isa, i, got, expected[i]);
		}
	}
	free(first);
	free(other);
}

/* The same with a tolerance for all that is absolute below 1 and relative above. */
static inline void check_kernel(
	kernel_call *call, const void *job, const double *expected, size_t n, enum rt_type type, double tolerance)
{
	double *bound = new_doubles(n);

	for (size_t i = 0; i < n; i++)
		bound[i] = tolerance * fmax(1, fabs(expected[i]));
	check_within(call, job, expected, bound, n, type);
	free(bound);
}

#endif
