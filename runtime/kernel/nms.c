/* nms: the non-maximum suppression of SuperPoint, as rt.h defines it.
 *
 * Everything in it is a maximum over squares, and that is one over rows followed by one over columns, each at a cost
 * per pixel that does not grow with the radius: rows by doubling (the maximum of 2^k neighbours is that of two
 * maxima of 2^(k-1)), columns by van Herk's and Gil & Werman's way (a window is the end of one block of its own height
 * and the beginning of the next). A maximum is exact, so the order in which it is taken does not show.
 *
 * A pixel is in one of three states. One that is kept is within reach of a kept one, itself, so that "suppressed"
 * needs no plane of its own. */
#include "kernel.h"

enum {
	STRIP = 64,  /* columns of a unit of the passes over columns */
	BAND = 8192, /* pixels, about, of a unit of the passes over rows */
};

#define FREE       0.0f
#define SUPPRESSED 1.0f
#define KEPT       2.0f

struct nms_job {
	const struct rt_nms *p;
	int32_t radius_x, radius_y; /* no larger than the picture */
	int32_t strips, rows, band; /* strips of a picture; rows of all pictures, and of a unit */
	float *y;
	const float *x;
	float *work, *state, *row_maxima; /* planes of n * h * w; work holds sources of rows, then column blocks' ends */
};

static float larger(float a, float b)
{
	return a > b ? a : b;
}

static void raise_row(float *restrict y, const float *restrict x, int32_t n)
{
	for (int32_t i = 0; i < n; i++)
		y[i] = larger(y[i], x[i]);
}

/* x[i] = the larger of x[i] and x[i + step], for i < n. A vector is loaded whole before it is stored, so that values
 * further on are still the old ones. */
static void raise_by_next(float *x, int32_t step, int32_t n)
{
	int32_t i = 0;

	for (; i + LANES <= n; i += LANES)
		v_store(x + i, v_max(v_load(x + i), v_load(x + i + step)));
	for (; i < n; i++)
		x[i] = larger(x[i], x[i + step]);
}

/* y[i] = the maximum of x[i-radius .. i+radius], as far as that lies in 0..n. Destroys x. */
static void slide_row(float *restrict y, float *restrict x, int32_t n, int32_t radius)
{
	int32_t length = 1, i, reach;
	float most = x[0];

	for (i = 0; i < radius; i++)
		most = larger(most, x[i]);
	for (i = 0; i < radius; i++) {
		if (i + radius < n)
			most = larger(most, x[i + radius]);
		y[i] = most;
	}
	for (; 2 * length <= 2 * radius + 1; length *= 2)
		raise_by_next(x, length, n - length);
	/* x[i] is now the maximum of x[i .. i+length]; two of those make a window, or one where the row ends. */
	reach = radius + 1 - length;
	for (; i < n && i + reach < n; i++)
		y[i] = larger(x[i - radius], x[i + reach]);
	for (; i < n; i++)
		y[i] = x[i - radius];
}

/* What a pass over rows takes the maxima of. */
typedef void nms_source(const struct nms_job *job, float *row, size_t at);

static void take_scores(const struct nms_job *job, float *row, size_t at)
{
	memcpy(row, job->x + at, (size_t)job->p->w * sizeof *row);
}

static void take_kept(const struct nms_job *job, float *row, size_t at)
{
	for (int32_t i = 0; i < job->p->w; i++)
		row[i] = job->state[at + (size_t)i] == KEPT ? 1.0f : 0.0f;
}

static void take_free_scores(const struct nms_job *job, float *row, size_t at)
{
	for (int32_t i = 0; i < job->p->w; i++)
		row[i] = job->state[at + (size_t)i] == FREE ? job->x[at + (size_t)i] : 0.0f;
}

/* The row where the units before `end` stop. */
static int32_t last_row(const struct nms_job *job, int32_t end)
{
	return end > job->rows / job->band ? job->rows : end * job->band;
}

static inline void slide_rows(const struct nms_job *job, int32_t begin, int32_t end, nms_source *take)
{
	for (int32_t y = begin * job->band; y < last_row(job, end); y++) {
		size_t at = (size_t)y * (size_t)job->p->w;
		take(job, job->work + at, at);
		slide_row(job->row_maxima + at, job->work + at, job->p->w, job->radius_x);
	}
}

/* What becomes of n pixels, the maxima of whose squares are given. */
typedef void nms_use(const struct nms_job *job, const float *maxima, size_t at, int32_t n);

static void keep_first(const struct nms_job *job, const float *maxima, size_t at, int32_t n)
{
	for (int32_t i = 0; i < n; i++)
		job->state[at + (size_t)i] = job->x[at + (size_t)i] == maxima[i] ? KEPT : FREE;
}

static void suppress(const struct nms_job *job, const float *maxima, size_t at, int32_t n)
{
	float *restrict state = job->state + at;

	for (int32_t i = 0; i < n; i++)
		state[i] = state[i] == KEPT ? KEPT : maxima[i] > 0 ? SUPPRESSED : FREE;
}

