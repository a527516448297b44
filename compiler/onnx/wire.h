/* A check of protobuf bytes that costs no memory and little stack. */
#ifndef WIRE_H
#define WIRE_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum wire_fault { WIRE_SOUND, WIRE_MALFORMED, WIRE_TOO_DEEP };

/* Are n bytes a well-formed message of type d, at most 200 messages deep? */
enum wire_fault wire_check(const ProtobufCMessageDescriptor *d, const uint8_t *data, size_t n);

#endif
