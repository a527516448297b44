/* Writing C. */
#include "text.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 118, TAB = 4 };

static void indent(struct text *t, int depth)
{
	for (int i = 0; i < depth; i++)
		fputc('\t', t->f);
}

/* May a line be broken at this blank? Comments anywhere, lists of designated fields before a field, others behind a
 * comma. */
static int may_break(const char *s, size_t i, int comment, int fields)
{
	if (s[i] != ' ' || comment)
		return s[i] == ' ';
	if (fields)
		return s[i + 1] == '.' || !strncmp(s + i, " { .", 4);
	return s[i - 1] == ',';
}

/* Is s[i], which follows on what *quoted says of s[i - 1], inside a string? What stands there is no C. */
static int is_quoted(const char *s, size_t i, int *quoted)
{
	int escaped = 0;

	for (size_t k = i; *quoted && k > 0 && s[k - 1] == '\\'; k--)
		escaped = !escaped;
	if (s[i] == '"' && !escaped)
		*quoted = !*quoted;
	return *quoted;
}

/* How much of s goes into this line, of at most `room` columns if there is a place to break it. */
static size_t break_at(const char *s, size_t room, int comment, int fields)
{
	size_t best = 0;
	int quoted = 0;

	if (strlen(s) <= room)
		return strlen(s);
	for (size_t i = 0; s[i] && (i <= room || !best); i++)
		if ((comment || !is_quoted(s, i, &quoted)) && i && may_break(s, i, comment, fields))
			best = i;
	return best ? best : strlen(s);
}

static void write_wrapped(struct text *t, const char *s, int depth)
{
	int comment = !strncmp(s, "/*", 2), fields = strstr(s, "= { .") != NULL, more = 0;

	while (*s) {
		int step = depth + (more && !comment);
		size_t n = break_at(s, (size_t)(COLUMNS - TAB * step - 3 * (more && comment)), comment, fields);
		indent(t, step);
		fprintf(t->f, "%s%.*s\n", more && comment ? " * " : "", (int)n, s);
		s += n;
		s += *s == ' ';
		more = 1;
	}
}

void line(struct text *t, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	int n = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	char *s = n < 0 ? NULL : malloc((size_t)n + 1);
	if (!s)
		return;
	va_start(ap, format);
	vsnprintf(s, (size_t)n + 1, format, ap);
	va_end(ap);
	int depth = t->depth - (*s == '}');
	/* Comments and strings quote names from the model, braces and all. */
	int quoted = 0;
	for (size_t i = 0; s[i] && strncmp(s, "/*", 2); i++)
		if (!is_quoted(s, i, &quoted))
			t->depth += (s[i] == '{') - (s[i] == '}');
	if (*s)
		write_wrapped(t, s, depth < 0 ? 0 : depth);
	else
		fputc('\n', t->f);
	free(s);
}
