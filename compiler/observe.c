/* Running a model on data to see what its values are. */
#include "observe.h"
#include "attempt.h"
#include "dataset.h"
#include "image.h"
#include "interpret.h"
#include "isa.h"
#include "progress.h"
#include "seen.h"
#include "watch.h"
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- watching */

/* What has been seen of all values of a graph. */
struct watched {
	struct seen seen;
	struct watch watch;
	struct watched *next;
};

static void look(const struct value *v, const float *x, const float *beside)
{
	struct seen *s = v->watch->user;
	float low = INFINITY, high = -INFINITY;
	int64_t n = value_elements(v), nonzero = 0, tiny = 0;
	(void)beside;

	/* Comparisons leave out NaN. */
	for (int64_t i = 0; i < n; i++) {
		float magnitude = fabsf(x[i]);
		low = x[i] < low ? x[i] : low;
		high = x[i] > high ? x[i] : high;
		nonzero += magnitude > 0;
		tiny += magnitude > 0 && magnitude < (float)HALF_SMALLEST;
	}
	const struct seen one = { v->name, s->node, (double)low, (double)high, (double)nonzero, (double)tiny };
	seen_join(s, &one);
}

/* What is behind the used elements of a value whose length depends on the data is nobody's. */
static void watch_value(struct ctx *c, struct value *v, const char *node, struct watched **list)
{
	if (!v || v->data || !is_float_type(v->type) || v->count)
		return;
	struct watched *w = NEW(c, struct watched, 1);
	w->seen = (struct seen){ v->name, node, INFINITY, -INFINITY, 0, 0 };
	w->watch = (struct watch){ .look = look, .user = &w->seen };
	w->next = *list;
	*list = w;
	v->watch = &w->watch;
}

static void watch_graph(struct ctx *c, struct graph *g, struct watched **list)
{
	struct graph *inner[8];

	for (struct node *n = g->first; n; n = n->next) {
		for (int i = 0; i < n->n_out; i++)
			watch_value(c, n->out[i], n->name, list);
		for (int i = node_graphs(n, inner, 8); i-- > 0;)
			watch_graph(c, inner[i], list);
	}
}

static struct watched *watch_all(struct ctx *c)
{
	struct watched *list = NULL;

	for (int i = 0; i < c->graph->n_inputs; i++)
		watch_value(c, c->graph->inputs[i], "", &list);
	watch_graph(c, c->graph, &list);
	return list;
}

/* Values of branches that were not taken, and empty ones, were not seen. */
static void write_all(const struct watched *list, FILE *to)
{
	for (; list; list = list->next)
		if (list->seen.low <= list->seen.high)
			write_seen(to, &list->seen);
}

static void run(struct ctx *c, struct value *const *inputs)
{
	const char *asked = asked_isa();

	c->isa = asked ? need_isa(c, "GLUEC_ISA", asked) : rt_select(NULL);
	interpret(c, inputs);
	c->isa = 0;
}

/* ---- data sets */

struct observation {
	const char *path;
	FILE *to;
};

static void observe_set(struct ctx *c, void *user)
{
	const struct observation *o = user;
	struct dataset *d = specialize_for(c, o->path);
	const struct watched *list = watch_all(c);

	progress(c, arena_text(c, "looking at %s", o->path));
	run(c, d->inputs);
	write_all(list, o->to);
}

void observe_dataset(struct ctx *c, const char *path, FILE *to)
{
	struct observation o = { path, to };

	with_own_memory(c, observe_set, &o);
}

/* ---- pictures */

static int by_name(const void *a, const void *b)
{
	return strverscmp(*(const char *const *)a, *(const char *const *)b);
}

static int find_pictures(struct ctx *c, const char *folder, const char ***list)
{
	DIR *dir = opendir(folder);
	int n = 0;

	*list = NULL;
	if (!dir)
		fail(c, IO_FAILED, "%.300s: %s", folder, strerror(errno));
	for (const struct dirent *entry; (entry = readdir(dir));) {
		size_t length = strlen(entry->d_name);
		if (length < 5 || strcasecmp(entry->d_name + length - 4, ".png"))
			continue;
		if ((n & (n - 1)) == 0) {
			const char **more = NEW(c, const char *, n ? 2 * (size_t)n : 1);
			if (n)
				memcpy(more, *list, (size_t)n * sizeof *more);
			*list = more;
		}
		(*list)[n++] = arena_text(c, "%s/%s", folder, entry->d_name);
	}
	closedir(dir);
	if (!n)
		fail(c, IO_FAILED, "%.300s: holds no PNG files", folder);
	qsort(*list, (size_t)n, sizeof **list, by_name);
	return n;
}

/* The middle of a picture as channels [channel][h][w] in 0..1. */
static void cut_middle(const struct picture *p, int64_t channels, int64_t h, int64_t w, float *to)
{
	for (int64_t y = 0; y < h; y++)
		for (int64_t x = 0; x < w; x++) {
			const uint8_t *rgb = p->rgb + 3 * ((y + (p->height - h) / 2) * p->width + x + (p->width - w) / 2);
			int grey = (299 * rgb[0] + 587 * rgb[1] + 114 * rgb[2] + 500) / 1000;
			for (int64_t i = 0; i < channels; i++)
				to[(i * h + y) * w + x] = (float)(channels == 1 ? grey : rgb[i]) / 255;
		}
}

static void read_picture(struct ctx *c, const char *file, int64_t channels, int64_t h, int64_t w, float *to)
{
	struct problem problem;
	struct picture p;

	if (!picture_read(file, &p, &problem))
		fail(c, problem.outcome == OUTCOME_IO ? IO_FAILED : UNUSABLE_MODEL, "%.500s", problem.text);
	bool fits = p.width >= w && p.height >= h;
	int width = p.width, height = p.height;
	if (fits)
		cut_middle(&p, channels, h, w, to);
	picture_free(&p);
	if (!fits)
		fail(c, UNUSABLE_MODEL, "%.300s: its %d x %d pixels are fewer than the model's %lld x %lld", file, width,
			height, (long long)w, (long long)h);
}

static const struct value *need_picture_input(struct ctx *c)
{
	const struct graph *g = c->graph;
	const struct value *v = g->n_inputs == 1 ? g->inputs[0] : NULL;

	if (!v || v->rank != 4 || (v->dim[1] != 1 && v->dim[1] != 3) || v->type != RT_F32 || !value_elements(v))
		fail_model(c,
			"--images: the model must have one input f32[n,1,h,w] or f32[n,3,h,w]; give --data with the inputs "
			"as tensor files instead");
	return v;
}

static void observe_folder(struct ctx *c, void *user)
{
	const struct observation *o = user;
	const char **files;
	int n = find_pictures(c, o->path, &files);

	load_model(c);
	const struct value *v = need_picture_input(c);
	const struct watched *list = watch_all(c);
	int64_t images = v->dim[0], size = value_elements(v) / images;
	float *data = NEW(c, float, (size_t)value_elements(v));
	struct value *input = value_constant(c, v->name, RT_F32, v->rank, v->dim, data);
	/* The last ones are filled up with the first. */
	for (int first = 0; first < n; first += (int)images) {
		progress(c, arena_text(c, "looking at %s", files[first]));
		for (int64_t i = 0; i < images; i++)
			read_picture(c, files[(first + i) % n], v->dim[1], v->dim[2], v->dim[3], data + i * size);
		run(c, &input);
	}
	write_all(list, o->to);
}

void observe_pictures(struct ctx *c, const char *folder, FILE *to)
{
	struct observation o = { folder, to };

	with_own_memory(c, observe_folder, &o);
}
