/* Text files, sound ones and others. */
#include "arena_run.h"
#include "base/read_text.h"
#include "suite.h" /* last: check.h has a macro named fail */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What is to be read, and what must come out. */
struct reading {
	char path[64];
	const char *expected;
	size_t n;
};

static void read_it(struct ctx *c, void *user)
{
	const struct reading *r = user;
	const char *text = read_text(c, r->path);

	ck_assert_uint_eq(strlen(text), r->n);
	ck_assert_mem_eq(text, r->expected, r->n);
}

/* Writes n bytes, reads them, and returns the message that this ends in. */
static const char *reads(const char *bytes, size_t n, const char *expected)
{
	struct reading r = { "/tmp/read-text-XXXXXX", expected, n };
	int file = mkstemp(r.path);

	ck_assert_int_ge(file, 0);
	ck_assert_int_eq(write(file, bytes, n), (ssize_t)n);
	close(file);
	const char *message = run_in_arena(read_it, &r);
	unlink(r.path);
	return message;
}

START_TEST(whole_files)
{
	char *large = malloc(300000);

	ck_assert_ptr_nonnull(large);
	ck_assert_str_eq(reads("", 0, ""), "");
	ck_assert_str_eq(reads("a\nb", 3, "a\nb"), "");
	for (size_t n = 65534; n <= 65537; n++) {
		memset(large, 'x', n);
		ck_assert_str_eq(reads(large, n, large), "");
	}
	memset(large, '\n', 300000);
	ck_assert_str_eq(reads(large, 300000, large), "");
	free(large);
}
END_TEST

START_TEST(zero_bytes_end_nothing)
{
	ck_assert_str_eq(reads("a\0b\0", 4, "a\1b\1"), "");
}
END_TEST

START_TEST(what_is_no_text)
{
	struct reading folder = { .path = "/tmp" }, none = { .path = "/nonexistent/file" },
				   endless = { .path = "/dev/zero" };

	ck_assert_str_eq(run_in_arena(read_it, &folder), "/tmp: Is a directory");
	ck_assert_str_eq(run_in_arena(read_it, &none), "/nonexistent/file: No such file or directory");
	ck_assert_str_eq(run_in_arena(read_it, &endless), "/dev/zero: has more than 64 MiB, too much for a text");
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("read text");
	TCase *t = tcase_create("read text");

	tcase_add_test(t, whole_files);
	tcase_add_test(t, zero_bytes_end_nothing);
	tcase_add_test(t, what_is_no_text);
	suite_add_tcase(s, t);
	return s;
}
