/* Errors and notes: one line that names file, operator, node and shape, and a way out of the run. */
#include "progress.h"
#include <string.h>

/* Names come from files that anybody may have written: no control characters reach the terminal. */
static void clean(char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 127)
			*s = '?';
}

static _Noreturn void leave(struct ctx *c, enum status status)
{
	clean(c->message);
	c->status = status;
	longjmp(c->escape, 1);
}

static void add(struct ctx *c, const char *format, va_list ap)
{
	size_t n = strlen(c->message);

	vsnprintf(c->message + n, sizeof c->message - n, format, ap);
}

_Noreturn void fail(struct ctx *c, enum status status, const char *format, ...)
{
	va_list ap;

	c->message[0] = 0;
	va_start(ap, format);
	add(c, format, ap);
	va_end(ap);
	leave(c, status);
}

static void begin_model(struct ctx *c)
{
	snprintf(c->message, sizeof c->message, "%.300s: ", c->file ? c->file : "model");
}

_Noreturn void fail_model(struct ctx *c, const char *format, ...)
{
	va_list ap;

	begin_model(c);
	va_start(ap, format);
	add(c, format, ap);
	va_end(ap);
	leave(c, UNUSABLE_MODEL);
}

static void begin_node(struct ctx *c, const struct node *n)
{
	snprintf(c->message, sizeof c->message, "%.300s: %.80s '%.200s': ", c->file ? c->file : "model", n->type, n->name);
}

_Noreturn void fail_node(struct ctx *c, const struct node *n, const char *format, ...)
{
	va_list ap;

	begin_node(c, n);
	va_start(ap, format);
	add(c, format, ap);
	va_end(ap);
	leave(c, UNUSABLE_MODEL);
}

static void print_note(struct ctx *c)
{
	clean(c->message);
	progress_end(c);
	fprintf(stderr, "gluec: note: %s\n", c->message);
	c->message[0] = 0;
}

void note_node(struct ctx *c, const struct node *n, const char *format, ...)
{
	va_list ap;

	begin_node(c, n);
	va_start(ap, format);
	add(c, format, ap);
	va_end(ap);
	print_note(c);
}

void note_model(struct ctx *c, const char *format, ...)
{
	va_list ap;

	begin_model(c);
	va_start(ap, format);
	add(c, format, ap);
	va_end(ap);
	print_note(c);
}

const char *type_name(enum rt_type type)
{
	switch (type) {
	case RT_F32:
		return "f32";
	case RT_U8:
		return "u8";
	case RT_I8:
		return "i8";
	case RT_U16:
		return "u16";
	case RT_I16:
		return "i16";
	case RT_I32:
		return "i32";
	case RT_I64:
		return "i64";
	case RT_BOOL:
		return "bool";
	case RT_F16:
		return "f16";
	case RT_F64:
		return "f64";
	case RT_U32:
		return "u32";
	case RT_U64:
		return "u64";
	case RT_BF16:
		return "bf16";
	case RT_F8E4M3FN:
		return "f8e4m3fn";
	case RT_F8E4M3FNUZ:
		return "f8e4m3fnuz";
	case RT_F8E5M2:
		return "f8e5m2";
	case RT_F8E5M2FNUZ:
		return "f8e5m2fnuz";
	case RT_U4:
		return "u4";
	case RT_I4:
		return "i4";
	case RT_F4E2M1:
		return "f4e2m1";
	case RT_F8E8M0:
		return "f8e8m0";
	case RT_U2:
		return "u2";
	case RT_I2:
		return "i2";
	case RT_BF16X2:
		return "bf16x2";
	case RT_NOTYPE:
		break;
	}
	return "untyped";
}

const char *shape_text(struct ctx *c, const struct value *v)
{
	char *s = arena_get(c, 1, 32 * (MAX_RANK + 2));
	char *p = s + sprintf(s, "%s[", type_name(v->type));

	if (v->rank < 0)
		p += sprintf(p, "?");
	for (int i = 0; i < v->rank; i++)
		p += sprintf(p, v->dim[i] < 0 ? "%s?" : "%s%lld", i ? "," : "", (long long)v->dim[i]);
	strcpy(p, "]");
	return s;
}

const char *node_kind(struct ctx *c, const struct node *n)
{
	return arena_text(c, "%.80s (domain %.80s, version %d)", n->type, *n->domain ? n->domain : "ai.onnx", n->version);
}
