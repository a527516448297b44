/* Writes the packed weights, the file that puts them into the object, and the list of them for review. */
#include "emit.h"
#include "base/out.h"
#include <sha256.h>
#include <string.h>

/* All weights as they stand in memory, gaps zero. */
static const unsigned char *image(struct ctx *c, const struct program *p)
{
	unsigned char *to = arena_get(c, p->weight_bytes + 1, 1);

	for (const struct buffer *b = p->buffers; b; b = b->next)
		if (b->kind == BUFFER_WEIGHT && b->first >= 0)
			memcpy(to + b->offset, b->data, b->bytes);
	return to;
}

uint64_t weights_digest(struct ctx *c, const struct program *p)
{
	return rt_digest(image(c, p), p->weight_bytes);
}

/* Sixteen digits of the SHA-256: enough to see that a tensor changed. */
static const char *digest(struct ctx *c, const void *data, size_t n)
{
	SHA2_CTX sha;
	uint8_t sum[SHA256_DIGEST_LENGTH];
	char *s = arena_get(c, 1, 17);

	SHA256Init(&sha);
	SHA256Update(&sha, data, n);
	SHA256Final(sum, &sha);
	for (int i = 0; i < 8; i++)
		sprintf(s + 2 * i, "%02x", sum[i]);
	return s;
}

static void write_list(struct ctx *c, const struct program *p, FILE *f)
{
	fprintf(f, "# %s.bin: tensor, type, shape as packed, offset, bytes, start of the SHA-256\n", c->set.name);
	for (const struct buffer *b = p->buffers; b; b = b->next)
		if (b->kind == BUFFER_WEIGHT && b->first >= 0)
			fprintf(f, "%s %s %s %zu %zu %s\n", b->symbol, b->type_name, b->shape, b->offset, b->bytes,
				digest(c, b->data, b->bytes));
}

static void write_assembly(struct ctx *c, FILE *f)
{
	const char *name = c->set.name;

	fprintf(f,
		"/* Puts %s.bin into the object. */\n"
		"\t.section .rodata\n"
		"\t.balign 64\n"
		"\t.globl %s_weights\n"
		"\t.hidden %s_weights\n"
		"%s_weights:\n"
		"\t.incbin \"%s.bin\"\n"
		"\t.byte 0\n"
		"\t.section .note.GNU-stack,\"\",%%progbits\n",
		name, name, name, name, name);
}

/* For toolchains whose assembler has no .incbin: the same bytes as a C array of words. */
static void write_array(struct ctx *c, const unsigned char *data, size_t n, FILE *f)
{
	fprintf(f,
		"/* The contents of %s.bin. */\n"
		"#include <stdint.h>\n\n"
		"__attribute__((visibility(\"hidden\"), aligned(64))) const uint32_t %s_weights[] = {",
		c->set.name, c->set.name);
	for (size_t i = 0; i < n; i += 4) {
		uint32_t word;
		memcpy(&word, data + i, 4);
		fprintf(f, "%s0x%08lx,", i % 32 ? " " : "\n\t", (unsigned long)word);
	}
	fputs(n ? "\n};\n" : " 0 };\n", f);
}

void write_weights(struct ctx *c, const struct program *p)
{
	const char *base = arena_text(c, "%s/%s", c->set.out_dir, c->set.name);
	const unsigned char *data = image(c, p);

	fwrite(data, 1, p->weight_bytes, output_stream(output_open(c, arena_text(c, "%s.bin", base))));
	if (c->set.weights_as_c)
		write_array(c, data, p->weight_bytes, output_stream(output_open(c, arena_text(c, "%s.weights.c", base))));
	else
		write_assembly(c, output_stream(output_open(c, arena_text(c, "%s.S", base))));
	write_list(c, p, output_stream(output_open(c, arena_text(c, "%s.weights.txt", base))));
}
