/* Changing an ONNX file and writing it again. What is not changed stays as it is in the file, symbolic dimensions and
 * unknown fields included. A node is named by the gluec node that was read from it: the same operator, name and first
 * output. Everything lives in the arena in which the file was opened. */
#ifndef ONNX_WRITER_H
#define ONNX_WRITER_H

#include "gluec.h"

struct onnx_file;

/* Reads the file at c->set.model, which read_model must have found sound. Fails when its operator set has no
 * QuantizeLinear for each channel (before version 13). */
struct onnx_file *onnx_file_open(struct ctx *c);

/* Is there exactly one such node, outside of functions and of the bodies of loops? The functions below want one. */
bool onnx_file_has(const struct onnx_file *f, const struct node *n);

/* Input i of n, which must not be an initialiser, is read through QuantizeLinear to u8 and DequantizeLinear (ONNX 13).
 * All inputs with the file's same name share one QuantizeLinear, and one DequantizeLinear in each graph. Where a
 * MaxPool makes the input and nothing else reads what it pools, that goes through such a pair as well, which changes
 * no number: the maximum of rounded numbers is the rounded maximum. */
void onnx_file_quantize(struct onnx_file *f, const struct node *n, int i, float scale, uint8_t zero);

/* Constants for onnx_file_replace. */
struct onnx_constant {
	enum rt_type type; /* i8 or i32 behind DequantizeLinear, or f32 as it is */
	int rank;
	const int64_t *dim;
	const void *data;
	int axis;           /* for integers: dim[axis] scales, whose zero points are 0 */
	const float *scale; /* NULL for f32 */
};

/* Input i of n (of any number, behind those there are) becomes a constant. What nobody reads any more is removed. */
void onnx_file_replace(struct onnx_file *f, const struct node *n, int i, const struct onnx_constant *constant);

/* Writes the file at once: whole or not at all. */
void onnx_file_write(struct onnx_file *f, const char *path);

#endif
