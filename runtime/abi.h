/* What a program needs to know to call generated code. gluec copies this text into every header that it writes, so
 * that a model is one header and one object; the guard lets several models share a program. */
#ifndef GLUEC_ABI
#define GLUEC_ABI 1

#include <stddef.h>
#include <stdint.h>

enum gluec_status {
	GLUEC_OK = 0,
	GLUEC_NULL_POINTER,      /* an input, an output or the arena is NULL */
	GLUEC_UNALIGNED,         /* the arena does not start at a multiple of 64 bytes */
	GLUEC_ARENA_TOO_SMALL,   /* the arena has fewer bytes than the header says */
	GLUEC_NO_SUCH_ISA,       /* options->isa names a level that the object or the machine does not have */
	GLUEC_WEIGHTS_DAMAGED,   /* the weights do not match the digest in the code */
	GLUEC_CAPACITY_EXCEEDED, /* more elements than a data-dependent output has room for */
};

/* How to run; every field may be zero, and so may the pointer to it. One struct may serve many threads. */
struct gluec_options {
	/* Calls body(job, begin, end) on ranges that together cover 0..units once each, in any order, on any threads, and
	 * returns when all are done. NULL runs everything in the calling thread. The results have the same bits always. */
	void (*parallel_for)(void *pool, int32_t units, void (*body)(void *job, int32_t begin, int32_t end), void *job);
	void *pool;
	/* Called before each call of a kernel with the call's name, and with NULL at the end. */
	void (*trace)(void *trace_user, const char *call);
	void *trace_user;
	/* The instruction set to use, "c" for portable C; NULL takes the best that the machine has. */
	const char *isa;
};

enum { GLUEC_RANK_MAX = 8 };

struct gluec_tensor {
	const char *name; /* as in the ONNX file */
	/* f32 f16 bf16 f64 i8 i16 i32 i64 u8 u16 u32 u64 bool; of fewer bits, each element in a byte of its own: f8e4m3fn
	 * f8e4m3fnuz f8e5m2 f8e5m2fnuz f8e8m0 f4e2m1 i4 u4 i2 u2 */
	const char *type;
	int32_t rank;
	int32_t dim[GLUEC_RANK_MAX];
	size_t bytes;
	/* An output whose length depends on the data: dim[count_axis] is room, and the output of this name, a number, says
	 * how much of it is used. NULL: all of it. */
	const char *count;
	int32_t count_axis;
};

/* A model described for programs that take any model. The pointers of run follow the order of the two lists. */
struct gluec_model {
	const char *name;
	int32_t inputs, outputs;
	const struct gluec_tensor *input, *output;
	size_t arena_bytes, weight_bytes;
	const char *const *isa; /* the levels in the object, weakest first, NULL at the end */
	enum gluec_status (*init)(void);
	enum gluec_status (*run)(const void *const *input, void *const *output, void *arena, size_t arena_bytes,
		const struct gluec_options *options);
};

#endif
