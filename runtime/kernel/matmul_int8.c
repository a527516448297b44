#include "kernel.h"
#include "element.h"
#include "micro/tile_int8.h"

/* Some columns of b become packed panels of signed bytes, of as many of k as there is room for; then they are
 * multiplied by a block of rows after the other. Rows of a are used in place, by pointers; only where their bytes are
 * not what v_dot multiplies, or do not come in whole groups, they are gathered into a buffer first. */
enum {
	ROWS = 4 * TILE_BLOCK, /* in a unit */
	COLUMNS = 64,          /* most that are packed together */
	DEPTH = 2048,          /* most of k in a packed panel */
	DEPTH_GATHERED = 320,  /* of k in gathered rows, a multiple of INT8_TERMS */
	PACKED = DEPTH * RT_PANEL,
	FLIP = 0x80, /* makes a signed byte unsigned, 128 more, and the other way round */
};

struct job {
	const struct rt_matmul_int8 *p;
	void *y;
	const uint8_t *a, *b;
	int32_t strips;         /* units along the rows of one product */
	int32_t depth, columns; /* of k and of n that are packed together */
	uint8_t flip_a, flip_b; /* what bytes are combined with before they are multiplied */
	int32_t zero_a, zero_b; /* the zero points of what they are then */
	bool gather;
	struct tiles *tiles; /* of levels that have them */
};

/* What a unit computes at once: `columns` columns from j on, for rows up to `end`. a, b and y are where the product's
 * operands and result start. */
struct block {
	int32_t j, columns, end;
	ptrdiff_t a, b, y;
	int8_t *packed;         /* panels of [depth / 4][RT_PANEL][4] */
	int32_t start[COLUMNS]; /* what the sums start at */
};

static int32_t at_most(int32_t n, int32_t most)
{
	return n < most ? n : most;
}

static int32_t whole_groups(int32_t terms)
{
	return (terms + DOT_GROUP - 1) / DOT_GROUP * DOT_GROUP;
}

/* A group of four rows by a panel's columns, of which some may be missing. */
static void pack_part(
	int8_t *to, const uint8_t *from, ptrdiff_t row, ptrdiff_t column, int32_t rows, int32_t columns, uint8_t flip)
{
	memset(to, 0, RT_PANEL * DOT_GROUP);
	for (int32_t j = 0; j < columns; j++)
		for (int32_t i = 0; i < rows; i++)
			to[j * DOT_GROUP + i] = (int8_t)(from[i * row + j * column] ^ flip);
}

/* The same of whole groups; rows or columns that are neighbours are turned by loops that compilers vectorise. */
static void pack_group(int8_t *restrict to, const uint8_t *restrict from, ptrdiff_t row, ptrdiff_t column, uint8_t flip)
{
	uint32_t word[RT_PANEL], all = 0x01010101u * flip;

	if (row == 1) {
		for (int32_t j = 0; j < RT_PANEL; j++)
			memcpy(&word[j], from + j * column, sizeof *word);
	} else if (column == 1) {
		for (int32_t j = 0; j < RT_PANEL; j++)
			word[j] = from[j] | (uint32_t)from[row + j] << 8 | (uint32_t)from[2 * row + j] << 16 |
					  (uint32_t)from[3 * row + j] << 24;
	} else {
		pack_part(to, from, row, column, DOT_GROUP, RT_PANEL, flip);
		return;
	}
	for (int32_t j = 0; j < RT_PANEL; j++)
		word[j] ^= all;
	memcpy(to, word, sizeof word);
}

/* Packs the block's columns of `depth` of k. */
static void pack(const struct job *job, const struct block *at, int32_t k, int32_t depth)
{
	const struct rt_matmul_int8 *p = job->p;
	int8_t *to = at->packed;

	for (int32_t j = 0; j < at->columns; j += RT_PANEL) {
		const uint8_t *from = job->b + at->b + (ptrdiff_t)k * p->b[2] + (ptrdiff_t)(at->j + j) * p->b[3];
		int32_t columns = at_most(at->columns - j, RT_PANEL);
		for (int32_t t = 0; t < depth;
			 t += DOT_GROUP, to += RT_PANEL * DOT_GROUP, from += DOT_GROUP * (ptrdiff_t)p->b[2])
			if (columns == RT_PANEL && depth - t >= DOT_GROUP)
				pack_group(to, from, p->b[2], p->b[3], job->flip_b);
			else
				pack_part(to, from, p->b[2], p->b[3], at_most(depth - t, DOT_GROUP), columns, job->flip_b);
	}
}

