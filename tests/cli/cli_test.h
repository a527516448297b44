/* What the tests of the command line share: running the gluec binary (its path is in the environment variable GLUEC,
 * build/gluec by default) as a user would, and writing small models and tensors byte by byte, valid or not. */
#ifndef CLI_TEST_H
#define CLI_TEST_H

#include "rt.h"
#include "suite.h"
#include <stdarg.h>
#include <stdio.h>

/* A folder for one test. gluec puts its temporary files into folder/tmp, which must be empty after each run. */
struct cli {
	char folder[64];
	const char *isa; /* GLUEC_ISA for the runs, or NULL */
};

struct cli *cli_open(void);
void cli_close(struct cli *t); /* removes the folder */
/* "folder/name", to be used at once: the next call but three overwrites it. */
const char *cli_path(struct cli *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A file's contents as text, to be freed. */
char *cli_read(const char *path);

struct cli_result {
	int code; /* exit code, 128 + N for signal N */
	char *out, *err;
};

/* Runs gluec with the arguments, which end with NULL, and checks that nothing is left in folder/tmp. The result's texts
 * live until the next run. */
const struct cli_result *cli_run(struct cli *t, ...) __attribute__((sentinel));
/* The same with an array, with standard output going to a file of one's choice when `out` is not NULL. */
const struct cli_result *cli_run_list(struct cli *t, const char *const *arguments, const char *out);

/* The run must have ended well and said nothing on standard error. */
void cli_succeeds(const struct cli_result *r);
/* The run must have ended with the code and one line on standard error, which contains `text`. */
void cli_fails(const struct cli_result *r, int code, const char *text);
/* Standard output must contain, or not contain, the text. */
void cli_says(const struct cli_result *r, const char *text);
void cli_does_not_say(const struct cli_result *r, const char *text);

/* A serialised protobuf message that grows. */
struct bytes {
	uint8_t *data;
	size_t n, room;
};

void bytes_free(struct bytes *b);
void put_int(struct bytes *b, int field, int64_t x);
void put_text(struct bytes *b, int field, const char *s);
void put_data(struct bytes *b, int field, const void *data, size_t n);
/* Appends inner as a message and frees it. */
void put_message(struct bytes *b, int field, struct bytes *inner);
void write_bytes(const char *path, const struct bytes *b); /* frees b */

/* The parts of a model. A dimension of -1 is the symbol "n". Each function appends to a GraphProto. */
void graph_node(struct bytes *graph, const char *type, const char *inputs, const char *output);
void graph_input(struct bytes *graph, const char *name, enum rt_type type, int rank, const int64_t *dim);
void graph_output(struct bytes *graph, const char *name);
void graph_constant(
	struct bytes *graph, const char *name, enum rt_type type, int rank, const int64_t *dim, const void *data);
/* Wraps the graph in a ModelProto with operator set 20 and writes it. Frees the graph. */
void write_model_file(const char *path, struct bytes *graph);
void write_tensor(
	const char *path, const char *name, enum rt_type type, int rank, const int64_t *dim, const void *data);

/* y f32[n,2] = x f32[n,2] + { 1, 2 } */
void write_add_model(const char *path);

#endif
