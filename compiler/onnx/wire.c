/* Looks through protobuf bytes before the library decodes them: its decoder recurses as deep as the messages nest, so
 * that a small hostile file could exhaust the stack. */
#include "wire.h"

enum { MAX_NESTING = 200 };
enum { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };

static bool read_varint(const uint8_t **p, const uint8_t *end, uint64_t *x)
{
	*x = 0;
	for (int shift = 0; shift < 64 && *p < end; shift += 7) {
		uint8_t byte = *(*p)++;
		*x |= (uint64_t)(byte & 127) << shift;
		if (!(byte & 128))
			return true;
	}
	return false;
}

static enum wire_fault scan(const ProtobufCMessageDescriptor *d, const uint8_t *p, const uint8_t *end, int depth)
{
	uint64_t tag, n;

	if (depth > MAX_NESTING)
		return WIRE_TOO_DEEP;
	while (p < end) {
		if (!read_varint(&p, end, &tag))
			return WIRE_MALFORMED;
		switch (tag & 7) {
		case WIRE_VARINT:
			if (!read_varint(&p, end, &n))
				return WIRE_MALFORMED;
			continue;
		case WIRE_64:
			n = 8;
			break;
		case WIRE_32:
			n = 4;
			break;
		case WIRE_BYTES:
			if (!read_varint(&p, end, &n))
				return WIRE_MALFORMED;
			break;
		default:
			return WIRE_MALFORMED;
		}
		if (n > (uint64_t)(end - p))
			return WIRE_MALFORMED;
		const ProtobufCFieldDescriptor *f =
			tag >> 3 < 1 << 29 ? protobuf_c_message_descriptor_get_field(d, (unsigned)(tag >> 3)) : NULL;
		if (f && f->type == PROTOBUF_C_TYPE_MESSAGE && (tag & 7) == WIRE_BYTES) {
			enum wire_fault fault = scan(f->descriptor, p, p + n, depth + 1);
			if (fault)
				return fault;
		}
		p += n;
	}
	return WIRE_SOUND;
}

enum wire_fault wire_check(const ProtobufCMessageDescriptor *d, const uint8_t *data, size_t n)
{
	return scan(d, data, data + n, 0);
}
