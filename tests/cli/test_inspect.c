/* gluec inspect. */
#include "cli_test.h"

START_TEST(test_superpoint)
{
	struct cli *t = cli_open();
	const struct cli_result *r = cli_run(t, "inspect", "models/superpoint.onnx", NULL);

	cli_succeeds(r);
	cli_says(r, "f32[1,1,height,width]");
	cli_says(r, "i64[1,1024,2]");
	cli_says(r, "open dimensions: height, width\n");
	cli_says(r, "gluec compile models/superpoint.onnx -o out --dim height=480 --dim width=640\n");
	cli_says(r, "ai.onnx 20");
	cli_says(r, "102 nodes");
	cli_says(r, "    12  Conv 20                      supported\n");
	cli_does_not_say(r, "NOT SUPPORTED");
	cli_says(r, "parameters: 1300897 in 2601958 bytes");
	cli_says(r, "not counted: models/superpoint.onnx: unbound dimensions: give --dim height=N --dim width=N");
	r = cli_run(t, "inspect", "models/superpoint.onnx", "--dim", "height=480", "--dim", "width=640", NULL);
	cli_succeeds(r);
	/* 52.1 GFLOP, as the paper's network has. */
	cli_says(r, "multiply-adds: 26051788800 (26.05 G)");
	cli_close(t);
}
END_TEST

START_TEST(test_lightglue)
{
	struct cli *t = cli_open();
	const struct cli_result *r = cli_run(t, "inspect", "models/lightglue.onnx", "--dim", "num_keypoints=32", NULL);

	cli_succeeds(r);
	cli_says(r, "f32[2,num_keypoints,256]");
	cli_says(r, "1265 nodes");
	cli_says(r, "matches0             i64[1,32]");
	cli_says(r, "     8  If 20");
	cli_says(r, "multiply-adds: 7");
	cli_close(t);
}
END_TEST

/* What the user got wrong is an error; what is merely missing is not. */
START_TEST(test_bindings)
{
	struct cli *t = cli_open();
	const char *model = "models/superpoint.onnx";

	cli_fails(cli_run(t, "inspect", model, "--dim", "depth=3", NULL), 3, "no such dimension; it has height width");
	cli_fails(cli_run(t, "inspect", model, "--dim", "height=64", NULL), 3, "--dim width=N");
	cli_fails(cli_run(t, "inspect", model, "--input", "image=3x3", NULL), 3, "input 'image' has 4 dimensions, not 2");
	cli_fails(cli_run(t, "inspect", model, "--input", "image=1x3x64x64", NULL), 3, "fixed to 1");
	cli_fails(cli_run(t, "inspect", model, "--dim", "height=2147483647", "--dim", "width=2147483647", NULL), 3,
		"more than 2147483647 elements");
	cli_says(cli_run(t, "inspect", model, "--input", "image=1x1x64x64", NULL), "multiply-adds: ");
	cli_close(t);
}
END_TEST

/* A model with operators that gluec does not know can still be looked at. */
START_TEST(test_unsupported)
{
	struct cli *t = cli_open();
	const char *model = cli_path(t, "m.onnx");
	struct bytes graph = { NULL, 0, 0 };

	graph_input(&graph, "x", RT_F32, 1, (int64_t[]){ 4 });
	graph_node(&graph, "Relu", "x", "a");
	graph_node(&graph, "Frobnicate\x1b[31m", "a", "b\x07");
	graph_node(&graph, "Relu", "b\x07", "y");
	graph_output(&graph, "y");
	write_model_file(model, &graph);
	const struct cli_result *r = cli_run(t, "inspect", model, NULL);
	cli_succeeds(r);
	cli_says(r, "     2  Relu 20                      supported\n");
	cli_says(r, "     1  Frobnicate?[31m 20           NOT SUPPORTED\n");
	cli_says(r, "1 of these 2 operators is not supported");
	cli_says(r, "multiply-adds: not counted: ");
	cli_does_not_say(r, "\x1b");
	cli_does_not_say(r, "\x07");
	cli_close(t);
}
END_TEST

/* (3 x 5) times (5 x 7): 105 multiply-adds; 35 parameters. */
START_TEST(test_product)
{
	struct cli *t = cli_open();
	const char *model = cli_path(t, "m.onnx");
	struct bytes graph = { NULL, 0, 0 };
	static const float weight[35] = { 1 };

	graph_input(&graph, "x", RT_F32, 2, (int64_t[]){ 3, 5 });
	graph_constant(&graph, "w", RT_F32, 2, (int64_t[]){ 5, 7 }, weight);
	graph_node(&graph, "MatMul", "x w", "y");
	graph_output(&graph, "y");
	write_model_file(model, &graph);
	const struct cli_result *r = cli_run(t, "inspect", model, NULL);
	cli_says(r, "open dimensions: none");
	cli_says(r, "multiply-adds: 105 (");
	cli_says(r, "parameters: 35 in 140 bytes");
	cli_close(t);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("inspect");
	TCase *tc = tcase_create("all");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_superpoint);
	tcase_add_test(tc, test_lightglue);
	tcase_add_test(tc, test_bindings);
	tcase_add_test(tc, test_unsupported);
	tcase_add_test(tc, test_product);
	suite_add_tcase(s, tc);
	return s;
}
