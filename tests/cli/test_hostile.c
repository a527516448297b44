/* Model files that are cut short, damaged or made to do harm: one clear line and the right exit code each time, and
 * nothing left on disk. Damaged copies of the default models are compiled in this process, so that thousands take
 * seconds and sanitizers see all of it; GLUEC_FLIPS sets how many bytes of each are flipped (2,000 for a release). */
#include "emit/lower.h"
#include "base/out.h"
#include "cli_test.h"
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { STEP = 64 << 10, FLIPS = 20, EMITTED = 100, EMIT_EVERY = 10, DEEP = 200000 };

/* The default models, made small by their dimensions. */
static const struct model {
	const char *path;
	struct binding bindings[2];
	int n_bindings;
	int64_t top_k;
} models[] = {
	{ "models/superpoint.onnx", { { .name = "height", .dim = { 64 } }, { .name = "width", .dim = { 64 } } }, 2, 16 },
	{ "models/lightglue.onnx", { { .name = "num_keypoints", .dim = { 16 } } }, 1, 0 },
};
enum { N_MODELS = sizeof models / sizeof *models };

/* A copy of a model in a file that exists in memory only. */
struct copy {
	const struct model *model;
	uint8_t *data;
	size_t n;
	int file;
	char path[64];
};

static struct copy open_copy(const struct model *model)
{
	struct copy copy = { .model = model };
	FILE *f = fopen(model->path, "rb");

	ck_assert_msg(f != NULL, "%s is not there", model->path);
	ck_assert_int_eq(fseek(f, 0, SEEK_END), 0);
	copy.n = (size_t)ftell(f);
	rewind(f);
	copy.data = malloc(copy.n);
	ck_assert_ptr_nonnull(copy.data);
	ck_assert_uint_eq(fread(copy.data, 1, copy.n, f), copy.n);
	fclose(f);
	copy.file = memfd_create("model", 0);
	ck_assert_int_ge(copy.file, 0);
	ck_assert_int_eq(pwrite(copy.file, copy.data, copy.n, 0), (ssize_t)copy.n);
	snprintf(copy.path, sizeof copy.path, "/proc/self/fd/%d", copy.file);
	return copy;
}

static void close_copy(struct copy *copy)
{
	close(copy->file);
	free(copy->data);
}

static int count_files(const char *folder)
{
	DIR *dir = opendir(folder);
	int n = 0;

	ck_assert_ptr_nonnull(dir);
	for (const struct dirent *e; (e = readdir(dir));)
		n += *e->d_name != '.';
	closedir(dir);
	return n;
}

/* Compiles the copy as it is now, with output into a folder when that is not NULL. Returns what became of it; anything
 * but success must have a message of one line that names the file. */
static enum status compile_copy(const struct copy *copy, const char *folder, const char *what)
{
	struct ctx *volatile c = calloc(1, sizeof *c);
	struct binding bindings[2];

	ck_assert_ptr_nonnull(c);
	memcpy(bindings, copy->model->bindings, sizeof bindings);
	c->arena = arena_new();
	c->doc = "";
	c->set = (struct settings){ .model = copy->path,
		.name = "m",
		.bindings = bindings,
		.n_bindings = copy->model->n_bindings,
		.top_k = copy->model->top_k,
		.out_dir = folder,
		.command = "m.onnx" };
	if (!setjmp(c->escape)) {
		load_model(c);
		optimize(c);
		struct program *p = lower_graph(c, c->graph);
		plan(c, p);
		if (folder)
			emit(c, p);
	} else {
		output_discard(c);
		ck_assert_msg(
			c->status == UNUSABLE_MODEL || c->status == IO_FAILED, "%s: status %d: %s", what, c->status, c->message);
		ck_assert_msg(*c->message && !strchr(c->message, '\n'), "%s: not one line: %s", what, c->message);
	}
	enum status status = c->status;
	arena_free(c->arena);
	free(c);
	return status;
}

