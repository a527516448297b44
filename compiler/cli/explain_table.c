/* What `gluec explain` prints of an optimised graph: a table for people, JSON for programs. */
#include "explain_table.h"
#include "graph/count.h"
#include "base/printable.h"
#include "precision/precision.h"
#include "precision/rules.h"
#include "precision/seen.h"
#include <math.h>
#include <string.h>

/* What is said of one node. */
struct row {
	const struct node *n;
	bool seen;
	struct seen range;      /* when seen */
	double logits;          /* of attention: the largest that was seen; 0: none */
	size_t weights, result; /* bytes */
	size_t weights_fp32, result_fp32;
	double multiply_adds;
	double saved; /* microseconds, estimated */
};

struct totals {
	int nodes, left_out, islands;
	size_t weights, weights_fp32, result, result_fp32;
	double multiply_adds, saved, time;
};

/* ---- rows */

/* One core of a processor with AVX-512, VNNI and BF16 takes about a nanosecond for so many multiply-adds of each
 * precision in long products, and for so many bytes from caches. Only what they are to each other matters. */
static const double per_nanosecond[] = {
	[PRECISION_FP32] = 50,
	[PRECISION_BF16X3] = 50,
	[PRECISION_FP16] = 50,
	[PRECISION_BF16] = 95,
	[PRECISION_INT8] = 180,
	[PRECISION_FP8] = 95,
};
enum { BYTES_PER_NANOSECOND = 16 };

static double estimate(enum precision precision, double multiply_adds, size_t bytes)
{
	return 1e-3 * (multiply_adds / per_nanosecond[precision] + (double)bytes / BYTES_PER_NANOSECOND);
}

/* The bytes of a quantised product stand for floats, too. */
static size_t bytes_fp32(const struct node *n, const struct value *v)
{
	return is_float_type(v->type) || is_integer_product(n) ? (size_t)value_elements(v) * 4 : value_bytes(v);
}

/* The largest magnitude among the values that an attention computes inside: scaled or not, the logits. */
static double find_logits(struct ctx *c, const struct node *n)
{
	double largest = 0;
	char *next = is_internal(n, "Attention") && count_seen(c) ? arena_text(c, "%s", n->origin) : NULL;

	for (char *one; next && (one = strsep(&next, " "));)
		for (int i = count_seen(c); *one && i-- > 0;) {
			const struct seen *s = seen_number(c, i);
			if (!strcmp(s->node, one) && strcmp(s->name, n->out[0]->name))
				largest = fmax(largest, seen_largest(s));
		}
	return largest;
}

static struct row describe(struct ctx *c, const struct node *n)
{
	struct row r = { .n = n };
	size_t read = 0, read_fp32 = 0;

	for (int i = 0; i < n->n_in; i++) {
		const struct value *v = n->in[i];
		if (!v)
			continue;
		*(v->data ? &r.weights : &read) += value_bytes(v);
		*(v->data ? &r.weights_fp32 : &read_fp32) += bytes_fp32(n, v);
	}
	for (int i = 0; i < n->n_out; i++)
		if (n->out[i]) {
			r.result += value_bytes(n->out[i]);
			r.result_fp32 += bytes_fp32(n, n->out[i]);
		}
	if (is_mover(n))
		return r;
	r.seen = n->n_out && n->out[0] && find_seen(c, n->out[0], &r.range);
	r.logits = find_logits(c, n);
	r.multiply_adds = count_node_multiply_adds(c, n);
	r.saved = estimate(PRECISION_FP32, r.multiply_adds, r.weights_fp32 + r.result_fp32 + read_fp32) -
			  estimate(n->precision, r.multiply_adds, r.weights + r.result + read);
	return r;
}

/* ---- which nodes */

static bool is_listed(const struct explain_view *view, const struct node *n)
{
	struct graph *inner[8];
	const struct rule rule = { .pattern = view->filter };

	if (view->filter)
		return rule_matches(&rule, n);
	return view->all || (!is_mover(n) && !node_graphs(n, inner, 8) && n->n_out && n->out[0] &&
							(is_float_type(n->out[0]->type) || is_integer_product(n)));
}

static void add(struct totals *t, const struct row *r)
{
	t->nodes++;
	t->islands += r->n->island;
	t->weights += r->weights;
	t->weights_fp32 += r->weights_fp32;
	t->result += r->result;
	t->result_fp32 += r->result_fp32;
	t->multiply_adds += r->multiply_adds;
	t->saved += r->saved;
	t->time += estimate(PRECISION_FP32, r->multiply_adds, r->weights_fp32 + 2 * r->result_fp32);
}

/* ---- the table */

enum { NAME_WIDTH = 44, TYPE_WIDTH = 14 };

/* The end of a name says more than its beginning. */
static const char *shorten(struct ctx *c, const char *name, size_t width)
{
	size_t n = strlen(name);

	name = printable(c, name);
	if (n <= width)
		return name;
	/* Not inside of a character of several bytes. */
	const char *tail = name + n - width + 2;
	while ((*tail & 0xc0) == 0x80)
		tail++;
	return arena_text(c, "..%s", tail);
}

static const char *size_text(struct ctx *c, double bytes)
{
	return bytes >= 1e6   ? arena_text(c, "%.1fM", 1e-6 * bytes)
		   : bytes >= 1e3 ? arena_text(c, "%.1fk", 1e-3 * bytes)
						  : arena_text(c, "%.0f", bytes);
}