/* Packs all of k in turn, and leaves the last of it packed: what the zero point of a takes off each column's sums. */
static void begin_columns(const struct job *job, struct block *at)
{
	const struct rt_matmul_int8 *p = job->p;

	for (int32_t j = 0; j < COLUMNS; j++)
		at->start[j] = (int32_t)((uint32_t)p->k * (uint32_t)job->zero_a * (uint32_t)job->zero_b);
	for (int32_t k = 0; k < p->k; k += job->depth) {
		int32_t depth = at_most(p->k - k, job->depth), sum[RT_PANEL];
		ptrdiff_t panel = (ptrdiff_t)whole_groups(depth) * RT_PANEL;
		pack(job, at, k, depth);
		for (int32_t j = 0; j < at->columns; j += RT_PANEL) {
			tile_int8_column_sums(at->packed + j / RT_PANEL * panel, panel, sum);
			for (int32_t i = 0; i < RT_PANEL; i++)
				at->start[j + i] = (int32_t)((uint32_t)at->start[j + i] - (uint32_t)job->zero_a * (uint32_t)sum[i]);
		}
	}
}

static void gather(const struct job *job, const uint8_t *from, uint8_t *restrict to, int32_t n)
{
	ptrdiff_t step = job->p->a[3];
	int32_t end = (n + INT8_TERMS - 1) / INT8_TERMS * INT8_TERMS;

	if (step == 1)
		for (int32_t i = 0; i < n; i++)
			to[i] = from[i] ^ job->flip_a;
	else
		for (int32_t i = 0; i < n; i++)
			to[i] = from[i * step] ^ job->flip_a;
	memset(to + n, 0, (size_t)(end - n));
}

static void add_row_sums(const uint8_t *const *rows, int32_t count, int32_t n, uint32_t *sums)
{
	for (int32_t i = 0; i < count; i++) {
		const uint8_t *x = rows[i];
		int32_t sum = 0;
		for (int32_t t = 0; t < n; t++)
			sum += DOT_SIGNED ? (int8_t)x[t] : x[t];
		sums[i] += (uint32_t)sum;
	}
}

/* c (+)= the part of the product of `rows` rows from i on that comes from `depth` of k, which is packed; the rows' own
 * sums go to sums. */
static void multiply(const struct job *job, const struct block *at, int32_t i, int32_t rows, int32_t k, int32_t depth,
	int32_t *c, uint32_t *sums)
{
	const struct rt_matmul_int8 *p = job->p;
	_Alignas(RT_ALIGN) uint8_t buffer[TILE_BLOCK * DEPTH_GATHERED];
	const uint8_t *row[TILE_BLOCK];
	int32_t step = job->gather ? DEPTH_GATHERED : depth;

	for (int32_t d = 0; d < depth; d += step) {
		int32_t n = at_most(depth - d, step);
		const uint8_t *from = job->a + at->a + (ptrdiff_t)i * p->a[2] + (ptrdiff_t)(k + d) * p->a[3];
		for (int32_t r = 0; r < rows; r++, from += p->a[2]) {
			row[r] = job->gather ? buffer + r * DEPTH_GATHERED : from;
			if (job->gather)
				gather(job, from, buffer + r * DEPTH_GATHERED, n);
		}
		struct tile_int8 tile = { .c = c,
			.ldc = COLUMNS,
			.next_c = RT_PANEL,
			.rows = row,
			.segments = 1,
			.groups = whole_groups(n) / DOT_GROUP,
			.w = at->packed + (ptrdiff_t)d * RT_PANEL,
			.next_w = (ptrdiff_t)whole_groups(depth) * RT_PANEL,
			.fresh = k + d == 0,
			.stride = DEPTH_GATHERED,
			.next_tile = INT8_SIDE * DEPTH_GATHERED,
			.tiles = job->tiles };
		tile_int8_pad(row, rows);
		tile_int8_block(&tile, rows, (at->columns + RT_PANEL - 1) / RT_PANEL);
		if (job->zero_b)
			add_row_sums(row, rows, n, sums);
	}
}

