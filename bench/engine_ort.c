/* ONNX models in ONNX Runtime, through the C interface of its shared library, which the environment variable
 * ONNXRUNTIME_LIBRARY names.
 *
 * The library exports one function; it gives a table of functions that only ever grows at its end, so that a place in
 * the table is as fixed as a name. The places that are used here are those of interface version 3 and were counted in
 * onnxruntime_c_api.h, whose own checks confirm them: version 1 ends with place 101 (ReleaseCustomOpDomain), version 2
 * with 118 (ReleaseModelMetadata), version 3 with 124 (AddFreeDimensionOverrideByName). */
#include "engine.h"
#include "bench.h"
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { API_VERSION = 3 };

enum place {
	GET_ERROR_MESSAGE = 2,
	CREATE_ENV = 3,
	CREATE_SESSION = 7,
	RUN = 9,
	CREATE_SESSION_OPTIONS = 10,
	SET_GRAPH_OPTIMIZATION_LEVEL = 23,
	SET_INTRA_OP_THREADS = 24,
	SET_INTER_OP_THREADS = 25,
	GET_OUTPUT_COUNT = 31,
	GET_OUTPUT_NAME = 37,
	CREATE_TENSOR_WITH_DATA = 49,
	GET_TENSOR_DATA = 51,
	GET_ELEMENT_TYPE = 60,
	GET_RANK = 61,
	GET_DIMENSIONS = 62,
	GET_TENSOR_SHAPE = 65,
	CREATE_CPU_MEMORY_INFO = 69,
	GET_ALLOCATOR = 78,
	RELEASE_VALUE = 96,
	RELEASE_TENSOR_SHAPE = 99,
};

/* Numbers of the interface's enumerations. */
enum { LOG_ERRORS = 3, ALL_OPTIMIZATIONS = 99, ARENA_ALLOCATOR = 1, DEFAULT_MEMORY = 0 };
enum { ELEMENT_FLOAT = 1, ELEMENT_INT32 = 6, ELEMENT_INT64 = 7 };

typedef void *status; /* NULL: well done */
typedef void (*function)(void);

struct api_base {
	const function *(*get_api)(uint32_t version);
	const char *(*version)(void);
};

struct session {
	const function *api;
	void *session;
	const char *input_name[ENGINE_TENSORS], *output_name[ENGINE_TENSORS];
	void *input[ENGINE_TENSORS], *output[ENGINE_TENSORS];
};

static const function *load(char *version, size_t room)
{
	const struct api_base *(*get_base)(void) = NULL;
	const char *path = getenv("ONNXRUNTIME_LIBRARY");
	void *handle = path && *path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
	void *found = handle ? dlsym(handle, "OrtGetApiBase") : NULL;

	if (!found)
		die("ONNXRUNTIME_LIBRARY does not name a libonnxruntime.so");
	/* POSIX lets a data pointer from dlsym be a function's; ISO C has no conversion for it. */
	memcpy(&get_base, &found, sizeof get_base);
	snprintf(version, room, "ONNX Runtime %s", get_base()->version());
	const function *api = get_base()->get_api(API_VERSION);
	if (!api)
		die("this ONNX Runtime has no interface version %d", API_VERSION);
	return api;
}

/* CALL(place, parameter types, arguments) calls a function of the table `api` and exits when it fails. */
#define CALL(place, types, arguments) check(api, ((status(*) types)api[place])arguments, #place)

static void check(const function *api, status s, const char *what)
{
	if (s)
		die("%s: %s", what, ((const char *(*)(status))api[GET_ERROR_MESSAGE])(s));
}

