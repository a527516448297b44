/* Which operator tests there are, and which of them are to be refused. */
#include "node_tests.h"
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "suite.h"

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct node_test *)a)->name, ((const struct node_test *)b)->name);
}

static int is_test(const struct dirent *entry)
{
	return !strncmp(entry->d_name, "test_", 5);
}

int node_list(struct ctx *c, const char *archive, const char *folder, struct node_test **tests)
{
	struct dirent **entries;

	ck_assert_int_eq(system(arena_text(c, "tar xf '%s' -C '%s'", archive, folder)), 0);
	int n = scandir(folder, &entries, is_test, NULL);
	ck_assert_int_gt(n, 0);
	*tests = mmap(NULL, (size_t)n * sizeof **tests, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(*tests, MAP_FAILED);
	for (int i = 0; i < n; i++) {
		ck_assert_uint_lt(strlen(entries[i]->d_name), sizeof(*tests)->name);
		strcpy((*tests)[i].name, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	qsort(*tests, (size_t)n, sizeof **tests, by_name);
	return n;
}

int node_refused(const char *path, struct node_test *tests, int n)
{
	FILE *f = fopen(path, "r");
	char line[512];
	int unknown = 0;

	ck_assert_msg(f != NULL, "%s cannot be read", path);
	while (fgets(line, sizeof line, f)) {
		struct node_test key = { 0 };
		ck_assert_msg(sscanf(line, "%159[^:]: %199[^\n]", key.name, key.reason) == 2, "%s: '%s'", path, line);
		struct node_test *test = bsearch(&key, tests, (size_t)n, sizeof *tests, by_name);
		if (test)
			strcpy(test->reason, key.reason);
		else
			printf("%s: there is no test '%s'\n", path, key.name);
		unknown += !test;
	}
	fclose(f);
	return unknown;
}
