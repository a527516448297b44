/* gluec bench: of models, and of objects; what it prints is complete and, with --json, JSON. */
#include "cli_test.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* A reader of JSON (RFC 8259) that only says whether the text is some: each function returns what is behind the thing
 * that it has read, or NULL. */
static const char *json_value(const char *s);

static const char *blanks(const char *s)
{
	return s ? s + strspn(s, " \t\r\n") : NULL;
}

static const char *json_string(const char *s)
{
	if (*s++ != '"')
		return NULL;
	for (; *s != '"'; s++) {
		if ((unsigned char)*s < ' ')
			return NULL;
		if (*s != '\\')
			continue;
		s++;
		if (*s == 'u') {
			for (int i = 0; i < 4; i++)
				if (!isxdigit((unsigned char)*++s))
					return NULL;
		} else if (!*s || !strchr("\"\\/bfnrt", *s)) {
			return NULL;
		}
	}
	return s + 1;
}

/* A list in brackets, of values or of members. */
static const char *json_list(const char *s, char end)
{
	s = blanks(s + 1);
	if (*s == end)
		return s + 1;
	while (s) {
		if (end == '}') {
			s = blanks(json_string(s));
			if (!s || *s++ != ':')
				return NULL;
			s = blanks(s);
		}
		s = blanks(json_value(s));
		if (!s || *s == end)
			return s ? s + 1 : NULL;
		if (*s++ != ',')
			return NULL;
		s = blanks(s);
	}
	return NULL;
}

static const char *json_value(const char *s)
{
	char *end;

	if (*s == '{')
		return json_list(s, '}');
	if (*s == '[')
		return json_list(s, ']');
	if (*s == '"')
		return json_string(s);
	if (!isdigit((unsigned char)*s) && *s != '-')
		return NULL;
	strtod(s, &end);
	return end;
}

static void check_json(const char *s)
{
	const char *end = blanks(json_value(blanks(s)));

	ck_assert_msg(end && !*end, "not JSON:\n%s", s);
}

static double number_behind(const char *text, const char *name)
{
	const char *s = strstr(text, name);

	ck_assert_msg(s != NULL, "'%s' is not in:\n%s", name, text);
	return strtod(s + strlen(name), NULL);
}

START_TEST(test_text)
{
	struct cli *t = cli_open();
	const struct cli_result *r = cli_run(t, "bench", "models/superpoint.onnx", "--dim", "height=64", "--dim",
		"width=64", "--topk", "16", "--threads", "2", "--iterations", "3", "--warmup", "0", NULL);

	cli_succeeds(r);
	cli_says(r, "2 threads, 3 iterations after 0 to warm up, arena ");
	cli_says(r, "  conv1a conv1a.relu conv1b conv1b.relu pool1\n");
	ck_assert(strstr(r->out, "conv1a.relu") < strstr(r->out, "conv4b.relu"));
	double min = number_behind(r->out, "min = "), mean = number_behind(r->out, "mean = ");
	double max = number_behind(r->out, "max = "), p90 = number_behind(r->out, "percentile(90%) = ");
	ck_assert(0 < min && min <= mean && mean <= max && min <= p90 && p90 <= max);
	double throughput = number_behind(r->out, "Throughput: ");
	ck_assert_double_eq_tol(throughput * mean / 1000, 1, 0.01);
	cli_close(t);
}
END_TEST

/* Every node of the model's first layer is there, whatever was fused; the shares sum up. */
START_TEST(test_json)
{
	struct cli *t = cli_open();
	const struct cli_result *r = cli_run(t, "bench", "models/superpoint.onnx", "--dim", "height=64", "--dim",
		"width=64", "--topk", "16", "--iterations", "2", "--isa", "c", "--json", NULL);
	double sum = 0;

	cli_succeeds(r);
	check_json(r->out);
	cli_says(r, "\"isa\": \"c\"");
	cli_says(r, "\"model\": \"superpoint\"");
	cli_says(r, "\"iterations\": 2");
	for (const char *s = r->out; (s = strstr(s, "\"share\": ")); s++)
		sum += strtod(s + 9, NULL);
	ck_assert_double_eq_tol(sum, 1, 1e-3);
	cli_close(t);
}
END_TEST

/* Names are written by anybody: quotes, control characters, bytes that are no UTF-8. */
START_TEST(test_strange_names)
{
	struct cli *t = cli_open();
	struct bytes graph = { NULL, 0, 0 };

	graph_input(&graph, "x", RT_F32, 1, (int64_t[]){ 4 });
	graph_node(&graph, "Exp", "x", "y\"\\\n*/\xff\xc3\xa9");
	graph_output(&graph, "y\"\\\n*/\xff\xc3\xa9");
	write_model_file(cli_path(t, "m.onnx"), &graph);
	const struct cli_result *r = cli_run(t, "bench", cli_path(t, "m.onnx"), "--iterations", "1", "--json", NULL);
	cli_succeeds(r);
	check_json(r->out);
	cli_says(r, "\"nodes\": \"y\\\"\\\\\\u000a*/\\ufffd\xc3\xa9\"");
	r = cli_run(t, "bench", cli_path(t, "m.onnx"), "--iterations", "1", NULL);
	cli_succeeds(r);
	cli_says(r, "y\"\\?*/");
	cli_close(t);
}
END_TEST

START_TEST(test_data)
{
	struct cli *t = cli_open();

	write_add_model(cli_path(t, "add.onnx"));
	write_tensor(cli_path(t, "input_0.pb"), "x", RT_F32, 2, (int64_t[]){ 2, 2 }, (float[]){ 1, 2, 3, 4 });
	cli_fails(cli_run(t, "bench", cli_path(t, "add.onnx"), NULL), 3, "give --dim n=N");
	cli_succeeds(cli_run(t, "bench", cli_path(t, "add.onnx"), "--data", t->folder, NULL));
	cli_fails(cli_run(t, "bench", cli_path(t, "add.onnx"), "--data", cli_path(t, "tmp"), NULL), 4, "holds neither");
	cli_close(t);
}
END_TEST

/* An object that object.mk made, as users have it. */
START_TEST(test_object)
{
	struct cli *t = cli_open();
	const char *build = getenv("BUILD");
	char command[500];

	write_add_model(cli_path(t, "add.onnx"));
	cli_succeeds(cli_run(t, "compile", cli_path(t, "add.onnx"), "-o", cli_path(t, "to"), "--dim", "n=3", NULL));
	snprintf(command, sizeof command, "make -s -f runtime/object.mk NAME=add DIR=%s RT=%s/rt", cli_path(t, "to"),
		build ? build : "build");
	ck_assert_int_eq(system(command), 0);
	const struct cli_result *r = cli_run(t, "bench", cli_path(t, "to/add.o"), "--json", NULL);
	cli_succeeds(r);
	check_json(r->out);
	cli_says(r, "\"model\": \"add\"");
	cli_close(t);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("bench");
	TCase *tc = tcase_create("all");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, test_text);
	tcase_add_test(tc, test_json);
	tcase_add_test(tc, test_strange_names);
	tcase_add_test(tc, test_data);
	tcase_add_test(tc, test_object);
	suite_add_tcase(s, tc);
	return s;
}
