/* ONNX files for tests: a graph in memory as a model, which a test may damage before it writes it. */
#ifndef MODEL_FILE_H
#define MODEL_FILE_H

#include "op_test.h"
#include "onnx.pb-c.h"

/* The graph as protobuf's structures, in the arena; constants become initialisers with raw data. */
Onnx__ModelProto *model_proto(struct ctx *c, const struct graph *g);
void model_write(struct ctx *c, const Onnx__ModelProto *m, const char *path);

/* A file or folder in a new temporary folder, which model_end removes with everything in it. */
const char *temporary_path(struct ctx *c, const char *name);
void model_end(struct op_test *t);

/* read_onnx, for attempt. */
void read_path(struct ctx *c, void *path);
/* The model written to a file and read into a run of its own, which must end as expected. */
struct op_test read_back(struct op_test *t, const Onnx__ModelProto *m, enum status expected);

/* The contents of a file as text in the arena. */
char *file_text(struct ctx *c, const char *path);

#endif
