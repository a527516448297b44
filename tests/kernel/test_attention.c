#define RT_ISA emulated
#include "kernel/attention.c"
#include "bytes_case.h"

struct attention_case {
	struct rt_attention p;
	void *q, *k, *v;
};

static void call(const void *job, int build, const struct rt_run *run, void *y)
{
	static rt_attention_fn *const builds[] = KERNEL_BUILDS(attention);
	const struct attention_case *c = job;

	builds[build](run, &c->p, y, c->q, c->k, c->v);
}

static size_t at(const int32_t *stride, int32_t b, int32_t h, int32_t row)
{
	return (size_t)(b * stride[0] + h * stride[1] + row * stride[2]);
}

/* The definition, one query at a time. A row whose scores are all -infinity gives NaN, as 0/0 does. */
static void reference(const struct attention_case *c, int32_t b, int32_t h, int32_t i, double *y)
{
	const struct rt_attention *p = &c->p;
	double *score = new_doubles((size_t)p->n), max = -INFINITY, sum = 0;

	for (int32_t j = 0; j < p->n; j++) {
		for (int32_t t = 0; t < p->d; t++)
			score[j] += element(c->q, p->x_type, at(p->q, b, h, i) + (size_t)t) *
						element(c->k, p->x_type, at(p->k, b, h, j) + (size_t)t);
		score[j] *= (double)p->scale;
		max = fmax(max, score[j]);
	}
	for (int32_t j = 0; j < p->n; j++)
		sum += score[j] = exp(score[j] - max);
	for (int32_t t = 0; t < p->dv; t++)
		for (int32_t j = 0; j < p->n; j++)
			y[t] += score[j] / sum * element(c->v, p->x_type, at(p->v, b, h, j) + (size_t)t);
	free(score);
}

/* What attention should write; y is [b][m][h][dv], as models have it. */
static double *expect(struct attention_case *c, size_t *count)
{
	struct rt_attention *p = &c->p;
	double *expected;

	*count = (size_t)(p->b * p->m * p->h * p->dv);
	expected = new_doubles(*count);
	p->y[0] = p->m * p->h * p->dv;
	p->y[1] = p->dv;
	p->y[2] = p->h * p->dv;
	for (int32_t b = 0; b < p->b; b++)
		for (int32_t h = 0; h < p->h; h++)
			for (int32_t i = 0; i < p->m; i++)
				reference(c, b, h, i, expected + at(p->y, b, h, i));
	return expected;
}

static void compare(struct attention_case *c, double tolerance)
{
	size_t count;
	double *expected = expect(c, &count);

	check_kernel(call, c, expected, count, c->p.y_type, tolerance);
	free(expected);
}

/* q, k, v lie as [b][row][h][d], with elements of q and k up to range. */
static void check_attention(struct rt_attention p, double range, double tolerance)
{
	struct attention_case c;
	int32_t q = p.h * p.d, v = p.h * p.dv;

	memcpy(p.q, (int32_t[]){ p.m * q, p.d, q }, sizeof p.q);
	memcpy(p.k, (int32_t[]){ p.n * q, p.d, q }, sizeof p.k);
	memcpy(p.v, (int32_t[]){ p.n * v, p.dv, v }, sizeof p.v);
	c.p = p;
	c.q = random_tensor(p.x_type, (size_t)(p.b * p.m * q), 1, -range, range);
	c.k = random_tensor(p.x_type, (size_t)(p.b * p.n * q), 2, -range, range);
	c.v = random_tensor(p.x_type, (size_t)(p.b * p.n * v), 3, -1, 1);
	compare(&c, tolerance);
	free(c.q);
	free(c.k);
	free(c.v);
}

#define F32 .x_type = RT_F32, .y_type = RT_F32

START_TEST(odd_sizes)
{
	static const int32_t sizes[][4] = { { 1, 1, 1, 1 }, { 3, 2, 5, 7 }, { 17, 49, 8, 16 }, { 65, 100, 64, 64 },
		{ 70, 47, 33, 50 } };

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		check_attention((struct rt_attention){ .b = 2,
							.h = 3,
							.m = sizes[i][0],
							.n = sizes[i][1],
							.d = sizes[i][2],
							.dv = sizes[i][3],
							.scale = 0.3f,
							F32 },
			1, 3e-6);
}
END_TEST

