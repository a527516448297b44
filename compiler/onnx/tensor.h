/* Tensors as ONNX stores them: initialisers, and the input_N.pb and output_N.pb files of test data sets. */
#ifndef TENSOR_H
#define TENSOR_H

#include "gluec.h"

/* Reads a whole regular file into the arena; fails with IO_FAILED. */
uint8_t *read_file(struct ctx *c, const char *path, size_t *bytes);

/* Reads and writes a file that holds one TensorProto. Messages name the file. */
struct value *read_tensor_file(struct ctx *c, const char *path);
void write_tensor_file(struct ctx *c, const char *path, const char *name, enum rt_type type, int rank,
	const int64_t *dim, const void *data);

#endif
