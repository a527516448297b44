/* The main program of every test: runs the file's suite and says how it went. */
#include "levels.h"
#include "suite.h"
#include <stdio.h>
#include <stdlib.h>

int main(void)
{
	const char *only = level_asked();

	if (only && rt_select(only) < 0) {
		fprintf(stderr, "GLUEC_ISA: '%s' is no instruction set of this machine and this build\n", only);
		return EXIT_FAILURE;
	}
	SRunner *runner = srunner_create(suite());

	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