/* More channels than are held at once, of the one, the other, and both. */
START_TEST(wide_heads)
{
	check_attention(
		(struct rt_attention){ .b = 1, .h = 1, .m = 20, .n = 60, .d = 300, .dv = 10, .scale = 0.1f, F32 }, 1, 3e-6);
	check_attention(
		(struct rt_attention){ .b = 1, .h = 2, .m = 20, .n = 60, .d = 20, .dv = 270, .scale = 0.1f, F32 }, 1, 3e-6);
	check_attention(
		(struct rt_attention){ .b = 1, .h = 1, .m = 3, .n = 50, .d = 520, .dv = 257, .scale = 0.1f, F32 }, 1, 3e-6);
}
END_TEST

/* Scores of thousands, which no exponential survives without subtracting the maximum first. */
START_TEST(large_scores)
{
	check_attention(
		(struct rt_attention){ .b = 1, .h = 1, .m = 20, .n = 130, .d = 16, .dv = 5, .scale = 1, F32 }, 60, 2e-2);
}
END_TEST

START_TEST(infinite_scores)
{
	enum { M = 2, N = 120, DV = 3 };
	struct attention_case c = { .p = { .b = 1,
									.h = 1,
									.m = M,
									.n = N,
									.d = 1,
									.dv = DV,
									.scale = 1,
									.q = { 0, 0, 1 },
									.k = { 0, 0, 1 },
									.v = { 0, 0, DV },
									F32 } };
	float q[M] = { 1, 2 }, k[N];

	c.q = q;
	c.k = k;
	c.v = random_tensor(RT_F32, N * DV, 1, -1, 1);
	/* A whole block of keys masked out, then some that are not, then masked ones again. */
	for (int i = 0; i < N; i++)
		k[i] = i < 60 || i > 100 ? -INFINITY : (float)i / 100;
	compare(&c, 3e-6);
	for (int i = 0; i < N; i++)
		k[i] = -INFINITY;
	compare(&c, 0);
	free(c.v);
}
END_TEST

/* The power in the softmax, alone: of two keys with scores x and 0 the first has the share e^x / (1 + e^x). Its error
 * is what micro/math.h says, some roundings, and that of x times log2 e, which grows with x. */
START_TEST(powers)
{
	enum { M = 4000 };
	struct rt_attention p = { .b = 1,
		.h = 1,
		.m = M,
		.n = 2,
		.d = 1,
		.dv = 1,
		.scale = 1,
		.q = { 0, 0, 1 },
		.k = { 0, 0, 1 },
		.v = { 0, 0, 1 },
		.y = { 0, 0, 1 },
		F32 };
	static const struct gluec_options options = { 0 };
	const struct rt_run run = { &options };
	float q[M], k[2] = { 1, 0 }, y[M];
	struct attention_case c = { .p = p, .q = q, .k = k, .v = k };

	for (int i = 0; i < M; i++)
		q[i] = -(float)i * 87 / M;
	for (int build = 0; rt_isa_names[build]; build++) {
		if (rt_select(rt_isa_names[build]) < 0)
			continue;
		call(&c, build, &run, y);
		for (int i = 0; i < M; i++) {
			double power = exp((double)q[i]), share = power / (1 + power);
			double bound = 4e-7 - (double)q[i] * 0x1p-23;
			ck_assert_msg(fabs((double)y[i] - share) <= bound * share, "%s: e^%g is off by %g", rt_isa_names[build],
				(double)q[i], (double)y[i] / share - 1);
		}
	}
}
END_TEST

/* The same keys for every head, and the batches of v backwards: the reference has them the right way round. */
START_TEST(strides)
{
	enum { B = 2, M = 18, N = 21, D = 6 };
	struct attention_case c = { .p = { .b = B,
									.h = 2,
									.m = M,
									.n = N,
									.d = D,
									.dv = D,
									.scale = 0.5f,
									.q = { M * 2 * D, D, 2 * D },
									.k = { N * D, 0, D },
									.v = { N * D, 0, D },
									F32 } };
	float *v = random_tensor(RT_F32, B * N * D, 3, -1, 1), *turned = malloc(B * N * D * sizeof *turned);
	size_t count;

	memcpy(turned, v + N * D, N * D * sizeof *v);
	memcpy(turned + N * D, v, N * D * sizeof *v);
	c.q = random_tensor(RT_F32, B * M * 2 * D, 1, -1, 1);
	c.k = random_tensor(RT_F32, B * N * D, 2, -1, 1);
	c.v = turned;
	double *expected = expect(&c, &count);
	c.v = v + N * D;
	c.p.v[0] = -N * D;
	check_kernel(call, &c, expected, count, RT_F32, 3e-6);
	free(c.q);
	free(c.k);
	free(v);
	free(turned);
	free(expected);
}
END_TEST

