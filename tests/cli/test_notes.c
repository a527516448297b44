/* What gluec says on standard error though nothing is wrong. */
#include "cli_test.h"
#include <string.h>
#include <sys/stat.h>

enum { PLACES = 70000 }; /* more than half's largest number, 65504 */

/* The place of the largest of many numbers, as a half and back: the model's own cast would lose it. */
static struct cli *open_place(void)
{
	static const int64_t one[] = { 1 }, many[] = { PLACES };
	static const int64_t place[] = { 69001 };
	static const uint16_t half[] = { 0 };
	static float x[PLACES];
	struct cli *t = cli_open();
	struct bytes graph = { 0 };

	graph_input(&graph, "x", RT_F32, 1, many);
	graph_constant(&graph, "half", RT_F16, 1, one, half);
	graph_constant(&graph, "long", RT_I64, 1, one, place);
	graph_node(&graph, "ArgMax", "x", "index");
	graph_node(&graph, "CastLike", "index half", "small");
	graph_node(&graph, "CastLike", "small long", "y");
	graph_output(&graph, "y");
	write_model_file(cli_path(t, "place.onnx"), &graph);
	x[69001] = 1;
	ck_assert_int_eq(mkdir(cli_path(t, "set"), 0777), 0);
	write_tensor(cli_path(t, "set/input_0.pb"), "x", RT_F32, 1, many, x);
	write_tensor(cli_path(t, "set/output_0.pb"), "y", RT_I64, 1, one, place);
	return t;
}

START_TEST(index_in_half)
{
	struct cli *t = open_place();
	const struct cli_result *r = cli_run(t, "verify", cli_path(t, "place.onnx"), "--data", cli_path(t, "set"), NULL);

	ck_assert_msg(r->code == 0, "%s%s", r->out, r->err);
	const char *note = strstr(r->err, "place.onnx: CastLike 'small': it makes halves of integers from 0 to 69999, but "
									  "half holds integers only up to 2048: kept in float\n");
	ck_assert_msg(note && !strncmp(r->err, "gluec: note: ", 13), "%s", r->err);
	ck_assert_ptr_eq(strchr(r->err, '\n') + 1, r->err + strlen(r->err));
	cli_close(t);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("notes");
	TCase *c = tcase_create("notes");

	tcase_set_timeout(c, 120);
	tcase_add_test(c, index_in_half);
	suite_add_tcase(s, c);
	return s;
}
