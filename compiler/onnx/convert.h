/* Between the types of the ONNX model and those of the C interface, which keeps indices as int32_t. */
#ifndef CONVERT_H
#define CONVERT_H

#include "gluec.h"

/* The elements of v as `type`: v's own data when that is its type, else a converted copy. Types that differ must both
 * be integers; a number that does not fit fails, naming v. */
const void *convert_to(struct ctx *c, const struct value *v, enum rt_type type);

/* A value of v's name, type and shape with data, which has elements of `type`. The data is copied. */
struct value *convert_from(struct ctx *c, const struct value *v, enum rt_type type, const void *data);

#endif
