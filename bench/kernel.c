/* Times the kernels that take most of a model's time, for each instruction set and with one and two threads, against
 * the machine's peak: how fast it does multiply-adds that wait for nothing. Prints GFLOP/s.
 *
 * usage: kernel [name]      only the cases whose name starts so */
#define _POSIX_C_SOURCE 200809L
#include "half.h"
#include "peak.h"
#include "rt.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* n random numbers of -1..1, f32, f16 or bf16. */
static void *tensor(size_t n, enum rt_type type)
{
	size_t bytes = (n * rt_type_size(type) + RT_ALIGN - 1) / RT_ALIGN * RT_ALIGN;
	void *p = aligned_alloc(RT_ALIGN, bytes);

	if (!p) {
		fprintf(stderr, "out of memory\n");
		exit(EXIT_FAILURE);
	}
	uint32_t state = 1;
	for (size_t i = 0; i < n; i++) {
		state = state * 1664525 + 1013904223;
		float value = (float)(state >> 8) * 0x1p-23f - 1;
		if (type == RT_F32)
			((float *)p)[i] = value;
		else
			((uint16_t *)p)[i] = type == RT_F16 ? half_of_float(value) : bfloat_of_float(value);
	}
	return p;
}

/* Two threads for one call: each takes every second range of units. */
struct share {
	void (*body)(void *, int32_t, int32_t);
	void *job;
	int32_t units, first;
};

static void *work(void *data)
{
	struct share *s = data;
	int32_t step = (s->units + 15) / 16;

	for (int32_t i = s->first * step; i < s->units; i += 2 * step)
		s->body(s->job, i, i + step < s->units ? i + step : s->units);
	return NULL;
}

static void two_threads(void *pool, int32_t units, void (*body)(void *, int32_t, int32_t), void *job)
{
	struct share mine = { body, job, units, 0 }, other = { body, job, units, 1 };
	pthread_t thread;

	(void)pool;
	if (pthread_create(&thread, NULL, work, &other)) {
		fprintf(stderr, "cannot make a thread\n");
		exit(EXIT_FAILURE);
	}
	work(&mine);
	pthread_join(thread, NULL);
}

/* A case: its arithmetic in FLOP, and a call of a kernel of build number `isa`. */
struct timing {
	const char *name;
	double flops;
	void (*call)(const void *p, int isa, const struct rt_run *run, void *const *pointer);
	const void *p;
	size_t elements[4];
	enum rt_type types[4];
};

#define BUILD(isa, name) rt_##name##_##isa,

static void call_conv2d(const void *p, int isa, const struct rt_run *run, void *const *v)
{
	static rt_conv2d_fn *const builds[] = { RT_ISAS(BUILD, conv2d) };
	builds[isa](run, p, v[0], v[1], v[2], NULL);
}

static void call_linear(const void *p, int isa, const struct rt_run *run, void *const *v)
{
	static rt_linear_fn *const builds[] = { RT_ISAS(BUILD, linear) };
	builds[isa](run, p, v[0], v[1], NULL, v[2], NULL, NULL);
}

static void call_matmul(const void *p, int isa, const struct rt_run *run, void *const *v)
{
	static rt_matmul_fn *const builds[] = { RT_ISAS(BUILD, matmul) };
	builds[isa](run, p, v[0], v[1], v[2]);
}

static void call_attention(const void *p, int isa, const struct rt_run *run, void *const *v)
{
	static rt_attention_fn *const builds[] = { RT_ISAS(BUILD, attention) };
	builds[isa](run, p, v[0], v[1], v[2], v[3]);
}

static void call_softmax(const void *p, int isa, const struct rt_run *run, void *const *v)
{
	static rt_softmax_fn *const builds[] = { RT_ISAS(BUILD, softmax) };
	builds[isa](run, p, v[0], v[1]);
}

static void call_layer_norm(const void *p, int isa, const struct rt_run *run, void *const *v)
{
	static rt_layer_norm_fn *const builds[] = { RT_ISAS(BUILD, layer_norm) };
	builds[isa](run, p, v[0], v[1], v[2], NULL);
}

#define F32 .x_type = RT_F32, .y_type = RT_F32
#define CONV                                                                                                           \
	.kh = 3, .kw = 3, .stride_h = 1, .stride_w = 1, .pad_top = 1, .pad_left = 1, .dilation_h = 1, .dilation_w = 1,     \
	.group = 1, .act = RT_RELU, F32
#define PICTURE .n = 1, .h = 480, .w = 640, .oh = 480, .ow = 640

static const struct rt_conv2d conv1a = { PICTURE, .c = 1, .oc = 64, .w_type = RT_F32, CONV };
static const struct rt_conv2d conv1b = { PICTURE, .c = 64, .oc = 64, .w_type = RT_F32, .pool = 2, CONV };
static const struct rt_conv2d conv1b_half = { PICTURE, .c = 64, .oc = 64, .w_type = RT_F16, .kh = 3, .kw = 3,
	.stride_h = 1, .stride_w = 1, .pad_top = 1, .pad_left = 1, .dilation_h = 1, .dilation_w = 1, .group = 1,
	.act = RT_RELU, .x_type = RT_F16, .y_type = RT_F16 };
