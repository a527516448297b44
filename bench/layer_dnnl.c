/* A contestant that runs a layer (layer.h) with oneDNN 2 (Debian: libdnnl-dev), on as many threads as OMP_NUM_THREADS
 * says. Weights and pictures are in the layouts that oneDNN likes best; bringing them there is not timed. Attention is
 * two matrix products and a softmax, since the library has nothing for all three. */
#include "bench.h"
#include "layer.h"
#include <math.h>
#include <oneapi/dnnl/dnnl.h>
#include <oneapi/dnnl/dnnl_debug.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_STEPS = 3, MOST_MEMORIES = 4 };

struct step {
	dnnl_primitive_t primitive;
	dnnl_exec_arg_t argument[MOST_MEMORIES];
	int arguments;
};

struct library {
	dnnl_engine_t engine;
	dnnl_stream_t stream;
	struct step step[MOST_STEPS];
	int steps;
	dnnl_memory_t y;
	dnnl_memory_desc_t plain; /* how y is written */
};

#define CHECK(call) check(call, #call)

static void check(dnnl_status_t status, const char *what)
{
	if (status != dnnl_success)
		die("%s: %s", what, dnnl_status2str(status));
}

static dnnl_memory_desc_t describe(int rank, const int64_t *dim, dnnl_format_tag_t tag)
{
	dnnl_memory_desc_t md;

	CHECK(dnnl_memory_desc_init_by_tag(&md, rank, dim, dnnl_f32, tag));
	return md;
}

static dnnl_memory_t memory(struct library *lib, const dnnl_memory_desc_t *md)
{
	dnnl_memory_t m;

	CHECK(dnnl_memory_create(&m, md, lib->engine, DNNL_MEMORY_ALLOCATE));
	return m;
}

static void reorder(struct library *lib, dnnl_memory_t from, dnnl_memory_t to)
{
	const dnnl_memory_desc_t *a, *b;
	dnnl_primitive_desc_t pd;
	dnnl_primitive_t p;

	CHECK(dnnl_memory_get_memory_desc(from, &a));
	CHECK(dnnl_memory_get_memory_desc(to, &b));
	CHECK(dnnl_reorder_primitive_desc_create(&pd, a, lib->engine, b, lib->engine, NULL));
	CHECK(dnnl_primitive_create(&p, pd));
	CHECK(
		dnnl_primitive_execute(p, lib->stream, 2, (dnnl_exec_arg_t[]){ { DNNL_ARG_FROM, from }, { DNNL_ARG_TO, to } }));
	CHECK(dnnl_stream_wait(lib->stream));
	dnnl_primitive_destroy(p);
	dnnl_primitive_desc_destroy(pd);
}

/* Memory as the primitive wants it, with data of the layout `md`. */
static dnnl_memory_t filled(
	struct library *lib, dnnl_primitive_desc_t pd, dnnl_query_t what, int i, const dnnl_memory_desc_t *md, float *data)
{
	dnnl_memory_t to = memory(lib, dnnl_primitive_desc_query_md(pd, what, i)), from;

	CHECK(dnnl_memory_create(&from, md, lib->engine, data));
	reorder(lib, from, to);
	dnnl_memory_destroy(from);
	return to;
}

static dnnl_memory_t empty(struct library *lib, dnnl_primitive_desc_t pd)
{
	return memory(lib, dnnl_primitive_desc_query_md(pd, dnnl_query_dst_md, 0));
}

static dnnl_primitive_desc_t primitive_of(struct library *lib, const void *op, dnnl_primitive_attr_t attr)
{
	dnnl_primitive_desc_t pd;

	CHECK(dnnl_primitive_desc_create(&pd, op, attr, lib->engine, NULL));
	return pd;
}

static void add_step(struct library *lib, dnnl_primitive_desc_t pd, int n, const dnnl_exec_arg_t *arguments)
{
	struct step *s = &lib->step[lib->steps++];

	CHECK(dnnl_primitive_create(&s->primitive, pd));
	memcpy(s->argument, arguments, (size_t)n * sizeof *arguments);
	s->arguments = n;
}

