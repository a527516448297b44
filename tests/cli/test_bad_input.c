/* What the commands that look at data say of options and files that do not fit each other: one line, in time, and
 * nothing is left half-written. */
#include "cli_picture.h"
#include "cli_test.h"
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { K = 4, SIDE = 16 };

/* The K largest of 16 numbers, in a shape that is for this K alone. */
static void write_top_k_model(const char *path)
{
	struct bytes graph = { NULL, 0, 0 }, node = { NULL, 0, 0 };

	graph_input(&graph, "x", RT_F32, 2, (int64_t[]){ -1, 16 });
	graph_constant(&graph, "k", RT_I64, 1, (int64_t[]){ 1 }, (int64_t[]){ K });
	graph_constant(&graph, "square", RT_I64, 1, (int64_t[]){ 2 }, (int64_t[]){ 2, K / 2 });
	put_text(&node, 1, "x");
	put_text(&node, 1, "k");
	put_text(&node, 2, "largest");
	put_text(&node, 2, "places");
	put_text(&node, 4, "TopK");
	put_message(&graph, 1, &node);
	graph_node(&graph, "Reshape", "largest square", "y");
	graph_output(&graph, "y");
	write_model_file(path, &graph);
}

START_TEST(baked_k)
{
	struct cli *t = cli_open();
	char model[128];

	snprintf(model, sizeof model, "%s/m.onnx", t->folder);
	write_top_k_model(model);
	cli_succeeds(cli_run(t, "explain", model, "--dim", "n=1", NULL));
	cli_fails(cli_run(t, "explain", model, "--dim", "n=1", "--topk", "6", NULL), 3,
		"m.onnx: --topk 6: shapes in the file are for its own K alone, so leave --topk out (");
	/* Where K is not to blame, it is not blamed. */
	cli_fails(cli_run(t, "explain", model, "--dim", "n=2", "--topk", "6", NULL), 3, "m.onnx: Reshape ");
	cli_close(t);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("bad input");
	TCase *t = tcase_create("bad input");

	tcase_set_timeout(t, 120);
	tcase_add_test(t, baked_k);
	suite_add_tcase(s, t);
	return s;
}
