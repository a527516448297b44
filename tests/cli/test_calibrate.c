/* gluec calibrate: 8-bit models. */
#include "cli_test.h"
#include <math.h>
#include <png.h>
#include <string.h>
#include <sys/stat.h>

enum { SIZE = 16, CHANNELS = 12 };

/* Numbers between -1 and 1 that follow from i. */
static float number(int i)
{
	return (float)((uint32_t)i * 2654435761u >> 8) / (float)(1 << 23) - 1;
}

static void constant(struct bytes *graph, const char *name, int rank, const int64_t *dim, int seed)
{
	float data[4096];
	int n = 1;

	for (int i = 0; i < rank; i++)
		n *= (int)dim[i];
	for (int i = 0; i < n; i++)
		data[i] = number(seed + i);
	graph_constant(graph, name, RT_F32, rank, dim, data);
}

/* Two convolutions over a picture, and a linear layer of its channels: Conv Relu Conv Transpose MatMul Add. */
static void write_picture_model(const char *path)
{
	struct bytes graph = { NULL, 0, 0 };

	graph_input(&graph, "image", RT_F32, 4, (int64_t[]){ 1, 1, -1, SIZE });
	constant(&graph, "w1", 4, (int64_t[]){ CHANNELS, 1, 3, 3 }, 1);
	constant(&graph, "b1", 1, (int64_t[]){ CHANNELS }, 2000);
	constant(&graph, "w2", 4, (int64_t[]){ CHANNELS, CHANNELS, 1, 1 }, 3000);
	constant(&graph, "w3", 2, (int64_t[]){ CHANNELS, CHANNELS }, 4000);
	constant(&graph, "b3", 1, (int64_t[]){ CHANNELS }, 5000);
	graph_node(&graph, "Conv", "image w1 b1", "conv1");
	graph_node(&graph, "Relu", "conv1", "relu");
	graph_node(&graph, "Conv", "relu w2", "conv2");
	graph_node(&graph, "Transpose", "conv2", "rows");
	graph_node(&graph, "Reshape", "rows shape", "flat");
	graph_constant(&graph, "shape", RT_I64, 1, (int64_t[]){ 2 }, (int64_t[]){ -1, CHANNELS });
	graph_node(&graph, "MatMul", "flat w3", "linear");
	graph_node(&graph, "Add", "linear b3", "y");
	graph_output(&graph, "y");
	write_model_file(path, &graph);
}

static void write_png(const char *path, int width, int height)
{
	png_image image = { .version = PNG_IMAGE_VERSION, .width = (unsigned)width, .height = (unsigned)height };
	uint8_t grey[64 * 64];

	image.format = PNG_FORMAT_GRAY;
	for (int i = 0; i < width * height; i++)
		grey[i] = (uint8_t)(i * i);
	grey[0] = 255;
	ck_assert_int_ne(png_image_write_to_file(&image, path, 0, grey, 0, NULL), 0);
}

static struct cli *open_pictures(void)
{
	struct cli *t = cli_open();

	write_picture_model(cli_path(t, "m.onnx"));
	ck_assert_int_eq(mkdir(cli_path(t, "pictures"), 0777), 0);
	write_png(cli_path(t, "pictures/a.png"), 16, 16);
	write_png(cli_path(t, "pictures/b.png"), 40, 24);
	return t;
}

/* A data set of one picture, whose expected output is written by the float model itself. */
static void write_set(struct cli *t)
{
	float x[SIZE * SIZE];

	for (int i = 0; i < SIZE * SIZE; i++)
		x[i] = (float)((i * 37) % 256) / 255;
	ck_assert_int_eq(mkdir(cli_path(t, "set"), 0777), 0);
	write_tensor(cli_path(t, "set/input_0.pb"), "image", RT_F32, 4, (int64_t[]){ 1, 1, SIZE, SIZE }, x);
	cli_succeeds(cli_run(t, "run", cli_path(t, "m.onnx"), "--data", cli_path(t, "set"), NULL));
}

/* The 8-bit model runs, at other sizes as well, and computes the same but for roundings; what is left out of 8 bits
 * says why. */
