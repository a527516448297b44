/* Reading and setting attributes. */
#include "base/attempt.h"
#include "pass_test.h"
#include <string.h>

static void add(struct op_test *t, struct node *n, struct attribute a)
{
	struct attribute *copy = NEW(t->c, struct attribute, 1);

	*copy = a;
	copy->next = n->attributes;
	n->attributes = copy;
}

static struct node *make_node(struct op_test *t)
{
	return op_node(t, "", "Relu", 1, 1, op_input(t, "f32[2]", NULL));
}

START_TEST(reading)
{
	static const int64_t ints[] = { 3, -4 };
	struct op_test t = pass_begin();
	struct node *n = make_node(&t);
	int64_t list[2];

	add(&t, n, (struct attribute){ .name = "i", .kind = ATTRIBUTE_INT, .integer = -7 });
	add(&t, n, (struct attribute){ .name = "f", .kind = ATTRIBUTE_FLOAT, .real = 0.5 });
	add(&t, n, (struct attribute){ .name = "s", .kind = ATTRIBUTE_STRING, .string = "text" });
	add(&t, n, (struct attribute){ .name = "l", .kind = ATTRIBUTE_INTS, .n = 2, .ints = ints });
	add(&t, n, (struct attribute){ .name = "g", .kind = ATTRIBUTE_GRAPH, .graph = t.g });
	ck_assert_int_eq(attribute_int(t.c, n, "i", 1), -7);
	ck_assert(attribute_float(t.c, n, "f", 1) == 0.5);
	ck_assert_str_eq(attribute_string(t.c, n, "s", ""), "text");
	ck_assert_int_eq(attribute_ints(t.c, n, "l", list, 2), 2);
	ck_assert(list[0] == 3 && list[1] == -4);
	ck_assert_ptr_eq(attribute_graph(t.c, n, "g"), t.g);
	ck_assert_str_eq(attribute(n, "l")->name, "l");
	ck_assert_ptr_null(attribute(n, "L"));
	op_end(&t);
}
END_TEST

START_TEST(absent)
{
	struct op_test t = pass_begin();
	struct node *n = make_node(&t);

	ck_assert_int_eq(attribute_int(t.c, n, "i", 42), 42);
	ck_assert(attribute_float(t.c, n, "f", -2.5) == -2.5);
	ck_assert_str_eq(attribute_string(t.c, n, "s", "other"), "other");
	ck_assert_int_eq(attribute_ints(t.c, n, "l", NULL, 0), -1);
	op_end(&t);
}
END_TEST

static void read_int(struct ctx *c, void *n)
{
	attribute_int(c, n, "axis", 0);
}

static void read_float(struct ctx *c, void *n)
{
	attribute_float(c, n, "axis", 0);
}

static void read_string(struct ctx *c, void *n)
{
	attribute_string(c, n, "axis", "");
}

static void read_ints(struct ctx *c, void *n)
{
	int64_t one;

	attribute_ints(c, n, "axis", &one, 1);
}

static void read_graph(struct ctx *c, void *n)
{
	attribute_graph(c, n, "axis");
}

static void refuse(struct attribute a, void (*read)(struct ctx *c, void *n), const char *words)
{
	struct op_test t = pass_begin();
	struct node *n = make_node(&t);

	a.name = "axis";
	add(&t, n, a);
	ck_assert_int_eq(attempt(t.c, read, n), UNUSABLE_MODEL);
	ck_assert_str_eq(t.c->message, arena_text(t.c, "test.onnx: Relu 'node': attribute 'axis' %s", words));
	op_end(&t);
}

START_TEST(errors)
{
	static const int64_t ints[2];

	refuse((struct attribute){ .kind = ATTRIBUTE_FLOAT }, read_int, "is a float, but must be an integer");
	refuse((struct attribute){ .kind = ATTRIBUTE_INT }, read_float, "is an integer, but must be a float");
	refuse((struct attribute){ .kind = ATTRIBUTE_TENSOR }, read_string, "is a tensor, but must be a string");
	refuse((struct attribute){ .kind = ATTRIBUTE_STRING }, read_ints, "is a string, but must be a list of integers");
	refuse((struct attribute){ .kind = ATTRIBUTE_OTHER }, read_graph, "is something else, but must be a graph");
	refuse((struct attribute){ .kind = ATTRIBUTE_INTS, .n = 2, .ints = ints }, read_ints,
		"has 2 elements; at most 1 are supported");
	refuse((struct attribute){ .kind = ATTRIBUTE_INTS, .n = (size_t)1 << 31, .ints = ints }, read_ints,
		"has 2147483648 elements; at most 1 are supported");
	struct op_test t = pass_begin();
	ck_assert_int_eq(attempt(t.c, read_graph, make_node(&t)), UNUSABLE_MODEL);
	ck_assert_ptr_nonnull(strstr(t.c->message, "attribute 'axis' is missing"));
	op_end(&t);
}
END_TEST

START_TEST(setting)
{
	struct op_test t = pass_begin();
	struct node *n = make_node(&t);

	set_attribute_int(t.c, n, "a", 1);
	set_attribute_float(t.c, n, "b", 2);
	set_attribute_string(t.c, n, "a", "now text");
	ck_assert_str_eq(attribute_string(t.c, n, "a", ""), "now text");
	ck_assert(attribute_float(t.c, n, "b", 0) == 2);
	set_attribute_int(t.c, n, "a", 3);
	ck_assert_int_eq(attribute_int(t.c, n, "a", 0), 3);
	ck_assert(n->attributes && n->attributes->next && !n->attributes->next->next);
	op_end(&t);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("attribute");
	TCase *c = tcase_create("attribute");

	tcase_add_test(c, reading);
	tcase_add_test(c, absent);
	tcase_add_test(c, errors);
	tcase_add_test(c, setting);
	suite_add_tcase(s, c);
	return s;
}
