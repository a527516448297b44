/* Tensors between protobuf and values. */
#include "tensor.h"
#include "tensor_import.h"
#include "wire.h"
#include "base/out.h"
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static void *allocate(void *c, size_t n)
{
	return arena_get(c, n, 1);
}

static void release(void *c, void *p)
{
	(void)c;
	(void)p;
}

ProtobufCAllocator arena_allocator(struct ctx *c)
{
	return (ProtobufCAllocator){ allocate, release, c };
}

uint8_t *read_file(struct ctx *c, const char *path, size_t *bytes)
{
	FILE *f = fopen(path, "rb");
	struct stat s;

	if (!f || fstat(fileno(f), &s)) {
		int error = errno;
		if (f)
			fclose(f);
		fail(c, IO_FAILED, "%.300s: %s", path, strerror(error));
	}
	if (!S_ISREG(s.st_mode) || s.st_size > INT32_MAX) {
		fclose(f);
		fail(c, IO_FAILED, S_ISREG(s.st_mode) ? "%.300s: larger than 2 GiB" : "%.300s: not a regular file", path);
	}
	*bytes = (size_t)s.st_size;
	uint8_t *data = arena_get(c, *bytes + 1, 1);
	bool complete = fread(data, 1, *bytes, f) == *bytes;
	fclose(f);
	if (!complete)
		fail(c, IO_FAILED, "%.300s: cannot be read whole", path);
	return data;
}

bool known_type(int onnx_type)
{
	return onnx_type > 0 && onnx_type <= RT_LAST_TYPE && rt_type_size((enum rt_type)onnx_type) > 0;
}

/* How many elements share a byte in a file. */
static int elements_per_byte(enum rt_type type)
{
	switch (type) {
	case RT_U4:
	case RT_I4:
	case RT_F4E2M1:
		return 2;
	case RT_U2:
	case RT_I2:
		return 4;
	default:
		return 1;
	}
}

static size_t stored_bytes(enum rt_type type, int64_t n)
{
	int shared = elements_per_byte(type);

	return (size_t)((n + shared - 1) / shared) * rt_type_size(type);
}

/* One element a byte, from the low bits of each byte on; signed integers get their sign. */
static const void *spread(struct ctx *c, enum rt_type type, const uint8_t *packed, int64_t n)
{
	int shared = elements_per_byte(type), bits = 8 / shared;
	uint8_t *to = NEW(c, uint8_t, (size_t)n + 1), sign = (uint8_t)(1 << (bits - 1));

	for (int64_t i = 0; i < n; i++) {
		to[i] = (uint8_t)(packed[i / shared] >> (i % shared * bits) & ((1 << bits) - 1));
		if (type == RT_I4 || type == RT_I2)
			to[i] = (uint8_t)((to[i] ^ sign) - sign);
	}
	return to;
}

static const void *pack(struct ctx *c, enum rt_type type, const uint8_t *from, int64_t n)
{
	int shared = elements_per_byte(type), bits = 8 / shared;
	uint8_t *to = NEW(c, uint8_t, stored_bytes(type, n) + 1);

	for (int64_t i = 0; i < n; i++)
		to[i / shared] |= (uint8_t)((from[i] & ((1 << bits) - 1)) << (i % shared * bits));
	return to;
}

/* Fails unless the tensor has as many elements as its dimensions say. */
static void check_count(struct ctx *c, const char *name, size_t have, int64_t want)
{
	if (have != (size_t)want)
		fail_model(
			c, "tensor '%.100s' has data for %zu elements, but its dimensions say %lld", name, have, (long long)want);
}

/* int32_data holds every type of up to 32 bits, one element each, or a byte of smaller ones. */
static void unpack_int32(const Onnx__TensorProto *t, enum rt_type type, void *data)
{
	for (size_t i = 0; i < t->n_int32_data; i++) {
		int32_t x = t->int32_data[i];
		switch (rt_type_size(type)) {
		case 1:
			((uint8_t *)data)[i] = (uint8_t)x;
			break;
		case 2:
			((uint16_t *)data)[i] = (uint16_t)x;
			break;
		default:
			((int32_t *)data)[i] = x;
		}
	}
}

static const void *typed_data(struct ctx *c, const Onnx__TensorProto *t, const char *name, enum rt_type type, int64_t n)
{
	switch (type) {
	case RT_F32:
		check_count(c, name, t->n_float_data, n);
		return t->float_data;
	case RT_F64:
		check_count(c, name, t->n_double_data, n);
		return t->double_data;
	case RT_I64:
		check_count(c, name, t->n_int64_data, n);
		return t->int64_data;
	case RT_U64:
		check_count(c, name, t->n_uint64_data, n);
		return t->uint64_data;
	case RT_U32: {
		check_count(c, name, t->n_uint64_data, n);
		uint32_t *data = NEW(c, uint32_t, (size_t)n);
		for (int64_t i = 0; i < n; i++)
			data[i] = (uint32_t)t->uint64_data[i];
		return data;
	}
	default: {
		size_t count = stored_bytes(type, n) / rt_type_size(type);
		check_count(c, name, t->n_int32_data, (int64_t)count);
		void *data = arena_get(c, count, rt_type_size(type));
		unpack_int32(t, type, data);
		return data;
	}
	}
}

