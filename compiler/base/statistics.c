/* What is said of many measured numbers. */
#include "statistics.h"
#include <stdlib.h>

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void sort_numbers(double *x, int n)
{
	qsort(x, (size_t)n, sizeof *x, by_size);
}

double median(const double *sorted, int n)
{
	return (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
}

double percentile(const double *sorted, int n, int percent)
{
	int rank = (int)(((long long)percent * n + 99) / 100);

	return sorted[rank ? rank - 1 : 0];
}
