/* The small figures that murals and pages are made of: shapes with sharp corners, each different from its neighbours.
 */
#include "scene.h"
#include <math.h>

/* Takes the next `bits` bits of a hash. */
static unsigned take(uint64_t *h, int bits)
{
	unsigned value = (unsigned)(*h & ((1u << bits) - 1));

	*h >>= bits;
	return value;
}

bool letter_ink(uint64_t h, int column, int row)
{
	/* Five rows of five dots each, the upper left one in the lowest bit. */
	static const uint32_t LETTER[32] = {
		/* clang-format off */
		0x118fe2e, 0x0f8be2f, 0x1e0843e, 0x0f8c62f, 0x1f0bc3f, 0x010bc3f, 0x1e8e43e, 0x118fe31, /* A B C D E F G H */
		0x0e2108e, 0x064a11c, 0x1149d31, 0x1f08421, 0x118d771, 0x11cd671, 0x0e8c62e, 0x010be2f, /* I J K L M N O P */
		0x164d62e, 0x114be2f, 0x0f8383e, 0x042109f, 0x0e8c631, 0x0454631, 0x11dd631, 0x1151151, /* Q R S T U V W X */
		0x0421151, 0x1f1111f, 0x1f0ba0f, 0x0f8320f, 0x0847d29, 0x0f83c3f, 0x042221f, 0x0e8ba2e, /* Y Z 2 3 4 5 7 8 */
		/* clang-format on */
	};

	return LETTER[h & 31] >> (row * 5 + column) & 1;
}

static bool checker(unsigned count, double s, double t)
{
	return ((int)(s * count) + (int)(t * count)) & 1;
}

static bool triangle(unsigned corner, double s, double t)
{
	double a = corner & 1 ? s : 1 - s, b = corner & 2 ? t : 1 - t;

	return a + b < 1;
}

static bool frame(double s, double t)
{
	double away = fmax(fabs(s - 0.5), fabs(t - 0.5));

	return away < 0.14 || (away > 0.26 && away < 0.40);
}

static bool bars(unsigned edges, double s)
{
	return edges >> (int)(s * 6) & 1;
}

static bool arrow(unsigned turn, double s, double t)
{
	double a = turn & 1 ? t : s, b = turn & 1 ? s : t;

	if (turn & 2)
		a = 1 - a;
	return a < 0.55 ? fabs(b - 0.5) < 0.15 : fabs(b - 0.5) < 0.9 * (1 - a);
}

static bool disc(double s, double t)
{
	double r2 = (s - 0.5) * (s - 0.5) + (t - 0.5) * (t - 0.5);

	return r2 < 0.16 && r2 > 0.03;
}

static bool motif_ink(unsigned kind, unsigned detail, uint64_t h, double s, double t)
{
	switch (kind) {
	case 0:
		return checker(2 + (detail & 1), s, t);
	case 1:
		return triangle(detail, s, t);
	case 2:
		return frame(s, t);
	case 3:
		return bars(detail | 1, detail & 64 ? s : t);
	case 4:
		return arrow(detail, s, t);
	case 5:
		return disc(s, t);
	default: /* a letter with a margin */
		s = s * 7 - 1;
		t = t * 7 - 1;
		return s >= 0 && t >= 0 && s < 5 && t < 5 && letter_ink(h, (int)s, (int)t);
	}
}

double motif_at(uint64_t h, double s, double t)
{
	unsigned kind = take(&h, 3), detail = take(&h, 7);
	double paper = 0.30 + 0.65 * take(&h, 6) / 63, contrast = 0.45 + 0.45 * take(&h, 6) / 63;

	return motif_ink(kind, detail, h, s, t) ? paper * (1 - contrast) : paper;
}