static const struct rt_conv2d conv4 = {
	.n = 1, .h = 60, .w = 80, .oh = 60, .ow = 80, .c = 128, .oc = 256, .w_type = RT_F32, CONV
};
static const struct rt_linear lin768 = {
	.m = 2048, .n = 768, .k0 = 256, .ldx0 = 256, .ldy = 768, F32, .w_type = RT_F32
};
static const struct rt_linear lin512 = {
	.m = 2048, .n = 512, .k0 = 512, .ldx0 = 512, .ldy = 512, F32, .w_type = RT_F32
};
static const struct rt_linear gelu512 = {
	.m = 2048, .n = 512, .k0 = 512, .ldx0 = 512, .ldy = 512, .act = RT_GELU, F32, .w_type = RT_F32
};
static const struct rt_linear half512 = {
	.m = 2048, .n = 512, .k0 = 512, .ldx0 = 512, .ldy = 512, .x_type = RT_F16, .y_type = RT_F16, .w_type = RT_F16
};
static const struct rt_linear bfloat512 = {
	.m = 2048, .n = 512, .k0 = 512, .ldx0 = 512, .ldy = 512, .x_type = RT_BF16, .y_type = RT_BF16, .w_type = RT_BF16
};
static const struct rt_matmul plain = { .b0 = 1,
	.b1 = 1,
	.m = 1024,
	.n = 1024,
	.k = 256,
	.a = { 0, 0, 256, 1 },
	.b = { 0, 0, 1024, 1 },
	.a_type = RT_F32,
	.b_type = RT_F32,
	.y_type = RT_F32 };
static const struct rt_matmul transposed = { .b0 = 1,
	.b1 = 1,
	.m = 1024,
	.n = 1024,
	.k = 256,
	.a = { 0, 0, 256, 1 },
	.b = { 0, 0, 1, 256 },
	.a_type = RT_F32,
	.b_type = RT_F32,
	.y_type = RT_F32 };
static const struct rt_attention att = { .b = 1,
	.h = 4,
	.m = 1024,
	.n = 1024,
	.d = 64,
	.dv = 64,
	.scale = 0.125f,
	.q = { 0, 64, 256 },
	.k = { 0, 64, 256 },
	.v = { 0, 64, 256 },
	.y = { 0, 64, 256 },
	F32 };
static const struct rt_attention att_half = { .b = 1,
	.h = 4,
	.m = 1024,
	.n = 1024,
	.d = 64,
	.dv = 64,
	.scale = 0.125f,
	.q = { 0, 64, 256 },
	.k = { 0, 64, 256 },
	.v = { 0, 64, 256 },
	.y = { 0, 64, 256 },
	.x_type = RT_F16,
	.y_type = RT_F16 };
static const struct rt_attention att_bfloat = { .b = 1,
	.h = 4,
	.m = 1024,
	.n = 1024,
	.d = 64,
	.dv = 64,
	.scale = 0.125f,
	.q = { 0, 64, 256 },
	.k = { 0, 64, 256 },
	.v = { 0, 64, 256 },
	.y = { 0, 64, 256 },
	.x_type = RT_BF16,
	.y_type = RT_BF16 };
static const struct rt_softmax rows = { .outer = 1024, .n = 1024, .stride = 1, F32 };
static const struct rt_softmax columns = { .outer = 1, .n = 1024, .stride = 1024, F32 };
static const struct rt_layer_norm norm = { .rows = 2048, .c = 512, .epsilon = 1e-5f, .act = RT_GELU, F32 };

