/* Weights in the order in which the micro tile reads them. */
#include "half.h"
#include "lower.h"
#include <string.h>

/* Element i of panels that follow each other. Those of RT_BF16 and RT_BF16X2 have pairs of rows, so that these follow
 * each other, too. */
static void store(void *to, int64_t i, enum rt_type type, float x)
{
	enum { PAIR = 2 * RT_PANEL };
	int64_t pair = i / PAIR * PAIR, at = i % RT_PANEL * 2 + i / RT_PANEL % 2;

	if (type == RT_F16) {
		((uint16_t *)to)[i] = half_of_float(x);
	} else if (type == RT_BF16) {
		((uint16_t *)to)[pair + at] = bfloat_of_float(x);
	} else if (type == RT_BF16X2) {
		uint16_t part[2], *parts = (uint16_t *)to + 2 * pair;
		split_float(x, part);
		parts[at] = part[0];
		parts[PAIR + at] = part[1];
	} else {
		((float *)to)[i] = x;
	}
}

/* The shape of panels as weights.txt lists it. */
static const char *panels_shape(struct lower *l, enum rt_type type, int64_t groups, int64_t panels, int64_t rows)
{
	const char *head = groups > 1 ? arena_text(l->c, "[%lld]", (long long)groups) : "";

	if (type == RT_BF16)
		return arena_text(l->c, "%s[%lld][%lld][%d][2]", head, (long long)panels, (long long)rows / 2, RT_PANEL);
	return arena_text(l->c, "%s[%lld][%lld][%d]", head, (long long)panels, (long long)rows, RT_PANEL);
}

struct buffer *pack_panels(struct lower *l, const char *name, enum rt_type type, const float *source, int64_t groups,
	int64_t rows, int64_t columns, int64_t group_stride, int64_t row_stride, int64_t column_stride)
{
	int64_t panels = (columns + RT_PANEL - 1) / RT_PANEL, stored = type == RT_BF16 ? rows + rows % 2 : rows;
	size_t bytes = (size_t)(groups * panels * stored * RT_PANEL) * rt_type_size(type);
	void *data = arena_get(l->c, bytes, 1);

	for (int64_t g = 0; g < groups; g++)
		for (int64_t p = 0; p < panels; p++)
			for (int64_t k = 0; k < rows; k++)
				for (int64_t j = p * RT_PANEL; j < (p + 1) * RT_PANEL && j < columns; j++)
					store(data, ((g * panels + p) * stored + k) * RT_PANEL + j % RT_PANEL, type,
						source[g * group_stride + k * row_stride + j * column_stride]);
	return weight_new(l, name, type, panels_shape(l, type, groups, panels, stored), data, bytes);
}

struct buffer *pack_bias(struct lower *l, const char *name, const float *source, int64_t n)
{
	int64_t padded = (n + RT_PANEL - 1) / RT_PANEL * RT_PANEL;
	float *data = NEW(l->c, float, (size_t)padded);

	memcpy(data, source, (size_t)n * sizeof *data);
	return weight_new(
		l, name, RT_F32, arena_text(l->c, "[%lld]", (long long)padded), data, (size_t)padded * sizeof *data);
}
