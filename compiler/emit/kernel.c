/* What the compiler knows of the kernels, made from the lists in rt.h: how to print their parameters, and how to run
 * their builds. */
#include "lower.h"
#include "base/number.h"
#include <string.h>

#define NAME(name) #name,
static const char *const name_rt_act[] = { RT_ACTS(NAME) };
static const char *const name_rt_pool_kind[] = { RT_POOL_KINDS(NAME) };
static const char *const name_rt_reduce_kind[] = { RT_REDUCE_KINDS(NAME) };
static const char *const name_rt_grid_mode[] = { RT_GRID_MODES(NAME) };
static const char *const name_rt_grid_padding[] = { RT_GRID_PADDINGS(NAME) };
static const char *const name_rt_scatter_kind[] = { RT_SCATTER_KINDS(NAME) };
static const char *const name_rt_step_op[] = { RT_STEP_OPS(NAME) };
#undef NAME
static const char *const name_rt_type[] = { [RT_NOTYPE] = "RT_NOTYPE",
	[RT_F32] = "RT_F32",
	[RT_U8] = "RT_U8",
	[RT_I8] = "RT_I8",
	[RT_U16] = "RT_U16",
	[RT_I16] = "RT_I16",
	[RT_I32] = "RT_I32",
	[RT_I64] = "RT_I64",
	[RT_BOOL] = "RT_BOOL",
	[RT_F16] = "RT_F16",
	[RT_F64] = "RT_F64",
	[RT_U32] = "RT_U32",
	[RT_U64] = "RT_U64",
	[RT_BF16] = "RT_BF16",
	[RT_F8E4M3FN] = "RT_F8E4M3FN",
	[RT_F8E4M3FNUZ] = "RT_F8E4M3FNUZ",
	[RT_F8E5M2] = "RT_F8E5M2",
	[RT_F8E5M2FNUZ] = "RT_F8E5M2FNUZ",
	[RT_U4] = "RT_U4",
	[RT_I4] = "RT_I4",
	[RT_F4E2M1] = "RT_F4E2M1",
	[RT_F8E8M0] = "RT_F8E8M0",
	[RT_U2] = "RT_U2",
	[RT_I2] = "RT_I2",
	[RT_BF16X2] = "RT_BF16X2" };

/* A list being printed: the separator before the next field. */
struct list {
	FILE *f;
	bool started;
};

static void field(struct list *l, const char *name)
{
	fprintf(l->f, "%s.%s = ", l->started ? ", " : "", name);
	l->started = true;
}

static void print_int(struct list *l, const char *name, int32_t x)
{
	if (!x)
		return;
	field(l, name);
	fprintf(l->f, "%d", (int)x);
}

static void print_float(struct list *l, const char *name, float x)
{
	if (x == 0)
		return;
	field(l, name);
	write_float(l->f, x);
}

static void print_enum(struct list *l, const char *name, int x, const char *const *names)
{
	if (!x)
		return;
	field(l, name);
	fputs(names[x], l->f);
}

/* Trailing zeros are left out like absent fields. */
static void print_ints(struct list *l, const char *name, const int32_t *x, int n)
{
	while (n && !x[n - 1])
		n--;
	if (!n)
		return;
	field(l, name);
	for (int i = 0; i < n; i++)
		fprintf(l->f, "%s%d", i ? ", " : "{ ", (int)x[i]);
	fputs(" }", l->f);
}

static void print_types(struct list *l, const char *name, const enum rt_type *x, int n)
{
	while (n && !x[n - 1])
		n--;
	if (!n)
		return;
	field(l, name);
	for (int i = 0; i < n; i++)
		fprintf(l->f, "%s%s", i ? ", " : "{ ", name_rt_type[x[i]]);
	fputs(" }", l->f);
}

static void print_steps(struct list *l, const char *name, const struct rt_step *x, int n)
{
	field(l, name);
	fputs("(const struct rt_step[]){", l->f);
	for (int i = 0; i < n; i++) {
		struct list step = { l->f, false };
		fputs(i ? ", { " : " { ", l->f);
		field(&step, "op");
		fputs(name_rt_step_op[x[i].op], l->f);
		print_enum(&step, "type", (int)x[i].type, name_rt_type);
		print_enum(&step, "from", (int)x[i].from, name_rt_type);
		print_int(&step, "a", x[i].a);
		print_int(&step, "b", x[i].b);
		print_int(&step, "c", x[i].c);
		if (x[i].real != 0) {
			field(&step, "real");
			write_double(l->f, x[i].real);
		}
		if (x[i].integer) {
			field(&step, "integer");
			write_int64(l->f, x[i].integer);
		}
		fputs(" }", l->f);
	}
	fputs(" }", l->f);
}

/* One printer per kernel, from its field list. The number of steps is in the field of that name. */
#define PRINT_I(name)       print_int(&l, #name, p->name);
#define PRINT_F(name)       print_float(&l, #name, p->name);
#define PRINT_E(type, name) print_enum(&l, #name, (int)p->name, name_##type);
#define PRINT_A(name, n)    print_ints(&l, #name, p->name, n);
#define PRINT_T(name, n)    print_types(&l, #name, p->name, n);
#define PRINT_S(name)       print_steps(&l, #name, p->name, p->name##s);
#define PRINTER(kernel, LIST)                                                                                          \
	static void print_##kernel(FILE *f, const void *params)                                                            \
	{                                                                                                                  \
		const struct rt_##kernel *p = params;                                                                          \
		struct list l = { f, false };                                                                                  \
		LIST(PRINT_I, PRINT_F, PRINT_E, PRINT_A, PRINT_T, PRINT_S)                                                     \
	}
RT_STRUCTS(PRINTER)

#define BUILD(isa, name) rt_##name##_##isa,

#define SPREAD_1 p[0]
#define SPREAD_2 SPREAD_1, p[1]
#define SPREAD_3 SPREAD_2, p[2]
#define SPREAD_4 SPREAD_3, p[3]
#define SPREAD_5 SPREAD_4, p[4]
#define SPREAD_6 SPREAD_5, p[5]
#define SPREAD_7 SPREAD_6, p[6]
#define INVOKER(name, outputs, pointers, list)                                                                         \
	static void invoke_##name(int isa, const struct rt_run *run, const void *params, void *const *p)                   \
	{                                                                                                                  \
		static rt_##name##_fn *const builds[] = { RT_ISAS(BUILD, name) };                                              \
		builds[isa](run, params, SPREAD_##pointers);                                                                   \
	}
RT_KERNELS(INVOKER)

#define ROW(name, outputs, pointers, list)                                                                             \
	{ #name, outputs, pointers, sizeof(struct rt_##name), print_##name, invoke_##name },
const struct kernel kernels[] = { RT_KERNELS(ROW) };