static const char *reason_text(struct ctx *c, const struct row *r)
{
	const char *reason = r->n->reason ? r->n->reason : "";

	if (r->logits > 0 && is_half(r->n->in[0]->type))
		reason = arena_text(c, "%s; its logits, in float, reach %.3g", reason, r->logits);
	return printable(c, reason);
}

static const char *column_head(void)
{
	return "node                                         operator       type   result      lowest    highest  tiny  "
		   "weights   result    madds  saved us  why";
}

static void print_row(struct ctx *c, const struct row *r, bool names)
{
	const struct node *n = r->n;
	const struct value *v = n->n_out ? n->out[0] : NULL;
	const char *range =
		r->seen ? arena_text(c, "%10.3g %10.3g %4.0f%%", r->range.low, r->range.high, 100 * seen_tiny_share(&r->range))
				: arena_text(c, "%10s %10s %5s", "-", "-", "-");

	printf("%-*s %-*s %-6s %-6s %s %8s %8s %8s %9.0f  %s\n", NAME_WIDTH, shorten(c, n->name, NAME_WIDTH), TYPE_WIDTH,
		shorten(c, n->type, TYPE_WIDTH), precision_name(n->precision), v ? type_name(v->type) : "-", range,
		size_text(c, (double)r->weights), size_text(c, (double)r->result), size_text(c, r->multiply_adds), r->saved,
		reason_text(c, r));
	if (names)
		printf("    stands for: %s\n", printable(c, n->origin));
}

static void print_graph(struct ctx *c, const struct explain_view *view, const struct graph *g, struct totals *t)
{
	struct graph *inner[8];

	for (const struct node *n = g->first; n; n = n->next) {
		if (is_listed(view, n)) {
			struct row r = describe(c, n);
			add(t, &r);
			print_row(c, &r, view->filter != NULL);
		} else {
			t->left_out++;
		}
		for (int i = node_graphs(n, inner, 8); i-- > 0;)
			print_graph(c, view, inner[i], t);
	}
}

void print_explanation(struct ctx *c, const struct explain_view *view)
{
	struct totals t = { 0 };

	printf("%s\n", column_head());
	print_graph(c, view, c->graph, &t);
	printf("%d nodes", t.nodes);
	if (t.left_out)
		printf(" (and %d %s)", t.left_out,
			view->filter ? "with other names" : "that move elements or make integers: --all");
	printf("; weights %s bytes (fp32: %s), results %s (%s), %s multiply-adds\n", size_text(c, (double)t.weights),
		size_text(c, (double)t.weights_fp32), size_text(c, (double)t.result), size_text(c, (double)t.result_fp32),
		size_text(c, t.multiply_adds));
	if (t.islands)
		printf("kept fp32 for their ranges: %d\n", t.islands);
	printf("saved: an estimate for one core with AVX-512 and BF16: %.1f ms of %.1f\n", 1e-3 * t.saved, 1e-3 * t.time);
	if (!count_seen(c))
		printf("No ranges: give --data DIR or --images DIR (or --ranges FILE).\n");
}

/* ---- JSON */

static void print_text(const char *name, const char *text)
{
	printf(", \"%s\": ", name);
	write_json_string(stdout, text ? text : "");
}

/* JSON has no infinite numbers. */
static void print_number(const char *name, double x)
{
	if (isfinite(x))
		printf(", \"%s\": %.9g", name, x);
	else
		printf(", \"%s\": \"%s\"", name, x > 0 ? "infinite" : "-infinite");
}

static void print_json_row(const struct row *r, bool first)
{
	const struct node *n = r->n;

	printf("%s\n{\"name\": ", first ? "" : ",");
	write_json_string(stdout, n->name);
	print_text("names", n->origin);
	print_text("operator", n->type);
	print_text("precision", precision_name(n->precision));
	print_text("result", n->n_out && n->out[0] ? type_name(n->out[0]->type) : "");
	print_text("reason", n->reason);
	if (r->seen) {
		print_number("lowest", r->range.low);
		print_number("highest", r->range.high);
		print_number("largest", seen_largest(&r->range));
		print_number("tiny", seen_tiny_share(&r->range));
	}
	if (r->logits > 0)
		print_number("logits", r->logits);
	printf(", \"island\": %s, \"weight_bytes\": %zu, \"weight_bytes_fp32\": %zu, \"result_bytes\": %zu, "
		   "\"result_bytes_fp32\": %zu, \"multiply_adds\": %.0f, \"saved_us\": %.3f}",
		n->island ? "true" : "false", r->weights, r->weights_fp32, r->result, r->result_fp32, r->multiply_adds,
		r->saved);
}

static void print_json_graph(struct ctx *c, const struct explain_view *view, const struct graph *g, int *count)
{
	struct graph *inner[8];

	for (const struct node *n = g->first; n; n = n->next) {
		if (is_listed(view, n)) {
			struct row r = describe(c, n);
			print_json_row(&r, (*count)++ == 0);
		}
		for (int i = node_graphs(n, inner, 8); i-- > 0;)
			print_json_graph(c, view, inner[i], count);
	}
}

void print_explanation_json(struct ctx *c, const struct explain_view *view)
{
	int count = 0;

	printf("{\"model\": ");
	write_json_string(stdout, c->set.model);
	printf(", \"precision\": \"%s\", \"nodes\": [", precision_name(c->set.precision));
	print_json_graph(c, view, c->graph, &count);
	printf("\n]}\n");
}
