/* The last step of conv2d_int8: sums are scaled, activated, pooled and stored. */
#ifndef CONV2D_INT8_STORE_H
#define CONV2D_INT8_STORE_H

#include "element.h"
#include "kernel/conv2d_int8_block.h"
#include "micro/act.h"

/* Where the sums of columns lie, and where their results go: `lines` lines of `places`, each of which is an output or
 * the largest of 2 x 2. Distances between sums count sums, those between results elements of y. */
struct results {
	const int32_t *sums; /* of the first pixel of the first place */
	int32_t lines, places, columns;
	ptrdiff_t place, line;   /* from the sums of a place to those of the next, and of the next line */
	ptrdiff_t beside, below; /* from the sums of a pixel to those of its neighbours in the same place */
	ptrdiff_t to, to_line;   /* the first result, and from a line to the next */
};

/* How results are made: act and window, the pixels that are pooled together, are known where this is inlined. */
struct finish {
	const int32_t *start; /* of the columns: see there */
	const float *scale, *bias;
	float step, low, high; /* as in the parameters */
	float slope;
	enum rt_act act;
	int32_t window;
	int32_t zero;      /* of results that are bytes */
	float least, most; /* what these can hold, less the zero */
};

/* The bytes that v would be rounded to, as multiples of the step between them. Cut off first, as in quantize_row. */
VEC_INLINE vec in_steps(const struct finish *how, vec v)
{
	return v_mul(v_round(v_min(v_max(v, v_set(how->low)), v_set(how->high))), v_set(how->step));
}

VEC_INLINE vec finished(const struct finish *how, vec v, int32_t j)
{
	if (how->step > 0)
		v = in_steps(how, v);
	return v_act(how->act, how->slope, v_add(v, v_load(how->bias + j)));
}

/* LANES results from column j on, of one place, whose sums start at c. What never makes the larger of two numbers the
 * smaller one comes after the maximum. */
VEC_INLINE vec result(const struct finish *how, const struct results *at, const int32_t *c, int32_t j)
{
	vec scale = v_load(how->scale + j), largest = v_set(0.0f);
	bool grows = how->act == RT_ACT_NONE || how->act == RT_RELU;

	for (int32_t i = 0; i < how->window; i++) {
		const int32_t *sums = c + i % 2 * at->beside + i / 2 * at->below + j;
		vec v = v_mul(v_of_sums(sums, how->start + j), scale);
		if (!grows)
			v = finished(how, v, j);
		largest = i ? v_max(largest, v) : v;
	}
	return grows ? finished(how, largest, j) : largest;
}

/* Rounds to bytes in the order of ONNX's QuantizeLinear, but what the type cannot hold is cut off first, so that a
 * number to be rounded is never large. */
VEC_INLINE void store_bytes(const struct finish *how, const struct results *at, const int32_t *c, uint8_t *y)
{
	vec low = v_set(how->least), high = v_set(how->most);
	int32_t j = 0;

	for (; j + LANES <= at->columns; j += LANES)
		v_store_bytes(y + j, v_min(v_max(result(how, at, c, j), low), high), how->zero);
	if (j < at->columns) {
		uint8_t last[LANES];
		v_store_bytes(last, v_min(v_max(result(how, at, c, j), low), high), how->zero);
		memcpy(y + j, last, (size_t)(at->columns - j));
	}
}

/* Floats of 32 bits are stored at once but for those that do not fill a vector. */
VEC_INLINE void store_row(
	const struct job *job, const struct finish *how, const struct results *at, const int32_t *c, ptrdiff_t to)
{
	enum rt_type type = job->p->y_type;
	float line[TILE_COLUMNS], residual[TILE_COLUMNS];
	int32_t n = at->columns, first = 0;

	for (; type == RT_F32 && first + LANES <= n; first += LANES) {
		vec v = result(how, at, c, first);
		if (job->residual)
			v = v_add(v, v_load((const float *)job->residual + to + first));
		v_store((float *)job->y + to + first, v);
	}
	if (first == n)
		return;
	for (int32_t j = first; j < n; j += LANES)
		v_store(line + j, result(how, at, c, j));
	if (job->residual) {
		load_floats(residual, element_at(job->residual, type, to + first), type, 1, n - first);
		for (int32_t j = first; j < n; j++)
			line[j] += residual[j - first];
	}
	store_floats(element_to(job->y, type, to + first), line + first, type, 1, n - first);
}

static void store_sums(const int32_t *start, const int32_t *c, int32_t n, int32_t *y)
{
	for (int32_t j = 0; j < n; j++)
		y[j] = (int32_t)((uint32_t)c[j] + (uint32_t)start[j]);
}

/* All places, when results are bytes. Everything is by value here: a store of bytes might change what is behind a
 * pointer, and it would be loaded again for each place. */
VEC_INLINE void store_places(uint8_t *y, ptrdiff_t next, const struct results at, const struct finish how)
{
	for (int32_t line = 0; line < at.lines; line++) {
		const int32_t *c = at.sums + line * at.line;
		uint8_t *to = y + at.to + line * at.to_line;
		for (int32_t i = 0; i < at.places; i++, c += at.place, to += next)
			store_bytes(&how, &at, c, to);
	}
}