START_TEST(test_cut)
{
	struct copy copy = open_copy(&models[_i]);
	char what[64];

	ck_assert_int_eq(compile_copy(&copy, NULL, "the whole file"), DONE);
	for (size_t n = (copy.n - 1) / STEP * STEP;; n -= STEP) {
		snprintf(what, sizeof what, "cut to %zu bytes", n);
		ck_assert_int_eq(ftruncate(copy.file, (off_t)n), 0);
		ck_assert_msg(compile_copy(&copy, NULL, what) == UNUSABLE_MODEL, "%s was compiled", what);
		if (!n)
			break;
	}
	close_copy(&copy);
}
END_TEST

/* A protobuf field: its number, and where its contents begin and end. Fields of other kinds than bytes are skipped. */
struct field {
	uint64_t number;
	size_t begin, end;
};

static uint64_t varint(const uint8_t *data, size_t *at)
{
	uint64_t x = 0;

	for (int shift = 0;; shift += 7) {
		uint8_t byte = data[(*at)++];
		x |= (uint64_t)(byte & 127) << shift;
		if (!(byte & 128))
			return x;
	}
}

static bool next_field(const uint8_t *data, size_t *at, size_t end, struct field *f)
{
	while (*at < end) {
		uint64_t tag = varint(data, at);
		if ((tag & 7) == 2) {
			uint64_t n = varint(data, at);
			*f = (struct field){ tag >> 3, *at, *at + n };
			*at += n;
			return true;
		}
		if ((tag & 7) == 0)
			varint(data, at);
		else
			*at += (tag & 7) == 1 ? 8 : 4;
	}
	return false;
}

/* The contents of the weights of a sound model: ranges of the file in rising order, at most max. A flipped byte there
 * only changes a number. */
static int find_weights(const struct copy *copy, struct field *to, int max)
{
	enum { MODEL_GRAPH = 7, GRAPH_INITIALIZER = 5, TENSOR_RAW_DATA = 9 };
	struct field graph, tensor, raw;
	int n = 0;

	for (size_t a = 0; next_field(copy->data, &a, copy->n, &graph);)
		for (size_t b = graph.begin; graph.number == MODEL_GRAPH && next_field(copy->data, &b, graph.end, &tensor);)
			for (size_t d = tensor.begin;
				 tensor.number == GRAPH_INITIALIZER && next_field(copy->data, &d, tensor.end, &raw);)
				if (raw.number == TENSOR_RAW_DATA && n < max)
					to[n++] = raw;
	return n;
}

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* One flip in sixteen anywhere, the others outside the weights, where they do harm. */
static size_t choose_place(const struct copy *copy, const struct field *weights, int n, uint64_t *random)
{
	size_t size = copy->n;

	if (next_random(random) % 16 == 0)
		return next_random(random) % copy->n;
	for (int i = 0; i < n; i++)
		size -= weights[i].end - weights[i].begin;
	size_t at = next_random(random) % size;
	for (int i = 0; i < n; i++)
		if (at >= weights[i].begin)
			at += weights[i].end - weights[i].begin;
	return at;
}

static void remove_outputs(struct cli *t)
{
	static const char *const endings[] = { "c", "h", "bin", "S", "weights.txt" };

	for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
		ck_assert_int_eq(unlink(cli_path(t, "m.%s", endings[i])), 0);
}

START_TEST(test_flips)
{
	struct cli *t = cli_open();
	struct copy copy = open_copy(&models[_i]);
	static struct field weights[4096];
	int n_weights = find_weights(&copy, weights, 4096), done = 0;
	const char *asked = getenv("GLUEC_FLIPS");
	int flips = asked ? atoi(asked) : FLIPS;
	uint64_t random = 88172645463325252u;
	char what[64];

	ck_assert_int_gt(n_weights, 10);
	for (int i = 0; i < flips; i++) {
		size_t at = choose_place(&copy, weights, n_weights, &random);
		uint8_t byte = copy.data[at] ^ (uint8_t)(1 << next_random(&random) % 8);
		const char *folder = i < EMITTED && i % EMIT_EVERY == 0 ? t->folder : NULL;
		snprintf(what, sizeof what, "byte %zu as %d", at, byte);
		ck_assert_int_eq(pwrite(copy.file, &byte, 1, (off_t)at), 1);
		enum status status = compile_copy(&copy, folder, what);
		ck_assert_int_eq(pwrite(copy.file, &copy.data[at], 1, (off_t)at), 1);
		done += status == DONE;
		/* All files or none (tmp is the test's own). */
		int files = count_files(t->folder) - 1;
		ck_assert_msg(files == (folder && status == DONE ? 5 : 0), "%s: %d files", what, files);
		if (files)
			remove_outputs(t);
	}
	/* Some flips change nothing that matters, and some must be noticed. */
	ck_assert_int_gt(done, 0);
	ck_assert_int_lt(done, flips);
	close_copy(&copy);
	cli_close(t);
}
END_TEST

