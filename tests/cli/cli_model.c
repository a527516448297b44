/* Models and tensors for the tests of the command line, written byte by byte; field numbers are those of onnx.proto. */
#include "cli_test.h"
#include <stdlib.h>
#include <string.h>

static void put_byte(struct bytes *b, uint8_t byte)
{
	if (b->n == b->room) {
		b->room = b->room ? 2 * b->room : 256;
		b->data = realloc(b->data, b->room);
		ck_assert_ptr_nonnull(b->data);
	}
	b->data[b->n++] = byte;
}

static void put_varint(struct bytes *b, uint64_t x)
{
	for (; x > 127; x >>= 7)
		put_byte(b, (uint8_t)(x | 128));
	put_byte(b, (uint8_t)x);
}

void bytes_free(struct bytes *b)
{
	free(b->data);
	*b = (struct bytes){ NULL, 0, 0 };
}

void put_int(struct bytes *b, int field, int64_t x)
{
	put_varint(b, (uint64_t)field << 3);
	put_varint(b, (uint64_t)x);
}

void put_data(struct bytes *b, int field, const void *data, size_t n)
{
	put_varint(b, (uint64_t)field << 3 | 2);
	put_varint(b, n);
	for (size_t i = 0; i < n; i++)
		put_byte(b, ((const uint8_t *)data)[i]);
}

void put_text(struct bytes *b, int field, const char *s)
{
	put_data(b, field, s, strlen(s));
}

void put_message(struct bytes *b, int field, struct bytes *inner)
{
	put_data(b, field, inner->data, inner->n);
	bytes_free(inner);
}

void write_bytes(const char *path, const struct bytes *b)
{
	FILE *f = fopen(path, "wb");

	ck_assert_ptr_nonnull(f);
	if (b->n)
		ck_assert_uint_eq(fwrite(b->data, 1, b->n, f), b->n);
	ck_assert_int_eq(fclose(f), 0);
	free(b->data);
}

/* inputs are separated by blanks; "-" is an input that is left out. */
void graph_node(struct bytes *graph, const char *type, const char *inputs, const char *output)
{
	struct bytes node = { NULL, 0, 0 };
	char list[256], *rest = NULL;

	snprintf(list, sizeof list, "%s", inputs);
	for (char *name = strtok_r(list, " ", &rest); name; name = strtok_r(NULL, " ", &rest))
		put_text(&node, 1, strcmp(name, "-") ? name : "");
	put_text(&node, 2, output);
	put_text(&node, 4, type);
	put_message(graph, 1, &node);
}

void graph_input(struct bytes *graph, const char *name, enum rt_type type, int rank, const int64_t *dim)
{
	struct bytes shape = { NULL, 0, 0 }, tensor = { NULL, 0, 0 }, of_type = { NULL, 0, 0 }, value = { NULL, 0, 0 };

	for (int i = 0; i < rank; i++) {
		struct bytes one = { NULL, 0, 0 };
		if (dim[i] == -1)
			put_text(&one, 2, "n");
		else
			put_int(&one, 1, dim[i]);
		put_message(&shape, 1, &one);
	}
	put_int(&tensor, 1, type);
	put_message(&tensor, 2, &shape);
	put_message(&of_type, 1, &tensor);
	put_text(&value, 1, name);
	put_message(&value, 2, &of_type);
	put_message(graph, 11, &value);
}

void graph_output(struct bytes *graph, const char *name)
{
	struct bytes value = { NULL, 0, 0 };

	put_text(&value, 1, name);
	put_message(graph, 12, &value);
}

static struct bytes tensor_bytes(const char *name, enum rt_type type, int rank, const int64_t *dim, const void *data)
{
	struct bytes tensor = { NULL, 0, 0 };
	size_t n = rt_type_size(type);

	for (int i = 0; i < rank; i++) {
		put_int(&tensor, 1, dim[i]);
		n *= (size_t)dim[i];
	}
	put_int(&tensor, 2, type);
	put_text(&tensor, 8, name);
	put_data(&tensor, 9, data, n);
	return tensor;
}

void graph_constant(
	struct bytes *graph, const char *name, enum rt_type type, int rank, const int64_t *dim, const void *data)
{
	struct bytes tensor = tensor_bytes(name, type, rank, dim, data);

	put_message(graph, 5, &tensor);
}

void write_model_file(const char *path, struct bytes *graph)
{
	struct bytes model = { NULL, 0, 0 }, opset = { NULL, 0, 0 };

	put_int(&model, 1, 9);
	put_message(&model, 7, graph);
	put_int(&opset, 2, 20);
	put_message(&model, 8, &opset);
	write_bytes(path, &model);
}

void write_tensor(const char *path, const char *name, enum rt_type type, int rank, const int64_t *dim, const void *data)
{
	struct bytes tensor = tensor_bytes(name, type, rank, dim, data);

	write_bytes(path, &tensor);
}

void write_add_model(const char *path)
{
	struct bytes graph = { NULL, 0, 0 };

	graph_input(&graph, "x", RT_F32, 2, (int64_t[]){ -1, 2 });
	graph_constant(&graph, "offset", RT_F32, 1, (int64_t[]){ 2 }, (float[]){ 1, 2 });
	graph_node(&graph, "Add", "x offset", "y");
	graph_output(&graph, "y");
	write_model_file(path, &graph);
}
