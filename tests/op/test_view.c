/* gluec.View: the elements of a tensor under other dimensions and strides, wherever in memory they lie. */
#include "op_test.h"
#include "scene.h"
#include <stdlib.h>

struct chance {
	uint64_t seed;
	int64_t drawn;
};

static int64_t draw(struct chance *chance, int64_t n)
{
	return (int64_t)(chance_hash(chance->seed, chance->drawn++, 3) % (uint64_t)n);
}

static struct node *view(
	struct op_test *t, struct value *x, int rank, const int64_t *dim, const int64_t *stride, int64_t offset)
{
	struct node *n = op_node(t, "gluec", "View", 1, 1, x);

	op_set_ints(t, n, "shape", rank, dim);
	op_set_ints(t, n, "strides", rank, stride);
	set_attribute_int(t->c, n, "offset", offset);
	return n;
}

/* A view that stays inside `elements` of a tensor whose rows have these distances. */
struct walk {
	int rank;
	int64_t dim[4], stride[4], offset;
};

static struct walk random_walk(struct chance *chance, int64_t elements, const int64_t *row)
{
	struct walk w = { .rank = (int)draw(chance, 5) };
	int64_t low = 0, high = 0;

	for (int i = 0; i < w.rank; i++) {
		w.dim[i] = 1 + draw(chance, 5);
		w.stride[i] = row[draw(chance, 4)] * (draw(chance, 4) ? 1 : 1 + draw(chance, 3)) * (draw(chance, 4) ? 1 : -1);
		if (draw(chance, 8) == 0)
			w.stride[i] = 0;
		/* Along this dimension it goes as far as it may, or not at all. */
		while (w.dim[i] > 1 && high - low + (w.dim[i] - 1) * llabs(w.stride[i]) >= elements)
			w.dim[i]--;
		*(w.stride[i] < 0 ? &low : &high) += (w.dim[i] - 1) * w.stride[i];
	}
	w.offset = -low + draw(chance, elements - (high - low));
	return w;
}

static int64_t element(const struct walk *w, int64_t i)
{
	int64_t at = w->offset;

	for (int k = w->rank; k-- > 0; i /= w->dim[k])
		at += i % w->dim[k] * w->stride[k];
	return at;
}

/* x as it is, transposed in memory, with gaps between its rows, or backwards. */
static struct value *stored(struct op_test *t, struct chance *chance, const int64_t *dim, int64_t elements)
{
	double *count = NEW(t->c, double, (size_t)elements * 2);
	int64_t kind = draw(chance, 4);

	for (int64_t i = 0; i < elements; i++)
		count[kind == 2 ? i / dim[2] * 2 * dim[2] + i % dim[2] : i] = (double)i;
	if (kind == 3)
		for (int64_t i = 0; i < elements; i++)
			count[i] = (double)(i - i % dim[2] + dim[2] - 1 - i % dim[2]);
	struct value *x = op_input(
		t, arena_text(t->c, "f32[%d,%d,%d]", (int)dim[0], (int)dim[1], (int)dim[2] * (kind == 2 ? 2 : 1)), count);
	if (kind == 1)
		return op_shuffled(t, x);
	if (kind == 2)
		return op_node(t, "", "Slice", 1, 4, x, INTS(t, 0), INTS(t, dim[2]), INTS(t, 2))->out[0];
	if (kind == 3)
		return op_node(t, "", "Slice", 1, 5, x, INTS(t, -1), INTS(t, INT64_MIN), INTS(t, 2), INTS(t, -1))->out[0];
	return x;
}

START_TEST(random_views)
{
	for (int k = 0; k < 4000; k++) {
		struct chance chance = { .seed = (uint64_t)k };
		const int64_t dim[] = { 1 + draw(&chance, 4), 1 + draw(&chance, 4), 1 + draw(&chance, 4) };
		const int64_t elements = dim[0] * dim[1] * dim[2], row[] = { dim[1] * dim[2], dim[2], 1, 2 };
		struct op_test t = op_begin(20);
		struct value *x = stored(&t, &chance, dim, elements);
		struct walk w = random_walk(&chance, elements, row);
		struct node *n = view(&t, x, w.rank, w.dim, w.stride, w.offset);
		/* What reads the view finds its elements, as does the user. */
		op_output(&t, op_node(&t, "", "Neg", 1, 1, n->out[0]));
		op_output(&t, n);
		op_run(&t);
		for (int64_t i = 0; i < value_elements(n->out[0]); i++) {
			double want = (double)element(&w, i);
			ck_assert_msg(op_result(&t, 0, i) == -want && op_result(&t, 1, i) == want,
				"view %d: element %lld is %g and %g, not %g", k, (long long)i, -op_result(&t, 0, i),
				op_result(&t, 1, i), want);
		}
		op_end(&t);
	}
}
END_TEST

/* A view of a transposed tensor that goes along its dimensions needs no copy; one that cuts across them does. */
START_TEST(copies)
{
	for (int form = 0; form < 2; form++) {
		struct op_test t = op_begin(20);
		const int64_t dim[] = { 3, 2, 2 }, stride[] = { 4, 2, 1 }, flat[] = { 12 }, one[] = { 1 };
		struct value *x = op_shuffled(&t, op_input(&t, "f32[3,4]", NULL));
		struct node *n = form ? view(&t, x, 1, flat, one, 0) : view(&t, x, 3, dim, stride, 0);
		op_output(&t, op_node(&t, "", "ReduceMax", 1, 2, n->out[0], INTS(&t, 0)));
		op_run(&t);
		ck_assert_int_eq(op_calls(&t, "copy_nd"), form);
		op_end(&t);
	}
}
END_TEST

START_TEST(errors)
{
	static const struct {
		int64_t dim, stride, offset;
		const char *word;
	} wrong[] = { { 3, 4, 0, "elements 0 to 8" }, { 3, 1, 4, "elements 4 to 6" }, { 3, -1, 1, "elements -1 to 1" },
		{ 0, 1, 0, "dimension 0" }, { 2, INT64_MAX, 0, "at distance" }, { INT64_MAX, 0, 0, "dimension 0" },
		{ 2, 1, INT64_MAX, "not inside" }, { 2, 1, -1, "not inside" } };

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct op_test t = op_begin(20);
		view(&t, op_input(&t, "f32[2,3]", NULL), 1, &wrong[i].dim, &wrong[i].stride, wrong[i].offset);
		EXPECT_ERROR(&t, "View", wrong[i].word);
	}
	struct op_test t = op_begin(20);
	struct node *n = op_node(&t, "gluec", "View", 1, 1, op_input(&t, "f32[2,3]", NULL));
	SET_INTS(&t, n, "shape", 2);
	EXPECT_ERROR(&t, "lists of one length");
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("view");
	TCase *c = tcase_create("view");

	tcase_add_test(c, random_views);
	tcase_add_test(c, copies);
	tcase_add_test(c, errors);
	suite_add_tcase(s, c);
	return s;
}
