/* How far two tensors are apart. */
#include "compare.h"
#include "base/printable.h"
#include <inttypes.h>
#include <math.h>

/* How far two numbers are apart: 0 for equal infinities and NaN for NaN, infinity where only one is special. */
static double distance(double a, double b)
{
	if (a == b || (isnan(a) && isnan(b)))
		return 0;
	double d = fabs(a - b);
	return isnan(d) ? (double)INFINITY : d;
}

/* Integers beyond 2^53 have no exact double, so that equality is asked of the integers themselves. */
static bool same_number(const struct value *a, const struct value *b, int64_t i)
{
	if (is_real_type(a->type))
		return distance(constant_real(a, i), constant_real(b, i)) == 0;
	return constant_int(a, i) == constant_int(b, i);
}

double largest_magnitude(const struct value *v)
{
	double largest = 0;

	for (int64_t i = value_elements(v); i-- > 0;) {
		double x = fabs(constant_real(v, i));
		largest = isfinite(x) && x > largest ? x : largest;
	}
	return largest;
}

struct difference compare(const struct value *expected, const struct value *actual, const struct tolerance *t)
{
	struct difference d = { .elements = value_elements(expected), .first = -1 };

	double squares = 0;

	d.other_length = !same_shape(expected, actual);
	if (d.other_length)
		return d;
	d.magnitude = largest_magnitude(expected);
	for (int64_t i = 0; i < d.elements; i++) {
		double want = constant_real(expected, i), have = constant_real(actual, i), apart = distance(want, have);
		double relative = isfinite(want) && want != 0 ? apart / fabs(want) : 0;
		bool fits = same_number(expected, actual, i);
		if (is_float_type(expected->type))
			fits = apart <= t->absolute + (isfinite(want) ? t->relative * fabs(want) : 0);
		squares += apart * apart;
		if (apart > d.absolute) {
			d.absolute = apart;
			d.absolute_at = i;
		}
		if (relative > d.relative) {
			d.relative = relative;
			d.relative_at = i;
		}
		if (fits && apart > d.fitting)
			d.fitting = apart;
		if (!fits && d.beyond++ == 0)
			d.first = i;
	}
	d.mean = d.elements ? sqrt(squares / (double)d.elements) : 0;
	d.equal = (double)d.beyond <= t->differ / 100 * (double)d.elements;
	return d;
}

/* "[0,17,3]" */
static const char *place(struct ctx *c, const struct value *v, int64_t element)
{
	const char *s = "";

	for (int i = v->rank; i-- > 0;) {
		int64_t dim = v->dim[i] ? v->dim[i] : 1;
		s = arena_text(c, "%lld%s%s", (long long)(element % dim), *s ? "," : "", s);
		element /= dim;
	}
	return arena_text(c, "[%s]", s);
}

static const char *number(struct ctx *c, const struct value *v, int64_t i)
{
	return is_real_type(v->type) ? arena_text(c, "%.9g", constant_real(v, i))
								 : arena_text(c, "%" PRId64, constant_int(v, i));
}

/* "  scores f32[1,64]: ", and no more when there is nothing to compare. */
static bool print_name(struct ctx *c, const char *where, const struct value *expected, const struct value *actual,
	const struct difference *d)
{
	printf("%s%s %s: ", where, printable(c, actual->name), shape_text(c, actual));
	if (d->other_length)
		printf("FAILED: its length depends on the data and should be %s\n", shape_text(c, expected));
	return !d->other_length;
}

static void print_verdict(
	struct ctx *c, const struct value *expected, const struct value *actual, const struct difference *d)
{
	if (!d->beyond)
		fputs(d->absolute > 0 ? "ok\n" : "equal\n", stdout);
	else
		printf("%s: %" PRId64 " of %" PRId64 " %s, the first at %s: %s instead of %s\n", d->equal ? "ok" : "FAILED",
			d->beyond, d->elements, is_float_type(actual->type) ? "are beyond the tolerance" : "differ",
			place(c, actual, d->first), number(c, actual, d->first), number(c, expected, d->first));
}

void print_difference(struct ctx *c, const char *where, const struct value *expected, const struct value *actual,
	const struct difference *d)
{
	if (!print_name(c, where, expected, actual, d))
		return;
	if (d->absolute > 0)
		printf("largest error %.3g absolute at %s, ", d->absolute, place(c, actual, d->absolute_at));
	if (d->relative > 0)
		printf("%.3g relative at %s, ", d->relative, place(c, actual, d->relative_at));
	print_verdict(c, expected, actual, d);
}

void print_error(struct ctx *c, const char *where, const struct value *expected, const struct value *actual,
	const struct difference *d)
{
	double magnitude = d->magnitude > 0 ? d->magnitude : 1;

	if (!print_name(c, where, expected, actual, d))
		return;
	if (!is_float_type(actual->type) && d->beyond)
		printf("%.4g %% equal, ", 100 * (double)(d->elements - d->beyond) / (double)d->elements);
	else if (is_float_type(actual->type) && d->absolute > 0)
		printf("error %.3g of the largest%s, %.3g in the mean, ", d->absolute / magnitude,
			d->beyond ? arena_text(c, " (%.3g within the tolerance)", d->fitting / magnitude) : "",
			d->mean / magnitude);
	print_verdict(c, expected, actual, d);
}
