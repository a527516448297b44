/* Which kernels run when every float is a double. */
#include "double.h"
#include "emit/lower.h"

#define INVOKER(name)                                                                                                  \
	static void invoke_##name(int isa, const struct rt_run *run, const void *params, void *const *t)                   \
	{                                                                                                                  \
		(void)isa;                                                                                                     \
		(void)run;                                                                                                     \
		double_##name(params, t);                                                                                      \
	}
DOUBLE_KERNELS(INVOKER)

#define ROW(k) [KERNEL_##k] = { .name = #k, .invoke = invoke_##k },
static const struct kernel own[N_KERNELS] = { DOUBLE_KERNELS(ROW) };

/* These take doubles themselves, or do not look at what they move. */
static const bool portable[N_KERNELS] = { [KERNEL_pool2d] = true,
	[KERNEL_map] = true,
	[KERNEL_reduce] = true,
	[KERNEL_copy_nd] = true,
	[KERNEL_fill] = true,
	[KERNEL_gather] = true,
	[KERNEL_gather_elements] = true,
	[KERNEL_gather_nd] = true,
	[KERNEL_scatter_nd] = true,
	[KERNEL_scatter_elements] = true,
	[KERNEL_cum_sum] = true,
	[KERNEL_resize] = true,
	[KERNEL_max_pool] = true,
	[KERNEL_top_k] = true,
	[KERNEL_non_zero] = true };

const struct kernel *double_kernel(struct ctx *c, const struct node *n, enum kernel_id kernel, const void *params)
{
	bool integers = kernel == KERNEL_matmul && ((const struct rt_matmul *)params)->y_type != RT_F64;

	if (own[kernel].invoke && !integers)
		return &own[kernel];
	if (!portable[kernel] && !integers)
		fail_node(c, n, "it cannot be computed in double: %s has no form for it", kernels[kernel].name);
	return &kernels[kernel];
}
