#include "kernel.h"
#include "kernel/winograd_block.h"
#include "kernel/winograd_direct.h"
#include "micro/winograd.h"

/* A block of squares goes through four steps, all of them in a unit's own scratch, which is meant to stay in the
 * second-level cache: the part of the picture that it sees, with zeros around it; the inputs transformed, one plane for
 * each of the 36 products; for some output channels at a time the products of planes, and these transformed back. */
enum {
	PLANES = RT_WINOGRAD_PLANES,
	COLUMNS = RT_WINOGRAD_PANELS * RT_PANEL,
	STREAM_FLOATS = 1 << 20, /* outputs that are too many for a cache */
};

/* A plane of the transformed weights of the group of panels that this one belongs to. */
static float *weight_plane(const struct job *job, int32_t panel, int32_t plane)
{
	return job->planes + ((size_t)(panel / RT_WINOGRAD_PANELS) * PLANES + (size_t)plane) * job->layout.w_plane;
}

/* One unit is a channel of a panel. */
static void transform_weights(void *data, int32_t unit, int32_t end)
{
	const struct job *job = data;
	int32_t c = job->p->c, rows = stored_rows(job->p->w_type, c);
	float taps[9 * RT_PANEL];

	for (; unit < end; unit++) {
		for (int32_t t = 0; t < 9; t++)
			load_row(taps + t * RT_PANEL, job->p->w_type, job->w, ((ptrdiff_t)(unit / c) * 9 + t) * rows + unit % c);
		int32_t panel = unit / c;
		float *to = weight_plane(job, panel, 0) + (panel % RT_WINOGRAD_PANELS * c + unit % c) * RT_PANEL;
		for (int32_t j = 0; j < RT_PANEL; j += LANES)
			winograd_weights(to + j, (ptrdiff_t)job->layout.w_plane, taps + j, RT_PANEL);
	}
}

/* picture: what the block sees, rows `line` floats apart. */
static void transform_inputs(const struct block *at, const struct job *job, const float *picture, ptrdiff_t line)
{
	ptrdiff_t channels = (ptrdiff_t)job->layout.channels, plane = (ptrdiff_t)job->layout.x_plane;

	for (int32_t i = 0; i < at->tiles_h; i++)
		for (int32_t j = 0; j < at->tiles_w; j++) {
			const float *from = picture + RT_WINOGRAD_OUT * (i * line + j * channels);
			float *to = at->inputs + (i * at->tiles_w + j) * channels;
			for (ptrdiff_t k = 0; k < channels; k += LANES)
				winograd_inputs(to + k, plane, from + k, line, channels);
		}
}

/* The planes of the outputs, for the panels from `panel` on. */
static void multiply(const struct block *at, const struct job *job, int32_t panel, int32_t panels)
{
	int32_t tiles = at->tiles_h * at->tiles_w, c = job->p->c;
	const float *rows[TILE_BLOCK];
	struct tile tile = { .ldc = COLUMNS,
		.next_c = RT_PANEL,
		.rows = rows,
		.step = 1,
		.segments = 1,
		.depth = c,
		.next_w = (ptrdiff_t)c * RT_PANEL,
		.fresh = true };

	for (int32_t plane = 0; plane < PLANES; plane++) {
		for (int32_t i = 0; i < tiles; i++)
			rows[i] = at->inputs + (size_t)plane * job->layout.x_plane + (size_t)i * job->layout.channels;
		tile_pad(rows, tiles);
		tile.c = at->shared + (size_t)plane * job->layout.y_plane;
		tile.w = weight_plane(job, panel, plane);
		tile_block(&tile, tiles, panels);
	}
}

