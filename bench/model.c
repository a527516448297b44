/* A contestant that runs a model, or two models on a pair of pictures. It is linked once with each runtime.
 *
 * usage: model [--threads N] [--isa NAME] run MODEL NAME=AxBxC:FILE ...
 *        model [--threads N] [--isa NAME] pair SUPERPOINT LIGHTGLUE K HEIGHTxWIDTH A B
 * Files hold floats, nothing else: see input.c. A pair of grey pictures goes through SuperPoint one after the other,
 * and what is found through LightGlue. */
#include "bench.h"
#include "engine.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct pair {
	struct engine extract, match;
	float *picture[2];
};

static int64_t number(const char *text, const char **end)
{
	char *stop;
	errno = 0;
	long long n = strtoll(text, &stop, 10);

	if (stop == text || errno || n < 1 || n > INT32_MAX)
		die("'%s' is no size", text);
	*end = stop;
	return n;
}

static void read_floats(const char *file, float *to, size_t n)
{
	FILE *f = fopen(file, "rb");

	if (!f || fread(to, sizeof *to, n, f) != n || fgetc(f) != EOF)
		die("%s: not a file of %zu floats", file, n);
	fclose(f);
}

/* NAME=AxBxC:FILE. Returns FILE. */
static const char *read_spec(const char *text, struct engine_tensor *t)
{
	size_t name = strcspn(text, "=");
	const char *at = text + name;

	*t = (struct engine_tensor){ .type = ENGINE_F32 };
	if (!*at || name >= sizeof t->name)
		die("'%s' is not NAME=AxBxC:FILE", text);
	memcpy(t->name, text, name);
	do {
		if (t->rank == ENGINE_RANK)
			die("'%s' has too many dimensions", text);
		t->dim[t->rank++] = number(at + 1, &at);
	} while (*at == 'x');
	if (*at != ':')
		die("'%s' is not NAME=AxBxC:FILE", text);
	return at + 1;
}

static void write_tensor(const struct engine_tensor *t, FILE *to)
{
	for (size_t i = 0; i < engine_elements(t); i++) {
		float x = (float)engine_element(t, i);
		fwrite(&x, sizeof x, 1, to);
	}
}

static void write_outputs(const struct engine *e, FILE *to)
{
	for (int i = 0; i < e->outputs; i++)
		write_tensor(&e->output[i], to);
}

static void run_model(void *user)
{
	engine_run(user);
}

static void write_model(void *user, FILE *to)
{
	write_outputs(user, to);
}

static int serve_model(const struct engine_options *options, int n, char **words)
{
	struct engine_tensor input[ENGINE_TENSORS];
	const char *file[ENGINE_TENSORS];
	struct engine e;

	if (n < 2 || n > ENGINE_TENSORS)
		die("run MODEL NAME=AxBxC:FILE ...");
	for (int i = 1; i < n; i++)
		file[i - 1] = read_spec(words[i], &input[i - 1]);
	engine_open(&e, words[0], options, n - 1, input);
	for (int i = 0; i < n - 1; i++)
		read_floats(file[i], e.input[i].data, engine_elements(&e.input[i]));
	return contestant_serve(&(struct contestant){ e.version, 0, run_model, write_model, &e });
}

/* Keypoints go from pixels to -1..1 as models/example/matcher.c has them. */
static void run_pair(void *user)
{
	struct pair *p = user;
	const struct engine_tensor *image = &p->extract.input[0];
	float *place = p->match.input[0].data, *descriptor = p->match.input[1].data;
	size_t places = engine_elements(&p->match.input[0]) / 2, features = engine_elements(&p->match.input[1]) / 2;

	for (size_t which = 0; which < 2; which++) {
		memcpy(image->data, p->picture[which], engine_elements(image) * sizeof(float));
		engine_run(&p->extract);
		const struct engine_tensor *keypoints = engine_output(&p->extract, "keypoints");
		const struct engine_tensor *found = engine_output(&p->extract, "descriptors");
		if (engine_elements(keypoints) != places || engine_elements(found) != features)
			die("SuperPoint finds another number of keypoints than LightGlue takes");
		for (size_t i = 0; i < places; i++)
			place[which * places + i] = 2 * (float)engine_element(keypoints, i) / (float)image->dim[i % 2 ? 2 : 3] - 1;
		memcpy(descriptor + which * features, found->data, features * sizeof(float));
	}
	engine_run(&p->match);
}

static void write_pair(void *user, FILE *to)
{
	struct pair *p = user;

	write_outputs(&p->match, to);
}

static int serve_pair(const struct engine_options *options, int n, char **words)
{
	struct pair p;
	const char *end;

	if (n != 6)
		die("pair SUPERPOINT LIGHTGLUE K HEIGHTxWIDTH A B");
	int64_t k = number(words[2], &end), height = number(words[3], &end);
	if (*end != 'x')
		die("'%s' is not HEIGHTxWIDTH", words[3]);
	int64_t width = number(end + 1, &end);
	const struct engine_tensor image = { "image", ENGINE_F32, 4, { 1, 1, height, width }, NULL };
	const struct engine_tensor points[2] = { { "keypoints", ENGINE_F32, 3, { 2, k, 2 }, NULL },
		{ "descriptors", ENGINE_F32, 3, { 2, k, 256 }, NULL } };

	engine_open(&p.extract, words[0], options, 1, &image);
	engine_open(&p.match, words[1], options, 2, points);
	for (int i = 0; i < 2; i++) {
		p.picture[i] = bench_memory((size_t)(width * height), sizeof(float));
		read_floats(words[4 + i], p.picture[i], (size_t)(width * height));
	}
	return contestant_serve(&(struct contestant){ p.match.version, 0, run_pair, write_pair, &p });
}

int main(int argc, char **argv)
{
	struct engine_options options = { .threads = 1 };
	const char *end;
	int i = 1;

	for (; i + 1 < argc && argv[i][0] == '-'; i += 2) {
		if (!strcmp(argv[i], "--threads"))
			options.threads = (int)number(argv[i + 1], &end);
		else if (!strcmp(argv[i], "--isa"))
			options.isa = argv[i + 1];
		else
			die("unknown option '%s'", argv[i]);
	}
	if (i < argc && !strcmp(argv[i], "run"))
		return serve_model(&options, argc - i - 1, argv + i + 1);
	if (i < argc && !strcmp(argv[i], "pair"))
		return serve_pair(&options, argc - i - 1, argv + i + 1);
	die("run MODEL ..., or pair SUPERPOINT LIGHTGLUE ...");
}