const char *unknown_type(struct ctx *c, int32_t type)
{
	const char *name = type == ONNX__TENSOR_PROTO__DATA_TYPE__STRING       ? " (string)"
					   : type == ONNX__TENSOR_PROTO__DATA_TYPE__COMPLEX64  ? " (complex64)"
					   : type == ONNX__TENSOR_PROTO__DATA_TYPE__COMPLEX128 ? " (complex128)"
																		   : "";

	return arena_text(c, "%d%s", (int)type, name);
}

struct value *import_tensor(struct ctx *c, const Onnx__TensorProto *t, const char *what)
{
	const char *name = t->name && *t->name ? t->name : what;
	int64_t dim[MAX_RANK], n = 1;

	if (!t->has_data_type || !known_type(t->data_type))
		fail_model(c, "tensor '%.100s' has element type %s, which is not supported; export the model with numbers",
			name, unknown_type(c, t->data_type));
	if (t->n_external_data || (t->has_data_location && t->data_location))
		fail_model(c, "tensor '%.100s' keeps its data in another file; store the model as one file", name);
	if (t->segment)
		fail_model(c, "tensor '%.100s' is a segment of a larger one, which is not supported", name);
	if (t->n_dims > MAX_RANK)
		fail_model(c, "tensor '%.100s' has %zu dimensions; at most %d are supported", name, t->n_dims, MAX_RANK);
	for (size_t i = 0; i < t->n_dims; i++) {
		dim[i] = t->dims[i];
		if (dim[i] < 0 || (dim[i] > 0 && n > MAX_ELEMENTS / dim[i]))
			fail_model(c, "tensor '%.100s' has an unusable dimension %lld", name, (long long)dim[i]);
		n *= dim[i];
	}
	enum rt_type type = (enum rt_type)t->data_type;
	const void *data;
	if (t->has_raw_data) {
		size_t bytes = stored_bytes(type, n);
		if (t->raw_data.len != bytes)
			fail_model(
				c, "tensor '%.100s' has %zu bytes of data, but its dimensions say %zu", name, t->raw_data.len, bytes);
		data = t->raw_data.data;
	} else {
		data = typed_data(c, t, name, type, n);
	}
	if (elements_per_byte(type) > 1)
		data = spread(c, type, data, n);
	/* An empty tensor still needs an address to count as constant. */
	return value_constant(c, name, type, (int)t->n_dims, dim, n && data ? data : arena_get(c, 1, 8));
}

struct value *read_tensor_file(struct ctx *c, const char *path)
{
	size_t n;
	uint8_t *bytes = read_file(c, path, &n);
	ProtobufCAllocator allocator = arena_allocator(c);
	const char *model = c->file;
	Onnx__TensorProto *t = NULL;

	c->file = path;
	if (wire_check(&onnx__tensor_proto__descriptor, bytes, n) == WIRE_SOUND)
		t = onnx__tensor_proto__unpack(&allocator, n, bytes);
	if (!t)
		fail_model(c, "not a tensor file (a serialised TensorProto)");
	struct value *v = import_tensor(c, t, "(unnamed)");
	c->file = model;
	return v;
}

void write_tensor_file(struct ctx *c, const char *path, const char *name, enum rt_type type, int rank,
	const int64_t *dim, const void *data)
{
	Onnx__TensorProto t = ONNX__TENSOR_PROTO__INIT;
	int64_t dims[MAX_RANK], n = 1;

	for (int i = 0; i < rank; i++) {
		dims[i] = dim[i];
		n *= dim[i];
	}
	t.n_dims = (size_t)rank;
	t.dims = dims;
	t.has_data_type = 1;
	t.data_type = (int32_t)type;
	t.name = (char *)name;
	t.has_raw_data = 1;
	t.raw_data.len = stored_bytes(type, n);
	t.raw_data.data = (uint8_t *)(elements_per_byte(type) > 1 ? pack(c, type, data, n) : data);
	size_t bytes = onnx__tensor_proto__get_packed_size(&t);
	uint8_t *packed = arena_get(c, bytes, 1);
	onnx__tensor_proto__pack(&t, packed);
	struct output_file *f = output_open(c, path);
	fwrite(packed, 1, bytes, output_stream(f));
	output_commit(c);
}
