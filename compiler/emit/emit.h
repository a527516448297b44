/* What the parts of the emitter share. */
#ifndef EMIT_H
#define EMIT_H

#include "lower.h"
#include "base/text.h"

/* Text from the model made safe: for a comment (no end of comment, no control characters) or a string constant. */
const char *safe_comment(struct ctx *c, const char *s);
const char *safe_string(struct ctx *c, const char *s);
/* "SUPERPOINT" for "superpoint". */
const char *upper_case(struct ctx *c, const char *s);
/* How the C interface declares an element type: "float", "int32_t", ... */
const char *c_type(enum rt_type type);
/* The prototype of the run function without its semicolon. */
const char *run_prototype(struct ctx *c, const struct program *p);
/* The first lines of every generated file: where it comes from. */
void write_head(struct ctx *c, const struct program *p, struct text *t);

void write_header(struct ctx *c, const struct program *p, FILE *f);       /* emit_header.c */
void write_model(struct ctx *c, const struct program *p, struct text *t); /* emit_model.c: self-description */
void write_weights(struct ctx *c, const struct program *p); /* emit_weights.c: .bin, .S or .weights.c, .txt */
uint64_t weights_digest(struct ctx *c, const struct program *p);

#endif