START_TEST(storage_types)
{
	static const enum rt_type types[] = { RT_F32, RT_F16, RT_BF16 };

	for (int i = 0; i < 9; i++) {
		struct rt_attention p = { .b = 1,
			.h = 2,
			.m = 21,
			.n = 50,
			.d = 70,
			.dv = 66,
			.scale = 0.12f,
			.x_type = types[i % 3],
			.y_type = types[i / 3] };
		check_attention(p, 1, p.y_type == RT_F32 ? 3e-6 : p.y_type == RT_F16 ? 1e-3 : 8e-3);
	}
	check_attention(
		(struct rt_attention){
			.b = 1, .h = 1, .m = 5, .n = 50, .d = 330, .dv = 6, .scale = 0.1f, .x_type = RT_F16, .y_type = RT_F32 },
		1, 3e-6);
}
END_TEST

/* Queries, keys and channels around the sizes of tiles; where split products are not for them, floats. */
START_TEST(split_products)
{
	static const int32_t sizes[][4] = { { 1, 1, 2, 16 }, { 3, 2, 6, 32 }, { 17, 49, 8, 16 }, { 65, 100, 64, 64 },
		{ 20, 47, 34, 272 }, { 16, 33, 33, 16 }, { 9, 50, 66, 64 }, { 20, 50, 32, 50 } };

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct rt_attention p = { .b = 1,
			.h = 2,
			.m = sizes[i][0],
			.n = sizes[i][1],
			.d = sizes[i][2],
			.dv = sizes[i][3],
			.scale = 0.3f,
			.split = 1,
			F32 };
		check_attention(p, 1, 1e-5);
		p.x_type = RT_F16;
		check_attention(p, 1, 1e-5);
	}
}
END_TEST

/* Queries, keys and channels around the sizes of tiles, in bfloat16, whose powers may be rounded to it, too: of values
 * up to 1 a weighted mean is then within 2^-7. Scales of either sign, for queries in bfloat16 cannot hold one. */
START_TEST(bfloat_products)
{
	static const int32_t sizes[][4] = { { 1, 1, 2, 16 }, { 3, 2, 6, 32 }, { 17, 49, 8, 16 }, { 65, 100, 64, 64 },
		{ 20, 47, 34, 272 }, { 16, 33, 33, 16 }, { 9, 250, 130, 64 }, { 20, 50, 32, 50 }, { 70, 97, 128, 80 } };

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct rt_attention p = { .b = 2,
			.h = 2,
			.m = sizes[i][0],
			.n = sizes[i][1],
			.d = sizes[i][2],
			.dv = sizes[i][3],
			.scale = i % 2 ? 0.3f : -0.2f,
			.x_type = RT_BF16,
			.y_type = RT_F32 };
		check_attention(p, 1, 0x1p-7);
		p.y_type = RT_BF16;
		p.scale = 0;
		check_attention(p, 1, 0x1p-7);
	}
}
END_TEST

START_TEST(bytes)
{
	static const enum rt_type types[] = { RT_U8, RT_I8 };
	enum { M = 37, N = 50, H = 2, D = 18, COUNT = M * H * D };
	struct attention_case floats = { .p = { .b = 1,
										 .h = H,
										 .m = M,
										 .n = N,
										 .d = D,
										 .dv = D,
										 .scale = 0.3f,
										 .q = { 0, D, H * D },
										 .k = { 0, D, H * D },
										 .v = { 0, D, H * D },
										 .y = { 0, D, H * D },
										 F32 } },
						  bytes;

	floats.q = random_tensor(RT_F32, COUNT, 1, -1, 1);
	floats.k = random_tensor(RT_F32, N * H * D, 2, -1, 1);
	floats.v = random_tensor(RT_F32, N * H * D, 3, -1, 1);
	for (int i = 0; i < 2; i++) {
		bytes = floats;
		bytes.p.y_type = types[i];
		bytes.p.y_scale = 0.00123f;
		bytes.p.y_zero = i ? -7 : 120;
		check_bytes(call, &floats, &bytes, COUNT, types[i], bytes.p.y_scale, bytes.p.y_zero);
	}
	free(floats.q);
	free(floats.k);
	free(floats.v);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("attention");
	TCase *t = tcase_create("attention");

	tcase_add_test(t, odd_sizes);
	tcase_add_test(t, wide_heads);
	tcase_add_test(t, large_scores);
	tcase_add_test(t, infinite_scores);
	tcase_add_test(t, powers);
	tcase_add_test(t, strides);
	tcase_add_test(t, storage_types);
	tcase_add_test(t, split_products);
	tcase_add_test(t, bfloat_products);
	tcase_add_test(t, bytes);
	suite_add_tcase(s, t);
	return s;
}
