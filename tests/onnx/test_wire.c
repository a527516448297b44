/* The check of protobuf bytes before they are decoded. */
#include "suite.h"
#include "onnx/wire.h"
#include "onnx.pb-c.h"
#include <stdlib.h>
#include <string.h>

/* Bytes written from the end to the front, so that a message's length is known when its head is written. */
struct bytes {
	uint8_t *at, *end;
};

enum { ROOM = 1 << 16 };

static struct bytes bytes_new(uint8_t *memory)
{
	return (struct bytes){ memory + ROOM, memory + ROOM };
}

static void put_varint(struct bytes *b, uint64_t x)
{
	uint8_t text[10];
	int n = 0;

	do {
		text[n] = (uint8_t)(x & 127);
		x >>= 7;
		text[n++] |= x ? 128 : 0;
	} while (x);
	b->at -= n;
	memcpy(b->at, text, (size_t)n);
}

/* Everything written so far becomes the contents of this field. */
static void wrap(struct bytes *b, unsigned field)
{
	put_varint(b, (uint64_t)(b->end - b->at));
	put_varint(b, field << 3 | 2);
}

static enum wire_fault check(const struct bytes *b)
{
	return wire_check(&onnx__model_proto__descriptor, b->at, (size_t)(b->end - b->at));
}

static enum wire_fault check_list(const uint8_t *data, size_t n)
{
	/* A copy of exactly n bytes, so that reading beyond them is noticed. */
	uint8_t *copy = malloc(n ? n : 1);

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, data, n);
	enum wire_fault fault = wire_check(&onnx__model_proto__descriptor, copy, n);
	free(copy);
	return fault;
}

#define CHECK(...) check_list((const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }))

START_TEST(fields)
{
	ck_assert_int_eq(check_list((const uint8_t *)"", 0), WIRE_SOUND);
	ck_assert_int_eq(CHECK(0x08, 0x09), WIRE_SOUND);                   /* ir_version 9 */
	ck_assert_int_eq(CHECK(0x08, 0x80, 0x80, 0x01), WIRE_SOUND);       /* a long number */
	ck_assert_int_eq(CHECK(0x12, 2, 'a', 'b'), WIRE_SOUND);            /* a producer's name */
	ck_assert_int_eq(CHECK(0x09, 1, 2, 3, 4, 5, 6, 7, 8), WIRE_SOUND); /* 64 bits */
	ck_assert_int_eq(CHECK(0x0d, 1, 2, 3, 4), WIRE_SOUND);             /* 32 bits */
	/* A field that the format does not know may hold anything. */
	ck_assert_int_eq(CHECK(0xc2, 0x3e, 2, 0xff, 0xff), WIRE_SOUND);
}
END_TEST

START_TEST(damage)
{
	ck_assert_int_eq(CHECK(0x08), WIRE_MALFORMED);
	ck_assert_int_eq(CHECK(0x80), WIRE_MALFORMED);
	ck_assert_int_eq(CHECK(0x08, 0x80), WIRE_MALFORMED);
	ck_assert_int_eq(CHECK(0x12, 3, 'a', 'b'), WIRE_MALFORMED);
	ck_assert_int_eq(CHECK(0x09, 1, 2, 3, 4, 5, 6, 7), WIRE_MALFORMED);
	ck_assert_int_eq(CHECK(0x0d, 1, 2, 3), WIRE_MALFORMED);
	/* Groups and types that do not exist. */
	ck_assert_int_eq(CHECK(0x0b, 0x0c), WIRE_MALFORMED);
	ck_assert_int_eq(CHECK(0x0e), WIRE_MALFORMED);
	ck_assert_int_eq(CHECK(0x0f), WIRE_MALFORMED);
	/* A number of more than ten bytes, and lengths near the ends of 64 and 63 bits. */
	ck_assert_int_eq(CHECK(0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01), WIRE_MALFORMED);
	ck_assert_int_eq(CHECK(0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01), WIRE_MALFORMED);
	ck_assert_int_eq(CHECK(0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0), WIRE_MALFORMED);
	/* Damage inside a message inside. */
	ck_assert_int_eq(CHECK(0x3a, 1, 0x0f), WIRE_MALFORMED);
	ck_assert_int_eq(CHECK(0x3a, 2, 0x0a, 0x05), WIRE_MALFORMED);
	/* The same bytes as a name are sound. */
	ck_assert_int_eq(CHECK(0x12, 1, 0x0f), WIRE_SOUND);
}
END_TEST

/* A model whose graphs hold each other: each level is a graph, a node and an attribute. */
static enum wire_fault nested(int messages)
{
	static const unsigned field[] = { 7, 1, 5, 6 };
	uint8_t *memory = malloc(ROOM);

	ck_assert_ptr_nonnull(memory);
	struct bytes b = bytes_new(memory);
	for (int depth = messages; depth > 0; depth--)
		wrap(&b, depth == 1 ? field[0] : field[1 + (depth - 2) % 3]);
	enum wire_fault fault = check(&b);
	free(memory);
	return fault;
}

START_TEST(depth)
{
	ck_assert_int_eq(nested(1), WIRE_SOUND);
	ck_assert_int_eq(nested(200), WIRE_SOUND);
	ck_assert_int_eq(nested(201), WIRE_TOO_DEEP);
	ck_assert_int_eq(nested(10000), WIRE_TOO_DEEP);
}
END_TEST

/* Whatever is sound for us is decoded without trouble, whatever the bytes are. */
START_TEST(random_bytes)
{
	uint8_t data[64];
	uint32_t seed = 7;
	int sound = 0;

	for (int round = 0; round < 20000; round++) {
		size_t n = 1 + (size_t)round % sizeof data;
		for (size_t i = 0; i < n; i++) {
			seed = seed * 1664525 + 1013904223;
			/* Small numbers make sound messages likely. */
			data[i] = (uint8_t)(seed >> 24 & (seed & 1 << 10 ? 0xff : 0x3b));
		}
		if (check_list(data, n) != WIRE_SOUND)
			continue;
		Onnx__ModelProto *m = onnx__model_proto__unpack(NULL, n, data);
		if (m)
			onnx__model_proto__free_unpacked(m, NULL);
		sound++;
	}
	ck_assert_int_gt(sound, 100);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("wire");
	TCase *c = tcase_create("wire");

	tcase_add_test(c, fields);
	tcase_add_test(c, damage);
	tcase_add_test(c, depth);
	tcase_add_test(c, random_bytes);
	suite_add_tcase(s, c);
	return s;
}