static void keep_more(const struct nms_job *job, const float *maxima, size_t at, int32_t n)
{
	const float *x = job->x + at;
	float *restrict state = job->state + at;

	for (int32_t i = 0; i < n; i++)
		state[i] = state[i] == FREE && x[i] == maxima[i] ? KEPT : state[i];
}

/* The maxima over columns of one strip: n columns from x0 on of one picture. A row y's window is the end of block
 * y / window, of which the maxima go to `work`, and the beginning of the next, of which the maximum is carried on.
 * Blocks start `radius` rows above the picture. */
static inline void slide_strip(const struct nms_job *job, size_t at, int32_t n, nms_use *use)
{
	int32_t h = job->p->h, radius = job->radius_y, window = 2 * radius + 1;
	size_t w = (size_t)job->p->w;
	const float *rows = job->row_maxima + at;
	float *ends = job->work + at;

	for (int32_t block = 0; block < h; block += window) {
		float most[STRIP];
		for (int32_t i = 0; i < STRIP; i++)
			most[i] = -INFINITY;
		for (int32_t j = window; j-- > 0;) {
			int32_t row = block + j - radius;
			if (row >= 0 && row < h)
				raise_row(most, rows + (size_t)row * w, n);
			if (block + j < h)
				memcpy(ends + (size_t)(block + j) * w, most, (size_t)n * sizeof *most);
		}
		for (int32_t i = 0; i < STRIP; i++)
			most[i] = -INFINITY;
		for (int32_t y = block; y < block + window && y < h; y++) {
			float *maxima = ends + (size_t)y * w;
			int32_t row = y + radius;
			if (y > block && row < h)
				raise_row(most, rows + (size_t)row * w, n);
			raise_row(maxima, most, n);
			use(job, maxima, at + (size_t)y * w, n);
		}
	}
}

static inline void slide_strips(const struct nms_job *job, int32_t begin, int32_t end, nms_use *use)
{
	for (int32_t i = begin; i < end; i++) {
		int32_t x = i % job->strips * STRIP, left = job->p->w - x;
		size_t picture = (size_t)(i / job->strips) * (size_t)job->p->h * (size_t)job->p->w;
		slide_strip(job, picture + (size_t)x, left < STRIP ? left : STRIP, use);
	}
}

/* The passes, as rt_parallel takes them: over rows of all pictures, or over strips. */
static void score_rows(void *job, int32_t begin, int32_t end)
{
	slide_rows(job, begin, end, take_scores);
}

static void keep_first_strips(void *job, int32_t begin, int32_t end)
{
	slide_strips(job, begin, end, keep_first);
}

static void kept_rows(void *job, int32_t begin, int32_t end)
{
	slide_rows(job, begin, end, take_kept);
}

static void suppress_strips(void *job, int32_t begin, int32_t end)
{
	slide_strips(job, begin, end, suppress);
}

static void free_score_rows(void *job, int32_t begin, int32_t end)
{
	slide_rows(job, begin, end, take_free_scores);
}

static void keep_more_strips(void *job, int32_t begin, int32_t end)
{
	slide_strips(job, begin, end, keep_more);
}

static void output_rows(void *job_pointer, int32_t begin, int32_t end)
{
	const struct nms_job *job = job_pointer;
	const struct rt_nms *p = job->p;
	int32_t border = p->border < p->w ? p->border : p->w;

	for (int32_t row = begin * job->band; row < last_row(job, end); row++) {
		size_t at = (size_t)row * (size_t)p->w;
		int32_t y = row % p->h;
		bool inside = y >= p->border && y < p->h - p->border;
		for (int32_t i = 0; i < p->w; i++)
			job->y[at + (size_t)i] = job->state[at + (size_t)i] == KEPT ? job->x[at + (size_t)i] : 0.0f;
		for (int32_t i = 0; i < (inside ? border : p->w); i++)
			job->y[at + (size_t)i] = job->y[at + (size_t)(p->w - 1 - i)] = p->fill;
	}
}

KERNEL(nms, (void *y, const void *x, void *scratch))
{
	size_t plane = (size_t)p->n * (size_t)p->h * (size_t)p->w;
	float *planes = scratch;
	struct nms_job job = { .p = p, .y = y, .x = x, .strips = (p->w + STRIP - 1) / STRIP, .rows = p->n * p->h };
	int32_t bands, strips = p->n * job.strips;

	if (plane == 0)
		return;
	job.radius_x = p->radius < p->w - 1 ? p->radius : p->w - 1;
	job.radius_y = p->radius < p->h - 1 ? p->radius : p->h - 1;
	job.band = p->w < BAND ? BAND / p->w : 1;
	bands = (job.rows + job.band - 1) / job.band;
	job.work = planes;
	job.state = planes + plane;
	job.row_maxima = planes + 2 * plane;
	rt_parallel(run, bands, score_rows, &job);
	rt_parallel(run, strips, keep_first_strips, &job);
	for (int32_t round = 0; round < p->rounds; round++) {
		rt_parallel(run, bands, kept_rows, &job);
		rt_parallel(run, strips, suppress_strips, &job);
		rt_parallel(run, bands, free_score_rows, &job);
		rt_parallel(run, strips, keep_more_strips, &job);
	}
	rt_parallel(run, bands, output_rows, &job);
}