/* The same when they are wider. */
VEC_INLINE void store_wide_places(
	const struct job *job, ptrdiff_t next, const struct results *at, const struct finish *how)
{
	for (int32_t line = 0; line < at->lines; line++) {
		const int32_t *c = at->sums + line * at->line;
		ptrdiff_t to = at->to + line * at->to_line;
		for (int32_t i = 0; i < at->places; i++, c += at->place, to += next) {
			if (job->p->y_type == RT_I32)
				store_sums(how->start, c, at->columns, (int32_t *)job->y + to);
			else
				store_row(job, how, at, c, to);
		}
	}
}

/* For the columns from number `from` on of those that were begun. */
static struct finish finish_of(const struct job *job, const struct columns *columns, int32_t from)
{
	const struct rt_conv2d_int8 *p = job->p;
	int32_t lowest = rt_is_byte(p->y_type) ? (int32_t)smallest_integer(p->y_type) - p->y_zero : 0;

	return (struct finish){ columns->start + from, columns->scale + from, columns->bias + from, p->step, (float)p->low,
		(float)p->high, p->slope, p->act, job->windows.size > 1 ? 4 : 1, p->y_zero, (float)lowest,
		(float)(lowest + UINT8_MAX) };
}

VEC_INLINE void store_as(const struct job *job, const struct results *at, const struct finish how)
{
	ptrdiff_t next = job->p->ldy ? job->p->ldy : job->p->oc;

	if (rt_is_byte(job->p->y_type))
		store_places(job->y, next, *at, how);
	else
		store_wide_places(job, next, at, &how);
}

/* The choice of what is common is made once, outside of the loops. */
static void store(const struct job *job, const struct results *at, struct finish how)
{
	if (how.act == RT_ACT_NONE && how.window == 1) {
		how.act = RT_ACT_NONE;
		how.window = 1;
		store_as(job, at, how);
	} else if (how.act == RT_RELU && how.window == 1) {
		how.act = RT_RELU;
		how.window = 1;
		store_as(job, at, how);
	} else if (how.act == RT_RELU) {
		how.act = RT_RELU;
		how.window = 4;
		store_as(job, at, how);
	} else {
		store_as(job, at, how);
	}
}

#ifdef VEC_TILES
/* All places of a panel of floats. Everything is by value, as above. */
VEC_INLINE void store_floats_of_panel(float *y, ptrdiff_t next, const struct results at, const struct finish how)
{
	for (int32_t line = 0; line < at.lines; line++) {
		const int32_t *c = at.sums + line * at.line;
		float *to = y + at.to + line * at.to_line;
		for (int32_t i = 0; i < at.places; i++, c += at.place, to += next)
			for (int32_t j = 0; j < RT_PANEL; j += LANES)
				v_store(to + j, result(&how, &at, c, j));
	}
}

/* A whole panel: what is common to its results stays in registers, as long as this is a function of its own. */
static __attribute__((noinline)) void store_panel(
	void *y, ptrdiff_t next, const struct results *to, const struct finish *from, bool bytes)
{
	struct results at = *to;
	struct finish how = *from;

	at.columns = RT_PANEL;
	how.step = 0;
	how.act = RT_ACT_NONE;
	how.window = 1;
	if (!bytes) {
		store_floats_of_panel(y, next, at, how);
	} else if (from->act == RT_ACT_NONE) {
		store_places(y, next, at, how);
	} else if (from->window == 1) {
		how.act = RT_RELU;
		store_places(y, next, at, how);
	} else {
		how.act = RT_RELU;
		how.window = 4;
		store_places(y, next, at, how);
	}
}

/* Does store_panel know how? */
static bool is_usual(const struct job *job, const struct finish *how)
{
	bool plain = how->act == RT_ACT_NONE && how->window == 1;

	if (job->p->y_type == RT_F32)
		return plain && !job->residual && how->step == 0;
	return rt_is_byte(job->p->y_type) && how->step == 0 && (plain || how->act == RT_RELU);
}
#endif

/* Stores all results; `from`: the number of their first column among those that were begun. Where tiles multiply, the
 * rest takes longer than the products, and is done a panel at a time if possible. */
static void store_results(const struct job *job, const struct columns *columns, int32_t from, struct results to)
{
	struct finish how = finish_of(job, columns, from);
#ifdef VEC_TILES
	ptrdiff_t next = job->p->ldy ? job->p->ldy : job->p->oc;
	bool bytes = rt_is_byte(job->p->y_type), usual = is_usual(job, &how);

	for (; usual && to.columns >= RT_PANEL; to.columns -= RT_PANEL) {
		store_panel(job->y, next, &to, &how, bytes);
		to.sums += RT_PANEL;
		to.to += RT_PANEL;
		how.start += RT_PANEL;
		how.scale += RT_PANEL;
		how.bias += RT_PANEL;
	}
#endif
	if (to.columns > 0)
		store(job, &to, how);
}

#endif
