/* For the files that see protobuf's structures. */
#ifndef TENSOR_IMPORT_H
#define TENSOR_IMPORT_H

#include "gluec.h"
#include "onnx.pb-c.h"

/* The allocator that puts decoded messages into the run's arena. */
ProtobufCAllocator arena_allocator(struct ctx *c);

/* A constant from a TensorProto. `what` names it in messages when it has no name of its own. Types that gluec cannot
 * hold fail. */
struct value *import_tensor(struct ctx *c, const Onnx__TensorProto *t, const char *what);

/* Is this one of the element types that gluec knows? */
bool known_type(int onnx_type);
/* One that is not, for messages: "8 (string)". */
const char *unknown_type(struct ctx *c, int32_t onnx_type);

#endif
