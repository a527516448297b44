/* Lines whose indentation follows their braces, and how long ones are broken. */
#include "suite.h"
#include "base/text.h"
#include <stdlib.h>
#include <string.h>

enum { WIDEST = 120, TAB = 4 };

struct page {
	struct text t;
	char *s;
	size_t n;
};

static void page_open(struct page *p)
{
	*p = (struct page){ 0 };
	p->t.f = open_memstream(&p->s, &p->n);
	ck_assert_ptr_nonnull(p->t.f);
}

static void expect(struct page *p, const char *text)
{
	fclose(p->t.f);
	ck_assert_str_eq(p->s, text);
	free(p->s);
}

/* The widest line, a tab counting as four columns. */
static int widest(const char *s)
{
	int most = 0, n = 0;

	for (; *s; s++) {
		n = *s == '\n' ? 0 : n + (*s == '\t' ? TAB : 1);
		most = n > most ? n : most;
	}
	return most;
}

START_TEST(indentation)
{
	struct page p;

	page_open(&p);
	line(&p.t, "int f(void)");
	line(&p.t, "{");
	line(&p.t, "if (%d) {", 1);
	line(&p.t, "g({ 1 });");
	line(&p.t, "} else {");
	line(&p.t, "%s", "");
	line(&p.t, "h();");
	line(&p.t, "}");
	line(&p.t, "}");
	expect(&p, "int f(void)\n{\n\tif (1) {\n\t\tg({ 1 });\n\t} else {\n\n\t\th();\n\t}\n}\n");
}
END_TEST

/* Comments and strings quote names from the model, braces and all. */
START_TEST(quoted_braces)
{
	struct page p;

	page_open(&p);
	line(&p.t, "/* node {{{ */");
	line(&p.t, "a;");
	line(&p.t, "/* node } */");
	line(&p.t, "b;");
	line(&p.t, "f(\"{{\", \"\\\"{\");");
	line(&p.t, "c;");
	line(&p.t, "g(\"}\\\\\");");
	line(&p.t, "d;");
	expect(&p, "/* node {{{ */\na;\n/* node } */\nb;\nf(\"{{\", \"\\\"{\");\nc;\ng(\"}\\\\\");\nd;\n");
}
END_TEST

static void put_words(char *to, const char *head, const char *word, int n, const char *tail)
{
	strcpy(to, head);
	for (int i = 0; i < n; i++)
		strcat(to, word);
	strcat(to, tail);
}

START_TEST(long_lines)
{
	struct page p;
	char s[4096];

	page_open(&p);
	put_words(s, "f(a", ", argument", 30, ");");
	line(&p.t, "{");
	line(&p.t, "%s", s);
	line(&p.t, "}");
	fclose(p.t.f);
	ck_assert_int_le(widest(p.s), WIDEST);
	/* Broken behind commas, the rest one step to the right; joined again it is the same. */
	char *joined = strstr(p.s, "\tf(a"), *to = joined;
	ck_assert_ptr_nonnull(joined);
	for (char *from = joined + 1; *from; from++) {
		if (*from == '\n' && !strncmp(from, "\n\t\t", 3)) {
			ck_assert_int_eq(from[-1], ',');
			*to++ = ' ';
			from += 2;
		} else if (*from == '\n') {
			break;
		} else {
			*to++ = *from;
		}
	}
	*to = 0;
	ck_assert_str_eq(joined, s);
	free(p.s);
}
END_TEST

START_TEST(long_comments)
{
	struct page p;
	char s[4096];

	page_open(&p);
	put_words(s, "/*", " name", 60, " */");
	line(&p.t, "%s", s);
	fclose(p.t.f);
	ck_assert_int_le(widest(p.s), WIDEST);
	ck_assert_ptr_nonnull(strstr(p.s, "name\n * name"));
	ck_assert_str_eq(p.s + p.n - 4, " */\n");
	free(p.s);
}
END_TEST

/* Designated fields are broken before a field, so that no list of numbers is torn. */
START_TEST(long_fields)
{
	struct page p;
	char s[4096];

	page_open(&p);
	put_words(s, "static const struct s x = { .first = 1", ", .field = { 1, 2, 3 }", 20, " };");
	line(&p.t, "%s", s);
	fclose(p.t.f);
	ck_assert_int_le(widest(p.s), WIDEST);
	for (char *q = p.s; (q = strchr(q, '\n')) && q[1]; q++)
		ck_assert(!strncmp(q + 1, "\t.", 2));
	free(p.s);
}
END_TEST

/* What cannot be broken stays whole, and strings are never broken, whatever stands in them. */
START_TEST(unbreakable)
{
	struct page p;
	char s[4096], want[4200];

	page_open(&p);
	put_words(s, "", "abcdefghij", 40, ";");
	line(&p.t, "%s", s);
	snprintf(want, sizeof want, "%s\n", s);
	expect(&p, want);
	page_open(&p);
	put_words(s, "f(\"", "one, two = { .x ", 30, "\\\", \");");
	line(&p.t, "%s", s);
	snprintf(want, sizeof want, "%s\n", s);
	expect(&p, want);
	page_open(&p);
	put_words(s, "/* ", "abcdefghij", 40, " */");
	line(&p.t, "%s", s);
	fclose(p.t.f);
	ck_assert_ptr_nonnull(strstr(p.s, "*/"));
	free(p.s);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("text");
	TCase *c = tcase_create("text");

	tcase_add_test(c, indentation);
	tcase_add_test(c, quoted_braces);
	tcase_add_test(c, long_lines);
	tcase_add_test(c, long_comments);
	tcase_add_test(c, long_fields);
	tcase_add_test(c, unbreakable);
	suite_add_tcase(s, c);
	return s;
}