static const struct timing timings[] = {
	{ "conv2d 3x3 1->64 480x640", 2.0 * 480 * 640 * 64 * 9, call_conv2d, &conv1a, { 480 * 640 * 64, 480 * 640, 9 * 64 },
		{ RT_F32, RT_F32, RT_F32 } },
	{ "conv2d 3x3 64->64 480x640 pool", 2.0 * 480 * 640 * 64 * 64 * 9, call_conv2d, &conv1b,
		{ 240 * 320 * 64, 480 * 640 * 64, 64 * 64 * 9 }, { RT_F32, RT_F32, RT_F32 } },
	{ "conv2d 3x3 64->64 480x640 f16", 2.0 * 480 * 640 * 64 * 64 * 9, call_conv2d, &conv1b_half,
		{ 480 * 640 * 64, 480 * 640 * 64, 64 * 64 * 9 }, { RT_F16, RT_F16, RT_F16 } },
	{ "conv2d 3x3 128->256 60x80", 2.0 * 60 * 80 * 128 * 256 * 9, call_conv2d, &conv4,
		{ 60 * 80 * 256, 60 * 80 * 128, 128 * 256 * 9 }, { RT_F32, RT_F32, RT_F32 } },
	{ "linear 2048x256->768", 2.0 * 2048 * 256 * 768, call_linear, &lin768, { 2048 * 768, 2048 * 256, 256 * 768 },
		{ RT_F32, RT_F32, RT_F32 } },
	{ "linear 2048x512->512", 2.0 * 2048 * 512 * 512, call_linear, &lin512, { 2048 * 512, 2048 * 512, 512 * 512 },
		{ RT_F32, RT_F32, RT_F32 } },
	{ "linear 2048x512->512 gelu", 2.0 * 2048 * 512 * 512, call_linear, &gelu512, { 2048 * 512, 2048 * 512, 512 * 512 },
		{ RT_F32, RT_F32, RT_F32 } },
	{ "linear 2048x512->512 f16", 2.0 * 2048 * 512 * 512, call_linear, &half512, { 2048 * 512, 2048 * 512, 512 * 512 },
		{ RT_F16, RT_F16, RT_F16 } },
	{ "linear 2048x512->512 bf16", 2.0 * 2048 * 512 * 512, call_linear, &bfloat512,
		{ 2048 * 512, 2048 * 512, 512 * 512 }, { RT_BF16, RT_BF16, RT_BF16 } },
	{ "matmul 1024x256x1024", 2.0 * 1024 * 256 * 1024, call_matmul, &plain, { 1024 * 1024, 1024 * 256, 256 * 1024 },
		{ RT_F32, RT_F32, RT_F32 } },
	{ "matmul 1024x256x1024 transposed", 2.0 * 1024 * 256 * 1024, call_matmul, &transposed,
		{ 1024 * 1024, 1024 * 256, 256 * 1024 }, { RT_F32, RT_F32, RT_F32 } },
	{ "attention 4 heads 1024 d 64", 4.0 * 4 * 1024 * 1024 * 64, call_attention, &att,
		{ 1024 * 256, 1024 * 256, 1024 * 256, 1024 * 256 }, { RT_F32, RT_F32, RT_F32, RT_F32 } },
	{ "attention 4 heads 1024 d 64 f16", 4.0 * 4 * 1024 * 1024 * 64, call_attention, &att_half,
		{ 1024 * 256, 1024 * 256, 1024 * 256, 1024 * 256 }, { RT_F16, RT_F16, RT_F16, RT_F16 } },
	{ "attention 4 heads 1024 d 64 bf16", 4.0 * 4 * 1024 * 1024 * 64, call_attention, &att_bfloat,
		{ 1024 * 256, 1024 * 256, 1024 * 256, 1024 * 256 }, { RT_BF16, RT_BF16, RT_BF16, RT_BF16 } },
	/* Of these the elements are counted, not the arithmetic. */
	{ "softmax 1024 rows of 1024 (Gel/s)", 1024 * 1024, call_softmax, &rows, { 1024 * 1024, 1024 * 1024 },
		{ RT_F32, RT_F32 } },
	{ "softmax 1024 columns (Gel/s)", 1024 * 1024, call_softmax, &columns, { 1024 * 1024, 1024 * 1024 },
		{ RT_F32, RT_F32 } },
	{ "layer_norm 2048x512 gelu (Gel/s)", 2048 * 512, call_layer_norm, &norm, { 2048 * 512, 2048 * 512, 512 },
		{ RT_F32, RT_F32, RT_F32 } },
};

/* The best of several runs that take about a third of a second together. */
static double rate(const struct timing *t, int isa, const struct gluec_options *options)
{
	struct rt_run run = { options };
	void *pointer[4] = { 0 };
	double best = 1e9, start = seconds();

	for (int i = 0; i < 4; i++)
		if (t->elements[i])
			pointer[i] = tensor(t->elements[i], t->types[i]);
	for (int i = 0; i < 3 || seconds() < start + 0.3; i++) {
		double begin = seconds();
		t->call(t->p, isa, &run, pointer);
		double taken = seconds() - begin;
		best = taken < best ? taken : best;
	}
	for (int i = 0; i < 4; i++)
		free(pointer[i]);
	return t->flops / best * 1e-9;
}

/* A linear kernel cannot tell the peak; chains of multiply-adds without loads can. */
static void print_peaks(void)
{
	struct peak list[8];

	for (const struct peak *p = peaks(list, 8); p->name; p++) {
		double best = 1e9;
		for (int run = 0; run < 10; run++) {
			double begin = seconds();
			p->run();
			double taken = seconds() - begin;
			best = taken < best ? taken : best;
		}
		printf("%-36s %-8s %8.1f\n", "peak of one core", p->name, p->operations / best * 1e-9);
	}
}

int main(int argc, char **argv)
{
	static const struct gluec_options one = { 0 }, two = { .parallel_for = two_threads };

	print_peaks();
	for (size_t i = 0; i < sizeof timings / sizeof *timings; i++) {
		if (argc > 1 && strncmp(timings[i].name, argv[1], strlen(argv[1])))
			continue;
		for (int isa = 0; rt_isa_names[isa]; isa++)
			if (rt_select(rt_isa_names[isa]) >= 0)
				printf("%-36s %-8s %8.2f %8.2f\n", timings[i].name, rt_isa_names[isa], rate(&timings[i], isa, &one),
					rate(&timings[i], isa, &two));
	}
	return EXIT_SUCCESS;
}