/* A model file of the graph, and what gluec says of it, compiling. */
static void check_graph(struct bytes *graph, const char *message)
{
	struct cli *t = cli_open();

	write_model_file(cli_path(t, "m.onnx"), graph);
	cli_fails(cli_run(t, "compile", cli_path(t, "m.onnx"), "-o", cli_path(t, "to"), NULL), 3, message);
	ck_assert_int_ne(access(cli_path(t, "to"), F_OK), 0);
	cli_close(t);
}

START_TEST(test_no_model)
{
	struct cli *t = cli_open();
	static const uint8_t png[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
	struct bytes empty = { NULL, 0, 0 };
	FILE *f = fopen(cli_path(t, "png.onnx"), "wb");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(png, 1, sizeof png, f), sizeof png);
	ck_assert_int_eq(fclose(f), 0);
	write_bytes(cli_path(t, "empty.onnx"), &empty);
	cli_fails(cli_run(t, "compile", cli_path(t, "png.onnx"), "-o", cli_path(t, "to"), NULL), 3, "not an ONNX model");
	cli_fails(cli_run(t, "compile", cli_path(t, "empty.onnx"), "-o", cli_path(t, "to"), NULL), 3, "is empty");
	cli_fails(cli_run(t, "compile", t->folder, "-o", cli_path(t, "to"), NULL), 4, "not a regular file");
	cli_fails(cli_run(t, "compile", "/dev/zero", "-o", cli_path(t, "to"), NULL), 4, "not a regular file");
	ck_assert_int_ne(access(cli_path(t, "to"), F_OK), 0);
	cli_close(t);
}
END_TEST

START_TEST(test_dimensions)
{
	static const int64_t dims[][2] = { { -7, 2 }, { INT64_MIN, 2 }, { INT64_MAX, INT64_MAX }, { 65536, 65536 },
		{ INT32_MAX, 2 }, { INT64_C(1) << 32, 1 } };

	for (size_t i = 0; i < sizeof dims / sizeof *dims; i++) {
		struct bytes graph = { NULL, 0, 0 };
		graph_input(&graph, "x", RT_F32, 2, dims[i]);
		graph_node(&graph, "Relu", "x", "y");
		graph_output(&graph, "y");
		check_graph(&graph, "input 'x' ");
	}
}
END_TEST

/* An initialiser of 2^62 elements and no data; dimensions whose product is 0 or wraps to a small number. */
START_TEST(test_constant_dimensions)
{
	static const int64_t dims[][3] = { { INT64_C(1) << 31, INT64_C(1) << 31, 1 },
		{ INT64_C(1) << 32, INT64_C(1) << 32, 4 }, { -1, -4, 1 }, { -4, 1, 1 } };

	for (size_t i = 0; i < sizeof dims / sizeof *dims; i++) {
		struct bytes graph = { NULL, 0, 0 }, tensor = { NULL, 0, 0 };
		for (int d = 0; d < 3; d++)
			put_int(&tensor, 1, dims[i][d]);
		put_int(&tensor, 2, RT_F32);
		put_text(&tensor, 8, "w");
		put_data(&tensor, 9, (float[]){ 1, 2, 3, 4 }, 16);
		put_message(&graph, 5, &tensor);
		graph_node(&graph, "Relu", "w", "y");
		graph_output(&graph, "y");
		check_graph(&graph, "tensor 'w' has an unusable dimension");
	}
}
END_TEST