static void make_conv(struct library *lib, const struct layer *l)
{
	const int64_t *s = l->size, x_dim[4] = { 1, s[2], s[0], s[1] }, w_dim[4] = { s[3], s[2], s[4], s[4] };
	const int64_t y_dim[4] = { 1, s[3], s[0], s[1] };
	const dnnl_dims_t one = { 1, 1 }, pad = { s[4] / 2, s[4] / 2 };
	dnnl_memory_desc_t x = describe(4, x_dim, dnnl_format_tag_any), w = describe(4, w_dim, dnnl_format_tag_any);
	dnnl_memory_desc_t y = describe(4, y_dim, dnnl_format_tag_any), b = describe(1, &s[3], dnnl_a);
	dnnl_memory_desc_t given = describe(4, x_dim, dnnl_nhwc), weights = describe(4, w_dim, dnnl_oihw);
	dnnl_convolution_desc_t op;
	dnnl_primitive_attr_t attr;
	dnnl_post_ops_t relu;
	int64_t elements;

	CHECK(dnnl_post_ops_create(&relu));
	CHECK(dnnl_post_ops_append_eltwise(relu, 1, dnnl_eltwise_relu, 0, 0));
	CHECK(dnnl_primitive_attr_create(&attr));
	CHECK(dnnl_primitive_attr_set_post_ops(attr, relu));
	CHECK(dnnl_convolution_forward_desc_init(
		&op, dnnl_forward_inference, dnnl_convolution_auto, &x, &w, &b, &y, one, pad, pad));
	dnnl_primitive_desc_t pd = primitive_of(lib, &op, attr);
	lib->y = empty(lib, pd);
	lib->plain = describe(4, y_dim, dnnl_nhwc);
	add_step(lib, pd, 4,
		(dnnl_exec_arg_t[]){
			{ DNNL_ARG_SRC, filled(lib, pd, dnnl_query_src_md, 0, &given, layer_input(l, 0, &elements)) },
			{ DNNL_ARG_WEIGHTS, filled(lib, pd, dnnl_query_weights_md, 0, &weights, l->weight) },
			{ DNNL_ARG_BIAS, filled(lib, pd, dnnl_query_weights_md, 1, &b, l->bias) }, { DNNL_ARG_DST, lib->y } });
}

static void make_linear(struct library *lib, const struct layer *l)
{
	const int64_t *s = l->size, w_dim[2] = { s[1], s[2] }, y_dim[2] = { s[0], s[2] }, b_dim[2] = { 1, s[2] };
	dnnl_memory_desc_t x = describe(2, l->dim, dnnl_ab), w = describe(2, w_dim, dnnl_format_tag_any);
	dnnl_memory_desc_t y = describe(2, y_dim, dnnl_ab), b = describe(2, b_dim, dnnl_ab);
	dnnl_memory_desc_t weights = describe(2, w_dim, dnnl_ab);
	dnnl_matmul_desc_t op;
	int64_t elements;

	CHECK(dnnl_matmul_desc_init(&op, &x, &w, &b, &y));
	dnnl_primitive_desc_t pd = primitive_of(lib, &op, NULL);
	lib->y = empty(lib, pd);
	lib->plain = y;
	add_step(lib, pd, 4,
		(dnnl_exec_arg_t[]){ { DNNL_ARG_SRC, filled(lib, pd, dnnl_query_src_md, 0, &x, layer_input(l, 0, &elements)) },
			{ DNNL_ARG_WEIGHTS, filled(lib, pd, dnnl_query_weights_md, 0, &weights, l->weight) },
			{ DNNL_ARG_BIAS, filled(lib, pd, dnnl_query_weights_md, 1, &b, l->bias) }, { DNNL_ARG_DST, lib->y } });
}