START_TEST(test_pictures)
{
	struct cli *t = open_pictures();

	write_set(t);
	const struct cli_result *r = cli_run(
		t, "calibrate", cli_path(t, "m.onnx"), "-o", cli_path(t, "q.onnx"), "--images", cli_path(t, "pictures"), NULL);
	cli_succeeds(r);
	cli_says(r, "3 of 3 products quantised; 2 samples");
	cli_says(r, "0.003922    0");
	cli_succeeds(cli_run(t, "run", cli_path(t, "q.onnx"), "--data", cli_path(t, "set"), "--atol", "0.2", NULL));
	cli_fails(cli_run(t, "run", cli_path(t, "q.onnx"), "--data", cli_path(t, "set"), NULL), 1, "are off");
	cli_says(cli_run(t, "inspect", cli_path(t, "q.onnx"), NULL), "image                f32[1,1,n,16]");
	cli_close(t);
}
END_TEST

/* Every method writes a model near the float one; the same command writes the same bytes. */
START_TEST(test_methods)
{
	static const char *const methods[] = { "minmax", "percentile", "entropy" };
	struct cli *t = open_pictures();

	write_set(t);
	for (int i = 0; i < 3; i++) {
		uint8_t bytes[2][65536];
		size_t n[2];
		for (int again = 0; again < 2; again++) {
			cli_succeeds(cli_run(t, "calibrate", cli_path(t, "m.onnx"), "-o", cli_path(t, "q.onnx"), "--data",
				cli_path(t, "set"), "--method", methods[i], "--report", cli_path(t, "report"), NULL));
			FILE *f = fopen(cli_path(t, "q.onnx"), "rb");
			ck_assert_ptr_nonnull(f);
			n[again] = fread(bytes[again], 1, sizeof bytes[again], f);
			fclose(f);
		}
		ck_assert(n[0] > 1000 && n[0] == n[1] && !memcmp(bytes[0], bytes[1], n[0]));
		cli_succeeds(cli_run(t, "run", cli_path(t, "q.onnx"), "--data", cli_path(t, "set"), "--atol", "0.3", NULL));
	}
	cli_close(t);
}
END_TEST

/* A normalisation one of whose channels is a hundred times as wide as the others, two layers, and a part of what the
 * second one reads that nobody can divide. */
static void write_layers_model(const char *path)
{
	struct bytes graph = { NULL, 0, 0 };
	float scale[CHANNELS];

	for (int i = 0; i < CHANNELS; i++)
		scale[i] = i == 3 ? 100 : 1;
	graph_input(&graph, "image", RT_F32, 2, (int64_t[]){ -1, CHANNELS });
	graph_constant(&graph, "scale", RT_F32, 1, (int64_t[]){ CHANNELS }, scale);
	constant(&graph, "w1", 2, (int64_t[]){ CHANNELS, CHANNELS }, 1);
	constant(&graph, "b1", 1, (int64_t[]){ CHANNELS }, 2000);
	constant(&graph, "w2", 2, (int64_t[]){ CHANNELS * 2, CHANNELS }, 3000);
	graph_node(&graph, "LayerNormalization", "image scale", "norm");
	graph_node(&graph, "MatMul", "norm w1", "linear");
	graph_node(&graph, "Add", "linear b1", "sum");
	graph_node(&graph, "Relu", "sum", "relu");
	graph_node(&graph, "Abs", "image", "abs");
	struct bytes node = { NULL, 0, 0 }, axis = { NULL, 0, 0 };
	put_text(&axis, 1, "axis");
	put_int(&axis, 3, 1);
	put_int(&axis, 20, 2);
	put_text(&node, 1, "relu");
	put_text(&node, 1, "abs");
	put_text(&node, 2, "both");
	put_text(&node, 4, "Concat");
	put_message(&node, 5, &axis);
	put_message(&graph, 1, &node);
	graph_node(&graph, "MatMul", "both w2", "y");
	graph_output(&graph, "y");
	write_model_file(path, &graph);
}

/* What the model computes stays the same, but for roundings, and of these only half is left. */
START_TEST(test_balance)
{
	struct cli *t = cli_open();
	float x[8 * CHANNELS];

	write_layers_model(cli_path(t, "m.onnx"));
	for (int i = 0; i < 8 * CHANNELS; i++)
		x[i] = number(i);
	ck_assert_int_eq(mkdir(cli_path(t, "set"), 0777), 0);
	write_tensor(cli_path(t, "set/input_0.pb"), "image", RT_F32, 2, (int64_t[]){ 8, CHANNELS }, x);
	cli_succeeds(cli_run(t, "run", cli_path(t, "m.onnx"), "--data", cli_path(t, "set"), NULL));
	for (int i = 0; i < 2; i++) {
		cli_succeeds(cli_run(t, "calibrate", cli_path(t, "m.onnx"), "-o", cli_path(t, "q.onnx"), "--data",
			cli_path(t, "set"), "--balance", i ? "0.5" : "0", "--report", cli_path(t, "report"), NULL));
		const struct cli_result *r =
			cli_run(t, "run", cli_path(t, "q.onnx"), "--data", cli_path(t, "set"), "--rtol", "0", "--atol", "2", NULL);
		if (i)
			cli_succeeds(r);
		else
			cli_fails(r, 1, "are off");
	}
	cli_close(t);
}
END_TEST

