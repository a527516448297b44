/* Where each buffer stands in the arena. Buffers live from the first call that writes them to the last that reads them;
 * two that live at the same time must not overlap. Largest first, each at the lowest offset that is free for its whole
 * life (greedy by size, Pisarchyk & Lee 2020). The two sides of a branch follow each other in time, so they use the
 * same memory, and the arena is the maximum over the branches. */
#include "lower.h"
#include <stdlib.h>

enum { UNUSED = -1 };

static size_t round_up(size_t n)
{
	return (n + RT_ALIGN - 1) / RT_ALIGN * RT_ALIGN;
}

/* Numbers the calls in execution order and notes each buffer's life. */
static void note_lives(struct block *block, int *time)
{
	for (struct call *call = block->first; call; call = call->next) {
		call->time = (*time)++;
		for (int i = 0; i < MAX_ARGUMENTS; i++) {
			struct buffer *own = call->argument[i].buffer, *b = buffer_root(own);
			if (!b)
				continue;
			if (b->first == UNUSED)
				b->first = call->time;
			b->last = call->time;
			own->reader = call;
		}
		if (!call->kernel) {
			note_lives(call->then_block, time);
			note_lives(call->else_block, time);
		}
	}
}

static void reset_lives(struct program *p)
{
	for (struct buffer *b = p->buffers; b; b = b->next)
		b->first = b->last = UNUSED;
}

static bool argument_is(const struct argument *a, const struct buffer *b)
{
	return buffer_root(a->buffer) == b;
}

/* Stores a call's result over an input that dies there, where the kernel allows it. */
static void share_in_place(struct call *call)
{
	struct buffer *y = buffer_root(call->argument[0].buffer);

	if (!y || y->kind != BUFFER_ARENA || y->first != call->time || call->argument[0].offset)
		return;
	for (int i = 1; i < MAX_ARGUMENTS; i++) {
		struct buffer *x = buffer_root(call->argument[i].buffer);
		bool alone = call->in_place >> i & 1 && x && x != y && x->kind == BUFFER_ARENA && x->last == call->time &&
					 x->bytes == y->bytes && !call->argument[i].offset;
		for (int k = 1; alone && k < MAX_ARGUMENTS; k++)
			alone = k == i || !argument_is(&call->argument[k], x);
		if (!alone)
			continue;
		x->last = y->last;
		merge_buffers(y, x);
		return;
	}
}

static void share_block(struct block *block)
{
	for (struct call *call = block->first; call; call = call->next) {
		if (call->kernel) {
			share_in_place(call);
			continue;
		}
		share_block(call->then_block);
		share_block(call->else_block);
	}
}

static int by_size(const void *a, const void *b)
{
	const struct buffer *x = *(struct buffer *const *)a, *y = *(struct buffer *const *)b;

	if (x->bytes != y->bytes)
		return x->bytes < y->bytes ? 1 : -1;
	return x->first != y->first ? x->first - y->first : x->serial - y->serial;
}

static int by_offset(const void *a, const void *b)
{
	const struct buffer *x = *(struct buffer *const *)a, *y = *(struct buffer *const *)b;

	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* The lowest offset at which b fits between those of `placed` (sorted by offset) that live when it does. */
static size_t lowest_free(const struct buffer *b, struct buffer *const *placed, size_t n)
{
	size_t at = 0;

	for (size_t i = 0; i < n; i++) {
		if (placed[i]->last < b->first || b->last < placed[i]->first)
			continue;
		if (placed[i]->offset >= at + round_up(b->bytes))
			break;
		size_t end = placed[i]->offset + round_up(placed[i]->bytes);
		at = end > at ? end : at;
	}
	return at;
}

static void place(struct program *p, struct buffer **all, size_t n)
{
	qsort(all, n, sizeof *all, by_size);
	for (size_t i = 0; i < n; i++) {
		all[i]->offset = lowest_free(all[i], all, i);
		size_t end = all[i]->offset + round_up(all[i]->bytes);
		p->arena_bytes = end > p->arena_bytes ? end : p->arena_bytes;
		/* Keep the placed ones in the order of their offsets for the next search. */
		for (size_t k = i; k > 0 && by_offset(&all[k - 1], &all[k]) > 0; k--) {
			struct buffer *other = all[k];
			all[k] = all[k - 1];
			all[k - 1] = other;
		}
	}
}

/* The most that lives at any one time: what no placement can go below. */
static size_t largest_live_set(struct buffer *const *all, size_t n, int calls)
{
	size_t most = 0;

	for (int t = 0; t < calls; t++) {
		size_t sum = 0;
		for (size_t i = 0; i < n; i++)
			if (all[i]->first <= t && t <= all[i]->last)
				sum += round_up(all[i]->bytes);
		most = sum > most ? sum : most;
	}
	return most;
}

static void place_weights(struct program *p)
{
	size_t at = 0;

	for (struct buffer *b = p->buffers; b; b = b->next)
		if (b->kind == BUFFER_WEIGHT && b->first != UNUSED) {
			b->offset = at;
			at += round_up(b->bytes);
		}
	p->weight_bytes = at;
}

void plan(struct ctx *c, struct program *p)
{
	size_t n = 0;
	int calls = 0;

	reset_lives(p);
	note_lives(p->main, &calls);
	share_block(p->main);
	for (struct buffer *b = p->buffers; b; b = b->next)
		n++;
	struct buffer **all = NEW(c, struct buffer *, n + 1);
	n = 0;
	for (struct buffer *b = p->buffers; b; b = b->next)
		if (b->kind == BUFFER_ARENA && !b->same && b->first != UNUSED)
			all[n++] = b;
	p->live_bytes = largest_live_set(all, n, calls);
	place(p, all, n);
	if (p->arena_bytes > (size_t)PTRDIFF_MAX / 2)
		fail_model(c, "it needs an arena of %zu bytes; bind smaller dimensions", p->arena_bytes);
	place_weights(p);
}
