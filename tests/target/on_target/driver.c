/* Runs a model's object on the machine that it is for:
 *
 *     driver IN OUT
 *
 * IN holds the model's inputs, one behind the other as the C interface has them. For each instruction set of the object
 * that the machine has, the outputs go to the file OUT.ISA in the same way, and a line with its name to standard
 * output. The build defines MODEL as the object's function NAME_model. Exits with 1 and one line when anything fails.
 */
#include "abi.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct gluec_model *MODEL(void);

static _Noreturn void stop(const char *format, ...)
{
	va_list ap;

	fputs("driver: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(EXIT_FAILURE);
}

static void *get(size_t bytes)
{
	/* A multiple of the alignment, which aligned_alloc wants, and never nothing. */
	void *p = aligned_alloc(64, bytes / 64 * 64 + 64);

	if (!p)
		stop("out of memory");
	return p;
}

static void **get_tensors(const struct gluec_tensor *t, int n)
{
	void **list = get((size_t)n * sizeof *list);

	for (int i = 0; i < n; i++)
		list[i] = get(t[i].bytes);
	return list;
}

static void free_tensors(void **list, int n)
{
	for (int i = 0; i < n; i++)
		free(list[i]);
	free(list);
}

static void read_inputs(const struct gluec_model *m, const char *path, void **input)
{
	FILE *f = fopen(path, "rb");

	if (!f)
		stop("%s cannot be read", path);
	for (int i = 0; i < m->inputs; i++)
		if (fread(input[i], 1, m->input[i].bytes, f) != m->input[i].bytes)
			stop("%s is too short for input %s", path, m->input[i].name);
	if (fgetc(f) != EOF)
		stop("%s is longer than the inputs of %s", path, m->name);
	fclose(f);
}

static void write_outputs(const struct gluec_model *m, const char *path, void *const *output)
{
	FILE *f = fopen(path, "wb");

	if (!f)
		stop("%s cannot be written", path);
	for (int i = 0; i < m->outputs; i++)
		if (fwrite(output[i], 1, m->output[i].bytes, f) != m->output[i].bytes)
			stop("%s cannot be written", path);
	if (fclose(f))
		stop("%s cannot be written", path);
}

int main(int argc, char **argv)
{
	const struct gluec_model *m = MODEL();
	char path[4096];

	if (argc != 3)
		stop("it takes IN and OUT");
	if (m->init() != GLUEC_OK)
		stop("%s cannot be initialised", m->name);
	void **input = get_tensors(m->input, m->inputs), **output = get_tensors(m->output, m->outputs);
	void *arena = get(m->arena_bytes);
	read_inputs(m, argv[1], input);
	for (int i = 0; m->isa[i]; i++) {
		struct gluec_options options = { .isa = m->isa[i] };
		/* What an instruction set does not write must not look right because another one has written it. */
		memset(arena, 0xa5, m->arena_bytes);
		for (int k = 0; k < m->outputs; k++)
			memset(output[k], 0xa5, m->output[k].bytes);
		enum gluec_status status = m->run((const void *const *)input, output, arena, m->arena_bytes, &options);
		if (status == GLUEC_NO_SUCH_ISA)
			continue;
		if (status != GLUEC_OK)
			stop("%s with %s: status %d", m->name, m->isa[i], (int)status);
		if ((size_t)snprintf(path, sizeof path, "%s.%s", argv[2], m->isa[i]) >= sizeof path)
			stop("the name is too long: %s", argv[2]);
		write_outputs(m, path, output);
		puts(m->isa[i]);
	}
	free_tensors(input, m->inputs);
	free_tensors(output, m->outputs);
	free(arena);
	return EXIT_SUCCESS;
}
