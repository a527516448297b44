/* The README's program is compiled and run as it stands there. */
#include "suite.h"
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Copies the README's first block of C to a file. */
static void extract(const char *path)
{
	FILE *readme = fopen("README.md", "r"), *program = fopen(path, "w");
	char line[512];
	bool inside = false;
	int lines = 0;

	ck_assert_ptr_nonnull(readme);
	ck_assert_ptr_nonnull(program);
	while (fgets(line, sizeof line, readme)) {
		if (inside && !strcmp(line, "```\n"))
			break;
		if (inside) {
			fputs(line, program);
			lines++;
		}
		inside |= !strcmp(line, "```c\n");
	}
	fclose(readme);
	fclose(program);
	ck_assert_int_ge(lines, 20);
	ck_assert_int_le(lines, 32);
}

START_TEST(program_works)
{
	const char *build = getenv("BUILD"), *cc = getenv("CC"), *sanitize = getenv("SANITIZE");
	char program[256], command[1200];
	int x, y, n = 0;
	float score, last = 1e9f;

	build = build ? build : "build";
	snprintf(program, sizeof program, "%s/tests/model/readme_program", build);
	snprintf(command, sizeof command, "%s.c", program);
	extract(command);
	snprintf(command, sizeof command,
		"%s -std=c11 -Wall -Wextra -Wpedantic -Werror -I%s/generated/superpoint %s.c "
		"%s/generated/superpoint/superpoint.o "
		"-lm %s -o %s",
		cc ? cc : "cc", build, program, build, sanitize ? sanitize : "", program);
	ck_assert_int_eq(system(command), 0);
	/* Any 640 x 480 bytes are a picture. */
	snprintf(command, sizeof command, "head -c 307200 models/superpoint.onnx | %s", program);
	FILE *output = popen(command, "r");
	ck_assert_ptr_nonnull(output);
	while (fscanf(output, "%d %d %f", &x, &y, &score) == 3) {
		ck_assert(x >= 0 && x < 640 && y >= 0 && y < 480);
		ck_assert(score > 0 && score <= last);
		last = score;
		n++;
	}
	ck_assert_int_eq(pclose(output), 0);
	ck_assert_int_gt(n, 0);
	ck_assert_int_le(n, 512);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("readme");
	TCase *t = tcase_create("readme");

	tcase_set_timeout(t, 300);
	tcase_add_test(t, program_works);
	suite_add_tcase(s, t);
	return s;
}