START_TEST(test_graphs)
{
	struct bytes graph = { NULL, 0, 0 };
	const int64_t four[] = { 4 };

	graph_input(&graph, "x", RT_F32, 1, four);
	graph_node(&graph, "Add", "x b", "a");
	graph_node(&graph, "Relu", "a", "b");
	graph_output(&graph, "b");
	check_graph(&graph, "Relu 'b': its input 'a' depends on its own output: the graph has a cycle");
	graph_input(&graph, "x", RT_F32, 1, four);
	graph_node(&graph, "Add", "x weight", "y");
	graph_output(&graph, "y");
	check_graph(&graph, "its input 'weight' is made by no node");
	graph_input(&graph, "x", RT_F32, 1, four);
	graph_node(&graph, "Relu", "x", "y");
	graph_node(&graph, "Abs", "x", "y");
	graph_output(&graph, "y");
	check_graph(&graph, "the name 'y' is defined twice");
	graph_input(&graph, "x", RT_F32, 1, four);
	graph_input(&graph, "x", RT_F32, 1, four);
	graph_output(&graph, "x");
	check_graph(&graph, "the name 'x' is defined twice");
	graph_input(&graph, "x", RT_F32, 1, four);
	graph_node(&graph, "Relu", "x", "y");
	graph_output(&graph, "z");
	check_graph(&graph, "output 'z' is made by no node");
	graph_node(&graph, "Relu", "-", "y");
	graph_output(&graph, "y");
	check_graph(&graph, "Relu 'y'");
	graph_input(&graph, "x", RT_F32, 1, four);
	check_graph(&graph, "no outputs");
}
END_TEST

/* The length of a message that is nested so deep, in bytes around the innermost: tag, length, contents. */
static struct bytes nested(int depth)
{
	struct bytes b = { malloc((size_t)depth * 12), 0, 0 };
	uint8_t *start = b.data + (size_t)depth * 12, *p = start;

	/* From the inside to the outside, which is from the back to the front: graph, node, attribute, graph, ... */
	for (int i = depth; i-- > 0;) {
		size_t n = (size_t)(start - p);
		uint8_t head[12] = { (uint8_t)((i % 3 == 0 ? 1 : i % 3 == 1 ? 5 : 6) << 3 | 2) };
		int k = 1;
		for (; n > 127; n >>= 7)
			head[k++] = (uint8_t)(n | 128);
		head[k++] = (uint8_t)n;
		p -= k;
		memcpy(p, head, (size_t)k);
	}
	b.n = (size_t)(start - p);
	memmove(b.data, p, b.n);
	return b;
}

START_TEST(test_deep)
{
	struct bytes graph = nested(DEEP);

	check_graph(&graph, "nested too deeply");
}
END_TEST

/* Lengths that reach behind the end, groups, and numbers without an end. */
START_TEST(test_wire)
{
	static const struct bytes files[] = { { (uint8_t *)"\x3a\xff\xff\xff\xff\x07", 6, 0 },
		{ (uint8_t *)"\x3b\x3c", 2, 0 }, { (uint8_t *)"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12, 0 },
		{ (uint8_t *)"\x3a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11, 0 }, { (uint8_t *)"\x0f", 1, 0 },
		{ (uint8_t *)"\x0d\x01", 2, 0 } };
	struct cli *t = cli_open();

	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		FILE *f = fopen(cli_path(t, "m.onnx"), "wb");
		ck_assert_ptr_nonnull(f);
		ck_assert_uint_eq(fwrite(files[i].data, 1, files[i].n, f), files[i].n);
		ck_assert_int_eq(fclose(f), 0);
		cli_fails(cli_run(t, "inspect", cli_path(t, "m.onnx"), NULL), 3, "not an ONNX model, or cut short or damaged");
	}
	cli_close(t);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("hostile");
	TCase *tc = tcase_create("all");

	tcase_set_timeout(tc, 3000);
	tcase_add_loop_test(tc, test_cut, 0, N_MODELS);
	tcase_add_loop_test(tc, test_flips, 0, N_MODELS);
	tcase_add_test(tc, test_no_model);
	tcase_add_test(tc, test_dimensions);
	tcase_add_test(tc, test_constant_dimensions);
	tcase_add_test(tc, test_graphs);
	tcase_add_test(tc, test_deep);
	tcase_add_test(tc, test_wire);
	suite_add_tcase(s, tc);
	return s;
}
