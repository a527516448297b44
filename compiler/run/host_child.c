/* What the children of host.c and host_time.c do alike. Nothing is freed: the children end when their work is done. */
#include "host_child.h"
#include "base/child.h"
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

const struct gluec_model *child_load(const struct host *h)
{
	char symbol[HOST_NAME + 8];
	const struct gluec_model *(*describe)(void) = NULL;
	void *library = dlopen(h->library, RTLD_NOW | RTLD_LOCAL);

	if (!library)
		child_fail("cannot be loaded: %s", dlerror());
	snprintf(symbol, sizeof symbol, "%s_model", h->name);
	void *found = dlsym(library, symbol);
	if (!found)
		child_fail("has no function %s", symbol);
	/* POSIX lets a data pointer from dlsym be a function's; ISO C has no conversion for it. */
	memcpy(&describe, &found, sizeof describe);
	return describe();
}

static size_t round_up(size_t n, size_t to)
{
	return (n + to - 1) / to * to;
}

/* Memory whose last byte, but for alignment, is the last that may be touched. */
static void *guarded(size_t bytes, size_t align, const void *contents)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), whole = round_up(bytes, page);
	char *p = mmap(NULL, whole + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED || mprotect(p + whole, page, PROT_NONE))
		child_fail("needs %zu bytes, which there are not", bytes);
	char *start = p + whole - round_up(bytes, align);
	if (contents) {
		memcpy(start, contents, bytes);
		if (whole && mprotect(p, whole, PROT_READ))
			child_fail("could not be given read-only inputs");
	}
	return start;
}

static void *plain(size_t bytes, const void *contents)
{
	void *p = aligned_alloc(RT_ALIGN, round_up(bytes + 1, RT_ALIGN));

	if (!p)
		child_fail("needs %zu bytes, which there are not", bytes);
	if (contents)
		memcpy(p, contents, bytes);
	else
		memset(p, 0, bytes);
	return p;
}

static void **pointers(int n)
{
	void **p = calloc((size_t)n + 1, sizeof *p);

	if (!p)
		child_fail("ran out of memory");
	return p;
}

struct child_memory child_guarded_memory(const struct host *h, const void *const *inputs)
{
	struct child_memory m = { pointers(h->inputs), pointers(h->outputs), guarded(h->arena_bytes, RT_ALIGN, NULL) };

	for (int i = 0; i < h->inputs; i++)
		m.inputs[i] = guarded(h->input[i].bytes, rt_type_size(h->input[i].type), inputs[i]);
	for (int i = 0; i < h->outputs; i++)
		m.outputs[i] = guarded(h->output[i].bytes, rt_type_size(h->output[i].type), NULL);
	return m;
}

struct child_memory child_plain_memory(const struct host *h, const void *const *inputs)
{
	struct child_memory m = { pointers(h->inputs), pointers(h->outputs), plain(h->arena_bytes, NULL) };

	for (int i = 0; i < h->inputs; i++)
		m.inputs[i] = plain(h->input[i].bytes, inputs[i]);
	for (int i = 0; i < h->outputs; i++)
		m.outputs[i] = plain(h->output[i].bytes, NULL);
	return m;
}
