#include "problem.h"
#include <stdarg.h>
#include <stdio.h>

bool problem_is(struct problem *problem, enum outcome outcome, const char *format, ...)
{
	va_list arguments;

	problem->outcome = outcome;
	va_start(arguments, format);
	vsnprintf(problem->text, sizeof problem->text, format, arguments);
	va_end(arguments);
	return false;
}
