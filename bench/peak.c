/* What the machine can do at best: see peak.h. */
#include "peak.h"
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { STEPS = 600000, CHAINS = 12 };

#if defined __x86_64__
#define TWELVE_CHAINS                                                                                                  \
	"vfmadd231ps %12, %12, %0; vfmadd231ps %12, %12, %1; vfmadd231ps %12, %12, %2; vfmadd231ps %12, %12, %3;"          \
	"vfmadd231ps %12, %12, %4; vfmadd231ps %12, %12, %5; vfmadd231ps %12, %12, %6; vfmadd231ps %12, %12, %7;"          \
	"vfmadd231ps %12, %12, %8; vfmadd231ps %12, %12, %9; vfmadd231ps %12, %12, %10; vfmadd231ps %12, %12, %11"

/* Two multiply-adds a cycle that take four or five cycles each need more than eight chains. */
__attribute__((target("avx2,fma"))) static void chains_avx2(void)
{
	typedef float lanes __attribute__((vector_size(32)));
	lanes x = { 0 }, a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x, i = x, j = x, k = x, l = x;

	for (int step = 0; step < STEPS; step++)
		__asm__ volatile(
			TWELVE_CHAINS
			: "+x"(a), "+x"(b), "+x"(c), "+x"(d), "+x"(e), "+x"(f), "+x"(g), "+x"(h), "+x"(i), "+x"(j), "+x"(k), "+x"(l)
			: "x"(x));
}

__attribute__((target("avx512f"))) static void chains_avx512(void)
{
	typedef float lanes __attribute__((vector_size(64)));
	lanes x = { 0 }, a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x, i = x, j = x, k = x, l = x;

	for (int step = 0; step < STEPS; step++)
		__asm__ volatile(
			TWELVE_CHAINS
			: "+v"(a), "+v"(b), "+v"(c), "+v"(d), "+v"(e), "+v"(f), "+v"(g), "+v"(h), "+v"(i), "+v"(j), "+v"(k), "+v"(l)
			: "v"(x));
}

/* AMX needs the system's leave, once a process: request 0x1023 of arch_prctl for state component 18. */
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool has_amx(void)
{
	unsigned a, b, c, d;

	return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d >> 24 & 1) && (d >> 22 & 1) &&
		   !syscall(SYS_arch_prctl, 0x1023, 18);
}

/* Four sums of 16 x 16 floats, each plus 16 x 32 by 32 x 16 bfloat16. */
__attribute__((target("amx-tile,amx-bf16"))) static void chains_amx(void)
{
	struct {
		uint8_t palette, start, reserved[14];
		uint16_t bytes_a_row[16];
		uint8_t rows[16];
	} shape = { .palette = 1 };

	for (int i = 0; i < 6; i++) {
		shape.bytes_a_row[i] = 64;
		shape.rows[i] = 16;
	}
	__asm__ volatile("ldtilecfg %0; tilezero %%tmm0; tilezero %%tmm1; tilezero %%tmm2; tilezero %%tmm3;"
					 "tilezero %%tmm4; tilezero %%tmm5" ::"m"(shape));
	for (int i = 0; i < STEPS / 16; i++)
		__asm__ volatile("tdpbf16ps %%tmm5, %%tmm4, %%tmm0; tdpbf16ps %%tmm5, %%tmm4, %%tmm1;"
						 "tdpbf16ps %%tmm5, %%tmm4, %%tmm2; tdpbf16ps %%tmm5, %%tmm4, %%tmm3" ::);
	__asm__ volatile("tilerelease" ::);
}
#endif

#if defined __aarch64__
#define MULTIPLY_ADD(a, b, c, d)                                                                                       \
	"fmla " #a ".4s, v30.4s, v30.4s; fmla " #b ".4s, v30.4s, v30.4s; fmla " #c ".4s, v30.4s, v30.4s; fmla " #d         \
	".4s, v30.4s, v30.4s;"

/* Up to four multiply-adds a cycle that take four cycles each. */
static void chains_neon(void)
{
	for (int step = 0; step < STEPS; step++)
		__asm__ volatile("movi v30.4s, #0;" MULTIPLY_ADD(v0, v1, v2, v3) MULTIPLY_ADD(v4, v5, v6, v7)
							 MULTIPLY_ADD(v8, v9, v10, v11) MULTIPLY_ADD(v12, v13, v14, v15)
								 MULTIPLY_ADD(v16, v17, v18, v19) MULTIPLY_ADD(v20, v21, v22, v23)::
									 : "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12",
						 "v13", "v14", "v15", "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v30");
}
#endif

const struct peak *peaks(struct peak *to, int room)
{
	int n = 0;
	const double step = 2.0 * CHAINS * STEPS;

	memset(to, 0, (size_t)room * sizeof *to);
	(void)step;
	(void)n;
#if defined __x86_64__
	if (n + 1 < room && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
		to[n++] = (struct peak){ "avx2", step * 8, chains_avx2 };
	if (n + 1 < room && __builtin_cpu_supports("avx512f"))
		to[n++] = (struct peak){ "avx512", step * 16, chains_avx512 };
	if (n + 1 < room && has_amx())
		to[n++] = (struct peak){ "amx", 2.0 * 4 * 16 * 16 * 32 * (STEPS / 16), chains_amx };
#elif defined __aarch64__
	if (n + 1 < room)
		to[n++] = (struct peak){ "neon", 2 * step * 4, chains_neon };
#endif
	return to;
}

#if defined __x86_64__
#define FOR_EACH_WIDTH __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define FOR_EACH_WIDTH
#endif

FOR_EACH_WIDTH float peak_read(const void *data, size_t n)
{
	const float *x = data;
	float sum[128] = { 0 };

	for (size_t i = 0; i < n / sizeof *x; i += 128)
		for (int k = 0; k < 128; k++)
			sum[k] += x[i + (size_t)k];
	for (int k = 1; k < 128; k++)
		sum[0] += sum[k];
	return sum[0];
}
