/* Memory for one run of the compiler: taken in blocks, given back all at once. */
#include "gluec.h"
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 1 << 20, ALIGN = 64 };

struct block_header {
	struct block_header *next;
	size_t used, size;
};

struct arena {
	struct block_header *blocks;
	size_t total;
};

struct arena *arena_new(void)
{
	return calloc(1, sizeof(struct arena));
}

void arena_free(struct arena *a)
{
	struct block_header *next;

	if (!a)
		return;
	for (struct block_header *b = a->blocks; b; b = next) {
		next = b->next;
		free(b);
	}
	free(a);
}

size_t arena_used(const struct arena *a)
{
	return a->total;
}

/* A large piece gets a block of its own behind the current one, so that the current one goes on being filled. */
static void *new_block(struct arena *a, size_t bytes)
{
	size_t size = (bytes > BLOCK / 4 ? bytes : BLOCK) + 2 * ALIGN;
	struct block_header *b = calloc(1, size);

	if (!b)
		return NULL;
	size_t start = ALIGN - (uintptr_t)b % ALIGN;
	b->used = (start < sizeof *b ? start + ALIGN : start) + bytes;
	b->size = size;
	a->total += size;
	if (a->blocks && bytes > BLOCK / 4) {
		b->next = a->blocks->next;
		a->blocks->next = b;
	} else {
		b->next = a->blocks;
		a->blocks = b;
	}
	return (char *)b + b->used - bytes;
}

void *arena_get(struct ctx *c, size_t count, size_t size)
{
	struct arena *a = c->arena;
	struct block_header *b = a->blocks;
	void *p = NULL;

	if (count <= (SIZE_MAX - 4 * (size_t)BLOCK) / (size ? size : 1)) {
		size_t bytes = (count * size + ALIGN - 1) / ALIGN * ALIGN;
		if (b && b->size - b->used >= bytes) {
			p = (char *)b + b->used;
			b->used += bytes;
		} else {
			p = new_block(a, bytes);
		}
	}
	if (!p)
		fail(c, IO_FAILED, "out of memory: %zu elements of %zu bytes", count, size);
	return p;
}

char *arena_text(struct ctx *c, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	int n = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	if (n < 0)
		fail(c, OUR_BUG, "cannot format '%s'", format);
	char *s = arena_get(c, (size_t)n + 1, 1);
	va_start(ap, format);
	vsnprintf(s, (size_t)n + 1, format, ap);
	va_end(ap);
	return s;
}
