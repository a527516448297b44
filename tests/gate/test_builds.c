/* Which models are built again: those whose settings differ, and those that had to make room. */
#include "arena_run.h"
#include "gate/builds.h"
#include "precision/rules.h"
#include "suite.h" /* last: check.h has a macro named fail */
#include <string.h>

static const struct host host;

static const struct build_key *key_of(struct build_key *key, const struct settings *set, int which)
{
	*key = (struct build_key){ .set = set, .which = which, .models = 2, .points = 512, .dimensions = 256 };
	return key;
}

static void settings_decide(struct ctx *c, void *user)
{
	struct builds b = { 0 };
	struct rule rules[] = { { .pattern = "a", .used = 2 }, { .pattern = "b" } }, same[2], other[2];
	struct settings set = { .model = "m.onnx", .rules = rules, .n_rules = 2, .name = "x" }, copy = set;
	struct build_key key, wanted;

	(void)user;
	ck_assert_ptr_null(find_build(&b, key_of(&key, &set, 0), false));
	struct build *made = new_build(c, &b, &key);
	ck_assert_ptr_null(find_build(&b, &key, false));
	made->host = &host;
	ck_assert_ptr_eq(find_build(&b, &key, false), made);
	ck_assert_ptr_null(find_build(&b, &key, true));
	made->parts = "";
	ck_assert_ptr_eq(find_build(&b, &key, true), made);
	/* Equal rules in another list, and another name: the marks of what was used come with the build. */
	memcpy(same, rules, sizeof same);
	same[0].used = 0;
	copy.rules = same;
	copy.name = "y";
	ck_assert_ptr_eq(find_build(&b, key_of(&wanted, &copy, 0), false), made);
	ck_assert(same[0].used == 2 && !same[1].used);
	ck_assert_ptr_null(find_build(&b, key_of(&wanted, &copy, 1), false));
	key_of(&wanted, &copy, 0)->set->rules[0].used = 0;
	wanted.points = 511;
	ck_assert_ptr_null(find_build(&b, &wanted, false));
	ck_assert(!same[0].used);
	/* Other rules. */
	memcpy(other, rules, sizeof other);
	other[1].precision = PRECISION_BF16;
	copy.rules = other;
	ck_assert_ptr_null(find_build(&b, key_of(&wanted, &copy, 0), false));
	copy.rules = same;
	copy.n_rules = 1;
	ck_assert_ptr_null(find_build(&b, key_of(&wanted, &copy, 0), false));
	copy.n_rules = 2;
	copy.top_k = 3;
	ck_assert_ptr_null(find_build(&b, key_of(&wanted, &copy, 0), false));
}

/* What was used the longest ago makes room, but never the reference's. */
static void room(struct ctx *c, void *user)
{
	struct builds b = { 0 };
	struct settings set[GATE_BUILDS + 3];
	struct build_key key;

	(void)user;
	memset(set, 0, sizeof set);
	for (int i = 0; i < GATE_BUILDS + 3; i++) {
		set[i].top_k = i + 1;
		if (i == GATE_BUILDS)
			ck_assert_ptr_nonnull(find_build(&b, key_of(&key, &set[1], 0), false));
		struct build *made = new_build(c, &b, key_of(&key, &set[i], 0));
		made->host = &host;
		made->reference = i == 0;
	}
	for (int i = 0; i < GATE_BUILDS + 3; i++)
		ck_assert_msg((find_build(&b, key_of(&key, &set[i], 0), false) == NULL) == (i >= 2 && i <= 4), "%d", i);
}

START_TEST(equal_settings_build_nothing)
{
	ck_assert_str_eq(run_in_arena(settings_decide, NULL), "");
}
END_TEST

START_TEST(the_oldest_makes_room)
{
	ck_assert_str_eq(run_in_arena(room, NULL), "");
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("builds");
	TCase *t = tcase_create("builds");

	tcase_add_test(t, equal_settings_build_nothing);
	tcase_add_test(t, the_oldest_makes_room);
	suite_add_tcase(s, t);
	return s;
}