/* One row of results, whose sums are at c. */
static void store(const struct job *job, const struct block *at, const int32_t *c, uint32_t row_sum, ptrdiff_t to)
{
	const struct rt_matmul_int8 *p = job->p;
	vec scale = v_set(p->scale);
	int32_t lowest = (int32_t)smallest_integer(p->y_type) - p->y_zero, start[COLUMNS];
	vec low = v_set((float)lowest), high = v_set((float)(lowest + UINT8_MAX));
	_Alignas(RT_ALIGN) float line[COLUMNS];
	uint8_t *bytes = (uint8_t *)line;

	for (int32_t j = 0; j < COLUMNS; j++)
		start[j] = (int32_t)((uint32_t)at->start[j] - (uint32_t)job->zero_b * row_sum);
	if (!rt_is_byte(p->y_type)) {
		for (int32_t j = 0; j < at->columns; j += LANES)
			v_store(line + j, v_mul(v_of_sums(c + j, start + j), scale));
		store_floats(element_to(job->y, p->y_type, to), line, p->y_type, 1, at->columns);
		return;
	}
	for (int32_t j = 0; j < at->columns; j += LANES)
		v_store_bytes(bytes + j, v_min(v_max(v_mul(v_of_sums(c + j, start + j), scale), low), high), p->y_zero);
	memcpy((uint8_t *)job->y + to, bytes, (size_t)at->columns);
}

/* The block's columns of rows from `first` on. */
static void multiply_columns(const struct job *job, struct block *at, int32_t first)
{
	const struct rt_matmul_int8 *p = job->p;
	_Alignas(RT_ALIGN) int32_t c[TILE_BLOCK * COLUMNS];

	begin_columns(job, at);
	for (int32_t i = first; i < at->end; i += TILE_BLOCK) {
		int32_t rows = at_most(at->end - i, TILE_BLOCK);
		uint32_t sums[TILE_BLOCK] = { 0 };
		for (int32_t k = 0; k < p->k; k += job->depth) {
			int32_t depth = at_most(p->k - k, job->depth);
			if (p->k > job->depth)
				pack(job, at, k, depth);
			multiply(job, at, i, rows, k, depth, c, sums);
		}
		for (int32_t r = 0; r < rows; r++)
			store(job, at, c + r * COLUMNS, sums[r], at->y + (ptrdiff_t)(i + r) * p->y[2] + at->j);
	}
}

/* A unit is ROWS rows of one product. */
static void units(void *data, int32_t unit, int32_t end)
{
	const struct job *job = data;
	const struct rt_matmul_int8 *p = job->p;
	_Alignas(RT_ALIGN) int8_t packed[PACKED];

	for (; unit < end; unit++) {
		int32_t b0 = unit / job->strips / p->b1, b1 = unit / job->strips % p->b1, first = unit % job->strips * ROWS;
		struct block at = { .end = first + at_most(p->m - first, ROWS), .packed = packed };
		at.a = (ptrdiff_t)b0 * p->a[0] + (ptrdiff_t)b1 * p->a[1];
		at.b = (ptrdiff_t)b0 * p->b[0] + (ptrdiff_t)b1 * p->b[1];
		at.y = (ptrdiff_t)b0 * p->y[0] + (ptrdiff_t)b1 * p->y[1];
		for (; at.j < p->n; at.j += job->columns) {
			at.columns = at_most(p->n - at.j, job->columns);
			multiply_columns(job, &at, first);
		}
	}
}

#ifdef VEC_TILES
static void tiled_units(void *data, int32_t unit, int32_t end)
{
	struct job job = *(const struct job *)data;
	struct tiles tiles;

	job.tiles = &tiles;
	tiles_begin(&tiles);
	units(&job, unit, end);
	tiles_end(&tiles);
}
#endif

KERNEL(matmul_int8, (void *y, const void *a, const void *b))
{
	struct job job = { .p = p, .y = y, .a = a, .b = b, .strips = (p->m + ROWS - 1) / ROWS };
	int32_t panels;

	job.depth = at_most(whole_groups(p->k), DEPTH);
	panels = PACKED / RT_PANEL / (job.depth ? job.depth : 1);
	job.columns = at_most(panels, COLUMNS / RT_PANEL) * RT_PANEL;
	job.flip_a = (p->a_type == RT_I8) != DOT_SIGNED ? FLIP : 0;
	job.flip_b = p->b_type == RT_U8 ? FLIP : 0;
	job.zero_a = p->a_zero + (job.flip_a ? DOT_SIGNED ? -FLIP : FLIP : 0);
	job.zero_b = p->b_zero - job.flip_b;
	job.gather = INT8_GATHERED || job.flip_a || p->k % DOT_GROUP || p->a[3] != 1;
#ifdef VEC_TILES
	rt_parallel(run, p->b0 * p->b1 * job.strips, tiled_units, &job);
#else
	rt_parallel(run, p->b0 * p->b1 * job.strips, units, &job);
#endif
}