/* Adds the bias to a square of 4 x 4 outputs, activates and pools them. What is usual stays in registers. */
VEC_INLINE void finish(const struct rt_winograd *p, vec square[16], vec bias)
{
	vec least = v_set(p->act == RT_RELU ? 0.0f : -INFINITY);
	float plain[16 * LANES];

#pragma GCC unroll 16
	for (int i = 0; i < 16; i++)
		square[i] = v_max(least, v_add(square[i], bias));
	if (p->act != RT_RELU && p->act != RT_ACT_NONE) {
		for (int i = 0; i < 16; i++)
			v_store(plain + i * LANES, square[i]);
		activate(plain, 16 * LANES, p->act, p->slope);
		for (int i = 0; i < 16; i++)
			square[i] = v_load(plain + i * LANES);
	}
	if (p->pool != 2)
		return;
#pragma GCC unroll 4
	for (int i = 0; i < 4; i++) {
		const vec *window = square + i / 2 * 8 + i % 2 * 2;
		square[i] = v_max(v_max(window[0], window[1]), v_max(window[4], window[5]));
	}
}

/* Stores pixels of a square whose first is (top, left), columns.. of y; those outside of y are dropped. */
static void store(const struct job *job, int32_t n, int32_t top, int32_t left, int32_t first, float pixels[][COLUMNS])
{
	const struct rt_winograd *p = job->p;
	int32_t size = p->pool == 2 ? 2 : 1, oh = p->oh / size, ow = p->ow / size, side = RT_WINOGRAD_OUT / size;
	int32_t columns = p->oc - first < COLUMNS ? p->oc - first : COLUMNS;

	top /= size;
	left /= size;
	for (int32_t i = 0; i < side && top + i < oh; i++)
		for (int32_t j = 0; j < side && left + j < ow; j++) {
			ptrdiff_t to = (((ptrdiff_t)n * oh + top + i) * ow + left + j) * p->oc + first;
			const float *from = pixels[i * side + j];
			if (!job->stream)
				store_floats(element_to(job->y, p->y_type, to), from, p->y_type, 1, columns);
			for (int32_t k = 0; job->stream && k < columns; k += LANES)
				v_stream((float *)job->y + to + k, v_load(from + k));
		}
}

static void transform_outputs(const struct block *at, const struct job *job, int32_t panel)
{
	static const float zeros[COLUMNS];
	int32_t first = panel * RT_PANEL, columns = (job->p->oc - first + RT_PANEL - 1) / RT_PANEL * RT_PANEL;
	int32_t pixels = job->p->pool == 2 ? 4 : 16;
	const float *bias = job->bias ? job->bias + first : zeros;
	float square[16][COLUMNS];
	vec out[16];

	for (int32_t tile = 0; tile < at->tiles_h * at->tiles_w; tile++) {
		const float *from = at->shared + (ptrdiff_t)tile * COLUMNS;
		for (int32_t j = 0; j < columns && j < COLUMNS; j += LANES) {
			winograd_outputs(out, from + j, (ptrdiff_t)job->layout.y_plane);
			finish(job->p, out, v_load(bias + j));
			for (int i = 0; i < pixels; i++)
				v_store(square[i] + j, out[i]);
		}
		store(job, at->n, at->top + tile / at->tiles_w * RT_WINOGRAD_OUT,
			at->left + tile % at->tiles_w * RT_WINOGRAD_OUT, first, square);
	}
}

/* Transforms what the block sees, from where it is when that needs neither conversion nor zeros around it. */
static void take_inputs(const struct job *job, const struct block *at)
{
	const struct rt_winograd *p = job->p;
	ptrdiff_t channels = (ptrdiff_t)job->layout.channels, top = at->top - p->pad_top, left = at->left - p->pad_left;
	bool inside = top >= 0 && left >= 0 && top + at->rows <= p->h && left + at->columns <= p->w;

	if (inside && !p->head_c && p->x_type == RT_F32 && channels == p->c) {
		const float *x = job->x;
		transform_inputs(at, job, x + ((at->n * (ptrdiff_t)p->h + top) * p->w + left) * p->c, (ptrdiff_t)p->w * p->c);
		return;
	}
	take_part(at->shared, RT_F32, (int32_t)channels, at, job);
	transform_inputs(at, job, at->shared, at->columns * channels);
}

