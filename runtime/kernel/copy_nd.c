/* copy_nd: copies a strided tensor into another: transpose, slice, concatenation, padding's inside, expansion.
 *
 * One dimension of the index space is the row, the innermost. When x runs along another dimension, the column, the two
 * are copied in square tiles, so that the cache lines of both sides are used up while they are near. A task is a piece
 * of a row, or of the rows of a whole column, for one coordinate of the dimensions outside. */
#include "walk.h"

enum {
	TILE = 16,
	ROW_PIECE = 16384, /* elements */
	UNIT = 16384,      /* elements, about */
};

struct line {
	int32_t n;
	ptrdiff_t y, x; /* strides */
};

struct copy_nd_job {
	char *y;
	const char *x;
	int32_t size;
	struct line row, column;
	int32_t outer_rank, outer[RT_RANK], outer_y[RT_RANK], outer_x[RT_RANK];
	int32_t piece;               /* elements of a row in a task */
	int64_t tasks, pieces, unit; /* tasks in all, of a row, in a unit */
};

static void copy_line(char *y, ptrdiff_t y_step, const char *x, ptrdiff_t x_step, int32_t n, int32_t size)
{
	switch (size) {
	case 1:
		for (int32_t i = 0; i < n; i++)
			((uint8_t *)y)[i * y_step] = ((const uint8_t *)x)[i * x_step];
		break;
	case 2:
		for (int32_t i = 0; i < n; i++)
			((uint16_t *)y)[i * y_step] = ((const uint16_t *)x)[i * x_step];
		break;
	case 4:
		for (int32_t i = 0; i < n; i++)
			((uint32_t *)y)[i * y_step] = ((const uint32_t *)x)[i * x_step];
		break;
	default:
		for (int32_t i = 0; i < n; i++)
			((uint64_t *)y)[i * y_step] = ((const uint64_t *)x)[i * x_step];
		break;
	}
}

/* Copies n elements of the row, and all of the column when there is one. */
static void copy_piece(const struct copy_nd_job *job, char *y, const char *x, int32_t n)
{
	const struct line *row = &job->row, *column = &job->column;

	if (column->n == 1) {
		if (row->y == 1 && row->x == 1)
			memcpy(y, x, (size_t)n * (size_t)job->size);
		else
			copy_line(y, row->y, x, row->x, n, job->size);
		return;
	}
	for (int32_t i = 0; i < column->n; i++)
		copy_line(y + i * column->y * job->size, row->y, x + i * column->x * job->size, row->x, n, job->size);
}

static void copy_nd_units(void *job_pointer, int32_t begin, int32_t end)
{
	const struct copy_nd_job *job = job_pointer;
	int64_t task = begin * job->unit, last = end * job->unit;
	struct walk y = walk_start(job->outer_rank, job->outer, job->outer_y, task / job->pieces);
	struct walk x = walk_start(job->outer_rank, job->outer, job->outer_x, task / job->pieces);
	int64_t piece = task % job->pieces;

	last = last < job->tasks ? last : job->tasks;
	for (; task < last; task++) {
		int32_t at = (int32_t)piece * job->piece, left = job->row.n - at;
		copy_piece(job, job->y + (y.offset + at * job->row.y) * job->size,
			job->x + (x.offset + at * job->row.x) * job->size, left < job->piece ? left : job->piece);
		if (++piece == job->pieces) {
			piece = 0;
			walk_on(&y, 1);
			walk_on(&x, 1);
		}
	}
}

/* The dimension other than the innermost along which x is contiguous, where it is not so along the innermost; else
 * -1. */
static int32_t column_of(const struct rt_copy_nd *p)
{
	if (p->rank == 0 || p->x[p->rank - 1] == 1 || p->x[p->rank - 1] == 0)
		return -1;
	for (int32_t i = p->rank - 1; i-- > 0;)
		if (p->x[i] == 1 && p->dim[i] > 1)
			return i;
	return -1;
}

KERNEL(copy_nd, (void *y, const void *x))
{
	struct copy_nd_job job = { y, x, p->size, { 1, 0, 0 }, { 1, 0, 0 }, 0, { 0 }, { 0 }, { 0 }, ROW_PIECE, 0, 0, 0 };
	int32_t column = column_of(p);

	for (int32_t i = 0; i < p->rank; i++) {
		struct line line = { p->dim[i], p->y[i], p->x[i] };
		if (i == p->rank - 1) {
			job.row = line;
		} else if (i == column) {
			job.column = line;
			job.piece = TILE;
		} else {
			job.outer[job.outer_rank] = line.n;
			job.outer_y[job.outer_rank] = p->y[i];
			job.outer_x[job.outer_rank++] = p->x[i];
		}
	}
	job.pieces = ((int64_t)job.row.n + job.piece - 1) / job.piece;
	job.tasks = walk_size(job.outer_rank, job.outer) * job.pieces;
	if (job.tasks == 0 || job.column.n == 0)
		return;
	int64_t work = (int64_t)(job.row.n < job.piece ? job.row.n : job.piece) * job.column.n;
	job.unit = work < UNIT ? UNIT / work : 1;
	rt_parallel(run, (int32_t)((job.tasks + job.unit - 1) / job.unit), copy_nd_units, &job);
}