START_TEST(test_left)
{
	struct cli *t = open_pictures();
	const struct cli_result *r = cli_run(t, "calibrate", cli_path(t, "m.onnx"), "-o", cli_path(t, "q.onnx"), "--images",
		cli_path(t, "pictures"), "--skip", "*1", "--only", "con*", "--only", "x", "--size", "16x8", NULL);

	cli_succeeds(r);
	cli_says(r, "1 of 3 products quantised");
	cli_says(r, "conv1   Conv    float: --skip\n");
	cli_says(r, "linear  MatMul  float: not in --only\n");
	cli_fails(cli_run(t, "calibrate", cli_path(t, "q.onnx"), "-o", cli_path(t, "r.onnx"), "--images",
				  cli_path(t, "pictures"), "--skip", "conv1", "--only", "conv2", NULL),
		3, "nothing to quantise");
	cli_says(cli_run(t, "calibrate", cli_path(t, "q.onnx"), "-o", cli_path(t, "r.onnx"), "--images",
				 cli_path(t, "pictures"), NULL),
		"conv2   Conv    float: it is quantised already\n");
	cli_close(t);
}
END_TEST

START_TEST(test_usage)
{
	struct cli *t = open_pictures();
	const char *m = cli_path(t, "m.onnx"), *out = cli_path(t, "q.onnx"), *pictures = cli_path(t, "pictures");

	cli_fails(cli_run(t, "calibrate", m, "--images", pictures, NULL), 2, "needs -o OUT.onnx");
	cli_fails(cli_run(t, "calibrate", m, "-o", out, NULL), 2, "--images DIR or --data DIR");
	cli_fails(cli_run(t, "calibrate", m, "-o", out, "--images", pictures, "--data", pictures, NULL), 2, "either");
	cli_fails(cli_run(t, "calibrate", m, "-o", out, "--data", pictures, "--extractor", m, NULL), 2, "needs --images");
	cli_fails(
		cli_run(t, "calibrate", m, "-o", out, "--images", pictures, "--method", "best", NULL), 2, "'best' must be");
	cli_fails(
		cli_run(t, "calibrate", m, "-o", out, "--images", pictures, "--percentile", "101", NULL), 2, "at most 100");
	cli_fails(cli_run(t, "calibrate", m, "-o", out, "--images", pictures, "--size", "640", NULL), 2, "640x480");
	cli_close(t);
}
END_TEST

START_TEST(test_unusable)
{
	struct cli *t = open_pictures();
	char m[128], out[128];
	struct bytes garbage = { NULL, 0, 0 };

	snprintf(m, sizeof m, "%s/m.onnx", t->folder);
	snprintf(out, sizeof out, "%s/q.onnx", t->folder);
	cli_fails(cli_run(t, "calibrate", m, "-o", out, "--images", "/nonexistent", NULL), 4, "No such file");
	cli_fails(cli_run(t, "calibrate", m, "-o", out, "--images", t->folder, NULL), 4, "holds 0 PNG files");
	write_add_model(cli_path(t, "add.onnx"));
	cli_fails(cli_run(t, "calibrate", cli_path(t, "add.onnx"), "-o", out, "--images", cli_path(t, "pictures"), NULL), 3,
		"needs a model of one input for pictures");
	cli_fails(cli_run(t, "calibrate", m, "-o", out, "--images", cli_path(t, "pictures"), "--extractor", m, NULL), 3,
		"no output 'keypoints'");
	put_text(&garbage, 1, "this is no picture");
	write_bytes(cli_path(t, "pictures/c.png"), &garbage);
	cli_fails(
		cli_run(t, "calibrate", m, "-o", out, "--images", cli_path(t, "pictures"), NULL), 4, "c.png: not a PNG file");
	cli_close(t);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("calibrate");
	TCase *t = tcase_create("calibrate");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, test_pictures);
	tcase_add_test(t, test_methods);
	tcase_add_test(t, test_balance);
	tcase_add_test(t, test_left);
	tcase_add_test(t, test_usage);
	tcase_add_test(t, test_unusable);
	suite_add_tcase(s, t);
	return s;
}
