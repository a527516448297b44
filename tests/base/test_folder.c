/* Folders are listed in the order of the numbers in their names. */
#include "base/folder.h"
#include "base/attempt.h"
#include "op_test.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct listing {
	const char *folder;
	const char *const *paths;
	int n;
};

static bool is_text(const char *name)
{
	const char *end = strrchr(name, '.');

	return end && !strcmp(end, ".txt");
}

static void list_user(struct ctx *c, void *user)
{
	struct listing *l = user;

	l->n = list_folder(c, l->folder, is_text, &l->paths);
}

static const char *file_name(struct op_test *t, const char *folder, int i)
{
	return arena_text(t->c, "%s/file_%d.txt", folder, i);
}

START_TEST(numbers_in_order)
{
	enum { FILES = 100 }; /* more than a list has room for at first */
	char folder[] = "/tmp/folder-test-XXXXXX";
	struct op_test t = op_begin(20);
	struct listing l = { .folder = folder };

	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(attempt(t.c, list_user, &l), DONE);
	ck_assert_int_eq(l.n, 0);
	const char *other = arena_text(t.c, "%s/other.png", folder);
	fclose(fopen(other, "w"));
	for (int i = FILES; i-- > 0;)
		fclose(fopen(file_name(&t, folder, i), "w"));
	ck_assert_int_eq(attempt(t.c, list_user, &l), DONE);
	ck_assert_int_eq(l.n, FILES);
	for (int i = 0; i < FILES; i++) {
		ck_assert_str_eq(l.paths[i], file_name(&t, folder, i));
		unlink(l.paths[i]);
	}
	unlink(other);
	ck_assert_int_eq(rmdir(folder), 0);
	ck_assert_int_eq(attempt(t.c, list_user, &l), IO_FAILED);
	ck_assert_str_eq(t.c->message, arena_text(t.c, "%s: No such file or directory", folder));
	op_end(&t);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("folder");
	TCase *c = tcase_create("folder");

	tcase_add_test(c, numbers_in_order);
	suite_add_tcase(s, c);
	return s;
}
