/* C names from ONNX names. A name depends only on its own node's name, so that inserting a node renames none of its
 * neighbours; only names that would be equal get a number behind them. */
#include "lower.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_NAME = 56 };

/* FNV-1a (Fowler, Noll, Vo) */
static uint32_t hash(const char *s)
{
	uint32_t h = 2166136261u;

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 16777619u;
	return h;
}

const char *legal_name(struct ctx *c, const char *name)
{
	char *s = arena_get(c, strlen(name) + 12, 1), *p = s;

	for (const char *q = name; *q; q++) {
		if ((isalnum((unsigned char)*q) && (unsigned char)*q < 128) || *q == '_')
			*p++ = *q;
		else if (p > s && p[-1] != '_')
			*p++ = '_';
	}
	while (p > s && p[-1] == '_')
		*--p = 0;
	if (p == s)
		strcpy(s, "unnamed");
	/* A long name keeps its end, which tells more, and a digest of the whole. */
	size_t n = strlen(s), prefix = isdigit((unsigned char)*s) ? 1 : 0;
	if (n + prefix > MAX_NAME)
		return arena_text(c, "n%08lx_%s", (unsigned long)hash(name), s + n - MAX_NAME + 10);
	return prefix ? arena_text(c, "n%s", s) : s;
}

/* The names given so far in one name space: a hash table in the arena. */
struct names {
	struct taken {
		const char *name;
		int next; /* the number to be tried first behind this name */
	} * slot;
	size_t n, size;
};

static struct taken *find_slot(const struct names *t, const char *name)
{
	size_t i = hash(name);

	while (t->slot[i % t->size].name && strcmp(t->slot[i % t->size].name, name))
		i++;
	return &t->slot[i % t->size];
}

static void make_room(struct ctx *c, struct names *t)
{
	struct names old = *t;

	if (2 * (t->n + 1) <= t->size)
		return;
	t->size = t->size ? 2 * t->size : 512;
	t->slot = NEW(c, struct taken, t->size);
	for (size_t i = 0; i < old.size; i++)
		if (old.slot[i].name)
			*find_slot(t, old.slot[i].name) = old.slot[i];
}

static const char *unique(struct ctx *c, struct names *t, const char *name)
{
	const char *base = legal_name(c, name), *s = base;

	make_room(c, t);
	struct taken *first = find_slot(t, base);
	while (first->name && find_slot(t, s)->name)
		s = arena_text(c, "%s_%d", base, first->next++);
	*find_slot(t, s) = (struct taken){ s, 2 };
	t->n++;
	return s;
}

static void name_calls(struct ctx *c, struct names *t, struct block *block)
{
	for (struct call *call = block->first; call; call = call->next) {
		call->symbol = unique(c, t, call->name);
		if (!call->kernel) {
			name_calls(c, t, call->then_block);
			name_calls(c, t, call->else_block);
		}
	}
}

/* Would a parameter of this name hide what the generated function needs: offsets, parameters, the runtime, this model's
 * own functions, types, macros, what the compiler itself defines? */
static bool hides(const struct ctx *c, const char *s)
{
	const char *const prefixes[] = { "_", "at_", "w_", "p_", "rt_", "gluec_" };
	size_t n = strlen(s), own = strlen(c->set.name);
	bool small = false;

	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
		if (!strncmp(s, prefixes[i], strlen(prefixes[i])))
			return true;
	for (const char *q = s; *q; q++)
		small |= islower((unsigned char)*q) != 0;
	return (!small && n > 1) || (n > 2 && !strcmp(s + n - 2, "_t")) || (!strncmp(s, c->set.name, own) && s[own] == '_');
}

static const char *parameter_name(struct ctx *c, struct names *t, const char *name)
{
	const char *s = legal_name(c, name);

	return unique(c, t, hides(c, s) ? arena_text(c, "x_%s", s + strspn(s, "_")) : s);
}

void name_symbols(struct ctx *c, struct program *p)
{
	struct names calls = { 0 }, places = { 0 }, weights = { 0 }, parameters = { 0 };

	/* The generated function's own names, and the words of C and C++. */
	static const char *const reserved[] = { "linux", "unix", "i386", "and", "or", "not", "xor", "compl", "bitand",
		"bitor", "not_eq", "and_eq", "or_eq", "xor_eq", "asm", "catch", "constexpr", "decltype", "explicit", "export",
		"friend", "mutable", "namespace", "noexcept", "nullptr", "protected", "static_assert", "thread_local", "throw",
		"try", "typeid", "typename", "typeof", "using", "virtual", "alignas", "alignof", "concept", "requires",
		"consteval", "constinit", "co_await", "co_return", "co_yield", "a", "w", "k", "run", "isa", "arena",
		"arena_bytes", "options", "with", "plain", "table", "model", "auto", "break", "case", "char", "const",
		"continue", "default", "do", "double", "else", "enum", "extern", "float", "for", "goto", "if", "inline", "int",
		"long", "register", "restrict", "return", "short", "signed", "sizeof", "static", "struct", "switch", "typedef",
		"union", "unsigned", "void", "volatile", "while", "bool", "true", "false", "class", "new", "delete", "this",
		"template", "private", "public", "operator" };
	for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
		unique(c, &parameters, reserved[i]);
	name_calls(c, &calls, p->main);
	for (struct buffer *b = p->buffers; b; b = b->next) {
		if (b->kind == BUFFER_INPUT || b->kind == BUFFER_OUTPUT)
			b->symbol = parameter_name(c, &parameters, b->name);
		else if (b->reader && buffer_root(b)->kind != BUFFER_OUTPUT)
			b->symbol = unique(c, b->kind == BUFFER_WEIGHT ? &weights : &places, b->name);
	}
}