static void make_attention(struct library *lib, const struct layer *l)
{
	const int64_t *s = l->size, s_dim[4] = { 1, s[0], s[1], s[1] }, k_dim[4] = { 1, s[0], s[2], s[1] };
	const float scale = 1 / sqrtf((float)s[2]);
	dnnl_memory_desc_t q = describe(4, l->dim, dnnl_abcd), k = describe(4, k_dim, dnnl_abdc);
	dnnl_memory_desc_t scores = describe(4, s_dim, dnnl_abcd);
	dnnl_matmul_desc_t product;
	dnnl_softmax_desc_t softmax;
	dnnl_primitive_attr_t attr;
	int64_t n;

	CHECK(dnnl_primitive_attr_create(&attr));
	CHECK(dnnl_primitive_attr_set_output_scales(attr, 1, 0, &scale));
	CHECK(dnnl_matmul_desc_init(&product, &q, &k, NULL, &scores));
	dnnl_primitive_desc_t pd = primitive_of(lib, &product, attr);
	dnnl_memory_t score = empty(lib, pd);
	add_step(lib, pd, 3,
		(dnnl_exec_arg_t[]){ { DNNL_ARG_SRC, filled(lib, pd, dnnl_query_src_md, 0, &q, layer_input(l, 0, &n)) },
			{ DNNL_ARG_WEIGHTS, filled(lib, pd, dnnl_query_weights_md, 0, &k, layer_input(l, 1, &n)) },
			{ DNNL_ARG_DST, score } });
	CHECK(dnnl_softmax_forward_desc_init(&softmax, dnnl_forward_inference, &scores, 3));
	add_step(lib, primitive_of(lib, &softmax, NULL), 2,
		(dnnl_exec_arg_t[]){ { DNNL_ARG_SRC, score }, { DNNL_ARG_DST, score } });
	CHECK(dnnl_matmul_desc_init(&product, &scores, &q, NULL, &q));
	pd = primitive_of(lib, &product, NULL);
	lib->y = empty(lib, pd);
	lib->plain = q;
	add_step(lib, pd, 3,
		(dnnl_exec_arg_t[]){ { DNNL_ARG_SRC, score },
			{ DNNL_ARG_WEIGHTS, filled(lib, pd, dnnl_query_weights_md, 0, &q, layer_input(l, 2, &n)) },
			{ DNNL_ARG_DST, lib->y } });
}

static void run(void *user)
{
	struct library *lib = user;

	for (int i = 0; i < lib->steps; i++)
		CHECK(
			dnnl_primitive_execute(lib->step[i].primitive, lib->stream, lib->step[i].arguments, lib->step[i].argument));
	CHECK(dnnl_stream_wait(lib->stream));
}

static void write_result(void *user, FILE *to)
{
	struct library *lib = user;
	dnnl_memory_t plain = memory(lib, &lib->plain);
	void *data;

	reorder(lib, lib->y, plain);
	CHECK(dnnl_memory_get_data_handle(plain, &data));
	fwrite(data, 1, dnnl_memory_desc_get_size(&lib->plain), to);
	dnnl_memory_destroy(plain);
}

int main(int argc, char **argv)
{
	struct library lib = { 0 };
	struct layer l;
	char version[32];
	const dnnl_version_t *v = dnnl_version();

	layer_read(&l, argc - 1, argv + 1);
	CHECK(dnnl_engine_create(&lib.engine, dnnl_cpu, 0));
	CHECK(dnnl_stream_create(&lib.stream, lib.engine, dnnl_stream_default_flags));
	if (l.kind == LAYER_CONV)
		make_conv(&lib, &l);
	else if (l.kind == LAYER_LINEAR)
		make_linear(&lib, &l);
	else
		make_attention(&lib, &l);
	snprintf(version, sizeof version, "oneDNN %d.%d.%d", v->major, v->minor, v->patch);
	return contestant_serve(&(struct contestant){ version, l.operations, run, write_result, &lib });
}
