/* Matrix products in double. */
#include "double.h"
#include <string.h>

enum { ROWS = 4, COLUMNS = 16, DEPTH = 256 }; /* of what is multiplied together */

/* Rows of b's block, with zeros behind its last column. */
static void pack(double (*to)[COLUMNS], const double *b, const int32_t *stride, int32_t depth, int32_t columns)
{
	memset(to, 0, (size_t)depth * sizeof *to);
	for (int32_t k = 0; k < depth; k++)
		for (int32_t j = 0; j < columns; j++)
			to[k][j] = b[(ptrdiff_t)k * stride[2] + (ptrdiff_t)j * stride[3]];
}

static void multiply(double (*restrict sum)[COLUMNS], const double *const *a, ptrdiff_t step,
	const double (*restrict b)[COLUMNS], int32_t depth)
{
	for (int32_t k = 0; k < depth; k++)
		for (int32_t i = 0; i < ROWS; i++)
			for (int32_t j = 0; j < COLUMNS; j++)
				sum[i][j] += a[i][k * step] * b[k][j];
}

/* y += a b for up to COLUMNS columns of one product and up to DEPTH of k. */
static void add_block(
	const struct rt_matmul *p, double *y, const double *a, const double *b, int32_t depth, int32_t columns)
{
	double packed[DEPTH][COLUMNS];

	pack(packed, b, p->b, depth, columns);
	for (int32_t i = 0; i < p->m; i += ROWS) {
		int32_t rows = p->m - i < ROWS ? p->m - i : ROWS;
		double sum[ROWS][COLUMNS] = { 0 };
		const double *row[ROWS];
		/* Where fewer rows are left, the last one is computed again. */
		for (int32_t r = 0; r < ROWS; r++)
			row[r] = a + (ptrdiff_t)(i + (r < rows ? r : rows - 1)) * p->a[2];
		multiply(sum, row, p->a[3], (const double(*)[COLUMNS])packed, depth);
		for (int32_t r = 0; r < rows; r++)
			for (int32_t j = 0; j < columns; j++)
				y[(ptrdiff_t)(i + r) * p->n + j] += sum[r][j];
	}
}

void double_matmul(const struct rt_matmul *p, void *const *t)
{
	size_t product = (size_t)p->m * (size_t)p->n, products = (size_t)p->b0 * (size_t)p->b1;
	double *y = t[0];

	for (size_t i = 0; i < products * product; i++)
		y[i] = 0;
	for (size_t batch = 0; batch < products; batch++) {
		ptrdiff_t b0 = (ptrdiff_t)batch / p->b1, b1 = (ptrdiff_t)batch % p->b1;
		const double *a = (const double *)t[1] + b0 * p->a[0] + b1 * p->a[1];
		const double *b = (const double *)t[2] + b0 * p->b[0] + b1 * p->b[1];
		for (int32_t j = 0; j < p->n; j += COLUMNS)
			for (int32_t k = 0; k < p->k; k += DEPTH)
				add_block(p, y + batch * product + (size_t)j, a + (ptrdiff_t)k * p->a[3],
					b + (ptrdiff_t)k * p->b[2] + (ptrdiff_t)j * p->b[3], p->k - k < DEPTH ? p->k - k : DEPTH,
					p->n - j < COLUMNS ? p->n - j : COLUMNS);
	}
	for (size_t i = 0; p->alpha != 0 && i < products * product; i++)
		y[i] *= (double)p->alpha;
}