static void compute(const struct job *job, const struct block *at)
{
	int32_t panels = (job->p->oc + RT_PANEL - 1) / RT_PANEL;

	take_inputs(job, at);
	for (int32_t panel = 0; panel < panels; panel += RT_WINOGRAD_PANELS) {
		multiply(at, job, panel, panels - panel < RT_WINOGRAD_PANELS ? panels - panel : RT_WINOGRAD_PANELS);
		transform_outputs(at, job, panel);
	}
}

/* A unit is a run of blocks, with a slot of scratch of its own. */
static void units(void *data, int32_t unit, int32_t end)
{
	const struct job *job = data;
	int64_t blocks = (int64_t)job->p->n * job->down * job->across;

	for (; unit < end; unit++) {
		float *slot = job->slots + (size_t)unit * job->layout.slot;
		for (int64_t i = blocks * unit / job->p->slots; i < blocks * (unit + 1) / job->p->slots; i++) {
			struct block at = place(job, (int32_t)i, slot);
			job->compute(job, &at);
		}
	}
	v_stream_end();
}

#ifdef VEC_TILES
static void direct_units(void *data, int32_t unit, int32_t end)
{
	struct job job = *(const struct job *)data;
	struct tiles tiles;

	job.compute = compute_directly;
	job.tiles = &tiles;
	tiles_begin(&tiles);
	units(&job, unit, end);
	tiles_end(&tiles);
}
#endif

/* Outputs that no cache holds until they are read should go past the caches: their lines are then not fetched before
 * they are written, which took a fifth of the time of a layer of 240 x 320 x 64 (asking for them early does not help).
 * They must consist of whole lines. */
static bool should_stream(const struct rt_winograd *p, const void *y)
{
	int32_t size = p->pool == 2 ? 2 : 1;
	int64_t pixels = (int64_t)p->n * (p->oh / size) * (p->ow / size);

	return p->y_type == RT_F32 && p->oc % RT_PANEL == 0 && (uintptr_t)y % RT_ALIGN == 0 &&
		   pixels * p->oc >= STREAM_FLOATS;
}

KERNEL(winograd,
	(void *y, const void *x, const void *w, const void *bias, const void *head_w, const void *head_bias, void *scratch))
{
	struct job job = { .p = p,
		.layout = rt_winograd_layout(p),
		.y = y,
		.x = x,
		.w = w,
		.bias = bias,
		.head_bias = head_bias,
		.planes = scratch,
		.compute = compute };
	int32_t panels = (p->oc + RT_PANEL - 1) / RT_PANEL, head_panels = (int32_t)job.layout.channels / RT_PANEL;
	ptrdiff_t head_panel = (ptrdiff_t)9 * stored_rows(p->w_type, p->head_c) * RT_PANEL;
	float *head_floats = weight_plane(&job, panels + RT_WINOGRAD_PANELS - 1, 0);

	job.stream = should_stream(p, y);
	job.slots = head_floats + job.layout.head_w;
	job.down = (p->oh + p->tiles_h * RT_WINOGRAD_OUT - 1) / (p->tiles_h * RT_WINOGRAD_OUT);
	job.across = (p->ow + p->tiles_w * RT_WINOGRAD_OUT - 1) / (p->tiles_w * RT_WINOGRAD_OUT);
	if (p->head_c)
		job.head_floats = stage_panels(p->w_type, head_w, 0, &head_panel, head_panels, 9, p->head_c, head_floats);
#ifdef VEC_TILES
	if (p->w_type == RT_BF16) {
		rt_parallel(run, p->slots, direct_units, &job);
		return;
	}
#endif
	rt_parallel(run, panels * p->c, transform_weights, &job);
	rt_parallel(run, p->slots, units, &job);
}
