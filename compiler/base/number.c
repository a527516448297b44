/* Numbers as C constants. */
#include "number.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Infinities and NaN have no constants of their own; math.h's macros stand for them. */
static int write_special(FILE *f, double x)
{
	if (isnan(x))
		fputs("NAN", f);
	else if (isinf(x))
		fputs(x < 0 ? "-INFINITY" : "INFINITY", f);
	else
		return 0;
	return 1;
}

static void write_text(FILE *f, const char *s)
{
	fputs(s, f);
	if (!strpbrk(s, ".e"))
		fputs(".0", f);
}

void write_float(FILE *f, float x)
{
	char s[40];
	int digits = 1;

	if (write_special(f, x))
		return;
	do
		snprintf(s, sizeof s, "%.*g", digits, x);
	while (strtof(s, NULL) != x && digits++ < 9);
	write_text(f, s);
	fputc('f', f);
}

void write_double(FILE *f, double x)
{
	char s[40];
	int digits = 1;

	if (write_special(f, x))
		return;
	do
		snprintf(s, sizeof s, "%.*g", digits, x);
	while (strtod(s, NULL) != x && digits++ < 17);
	write_text(f, s);
}

void write_int64(FILE *f, int64_t x)
{
	if (x == INT64_MIN)
		fputs("INT64_MIN", f);
	else if (x < INT32_MIN || x > INT32_MAX)
		fprintf(f, "INT64_C(%" PRId64 ")", x);
	else
		fprintf(f, "%" PRId64, x);
}