static void *new_session(const function *api, const char *path, int threads)
{
	void *env, *options, *session;

	CALL(CREATE_ENV, (int, const char *, void **), (LOG_ERRORS, "bench", &env));
	CALL(CREATE_SESSION_OPTIONS, (void **), (&options));
	CALL(SET_GRAPH_OPTIMIZATION_LEVEL, (void *, int), (options, ALL_OPTIMIZATIONS));
	CALL(SET_INTRA_OP_THREADS, (void *, int), (options, threads));
	CALL(SET_INTER_OP_THREADS, (void *, int), (options, 1));
	CALL(CREATE_SESSION, (void *, const char *, const void *, void **), (env, path, options, &session));
	return session;
}

void engine_open(struct engine *e, const char *path, const struct engine_options *options, int inputs,
	const struct engine_tensor *input)
{
	struct session *s = bench_memory(1, sizeof *s);
	const function *api = s->api = load(e->version, sizeof e->version);
	void *memory, *allocator;
	size_t outputs;

	s->session = new_session(api, path, options->threads);
	CALL(GET_OUTPUT_COUNT, (void *, size_t *), (s->session, &outputs));
	if (outputs > ENGINE_TENSORS)
		die("%s: %zu outputs", path, outputs);
	e->inputs = inputs;
	e->outputs = (int)outputs;
	e->state = s;
	CALL(GET_ALLOCATOR, (void **), (&allocator));
	for (size_t i = 0; i < outputs; i++) {
		char *name;
		CALL(GET_OUTPUT_NAME, (void *, size_t, void *, char **), (s->session, i, allocator, &name));
		snprintf(e->output[i].name, sizeof e->output[i].name, "%s", name);
		s->output_name[i] = name;
	}
	CALL(CREATE_CPU_MEMORY_INFO, (int, int, void **), (ARENA_ALLOCATOR, DEFAULT_MEMORY, &memory));
	for (int i = 0; i < inputs; i++) {
		struct engine_tensor *t = &e->input[i];
		*t = input[i];
		t->data = bench_memory(engine_elements(t), sizeof(float));
		s->input_name[i] = t->name;
		CALL(CREATE_TENSOR_WITH_DATA, (void *, void *, size_t, const int64_t *, size_t, int, void **),
			(memory, t->data, engine_elements(t) * sizeof(float), t->dim, (size_t)t->rank, ELEMENT_FLOAT,
				&s->input[i]));
	}
}

static void describe(const function *api, struct engine_tensor *t, void *value)
{
	void *shape;
	int type;
	size_t rank;

	CALL(GET_TENSOR_SHAPE, (void *, void **), (value, &shape));
	CALL(GET_ELEMENT_TYPE, (void *, int *), (shape, &type));
	CALL(GET_RANK, (void *, size_t *), (shape, &rank));
	if (rank > ENGINE_RANK || (type != ELEMENT_FLOAT && type != ELEMENT_INT32 && type != ELEMENT_INT64))
		die("output '%s' has type %d and %zu dimensions", t->name, type, rank);
	t->type = type == ELEMENT_FLOAT ? ENGINE_F32 : type == ELEMENT_INT32 ? ENGINE_I32 : ENGINE_I64;
	t->rank = (int)rank;
	CALL(GET_DIMENSIONS, (void *, int64_t *, size_t), (shape, t->dim, rank));
	CALL(GET_TENSOR_DATA, (void *, void **), (value, &t->data));
	((void (*)(void *))api[RELEASE_TENSOR_SHAPE])(shape);
}

void engine_run(struct engine *e)
{
	struct session *s = e->state;
	const function *api = s->api;

	for (int i = 0; i < e->outputs; i++) {
		if (s->output[i])
			((void (*)(void *))api[RELEASE_VALUE])(s->output[i]);
		s->output[i] = NULL;
	}
	CALL(RUN, (void *, const void *, const char *const *, void *const *, size_t, const char *const *, size_t, void **),
		(s->session, NULL, s->input_name, s->input, (size_t)e->inputs, s->output_name, (size_t)e->outputs, s->output));
	for (int i = 0; i < e->outputs; i++)
		describe(api, &e->output[i], s->output[i]);
}
