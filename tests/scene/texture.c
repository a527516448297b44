/* Surfaces with corners at many scales, computed at any point from a hash: nothing is stored. Under each lies fractal
 * noise, so that even plain areas differ from place to place. */
#include "scene.h"
#include <math.h>

/* Splits a coordinate into the number of its cell and the place in it, from 0 to 1. */
static int64_t cell_of(double a, double *within)
{
	double whole = floor(a);

	*within = a - whole;
	return (int64_t)whole;
}

static double even(uint64_t h)
{
	return (double)(h >> 40) / 16777216.0;
}

/* Value noise (Lewis, "Algorithms for solid noise synthesis", 1989): random heights on a grid, smoothly joined. */
static double value_noise(uint64_t seed, double u, double v)
{
	double s, t;
	int64_t i = cell_of(u, &s), j = cell_of(v, &t);
	double corner[4];

	for (int n = 0; n < 4; n++)
		corner[n] = even(chance_hash(seed, i + (n & 1), j + (n >> 1)));
	s = s * s * (3 - 2 * s);
	t = t * t * (3 - 2 * t);
	double upper = corner[0] + (corner[1] - corner[0]) * s, lower = corner[2] + (corner[3] - corner[2]) * s;
	return upper + (lower - upper) * t;
}

/* The sum of four octaves, from 0 to 1. */
static double fractal_noise(uint64_t seed, double u, double v)
{
	double sum = 0, size = 1, total = 0;

	for (int octave = 0; octave < 4; octave++) {
		sum += size * value_noise(seed + (uint64_t)octave, u, v);
		total += size;
		size *= 0.6;
		u *= 2.1;
		v *= 2.1;
	}
	return sum / total;
}

/* Stones: the cells of the nearest of points scattered one to a square (Worley, "A cellular texture basis function",
 * 1996), with dark joints where the nearest two are nearly as near. */
static double paving(uint64_t seed, double u, double v)
{
	double s, t, nearest = 9, second = 9;
	int64_t i = cell_of(u, &s), j = cell_of(v, &t);
	uint64_t stone = 0;

	for (int n = 0; n < 9; n++) {
		int di = n % 3 - 1, dj = n / 3 - 1;
		uint64_t h = chance_hash(seed, i + di, j + dj);
		double x = di + 0.1 + 0.8 * even(h << 8) - s, y = dj + 0.1 + 0.8 * even(h << 32) - t;
		double away = x * x + y * y;
		if (away < nearest) {
			second = nearest;
			nearest = away;
			stone = h;
		} else if (away < second) {
			second = away;
		}
	}
	if (sqrt(second) - sqrt(nearest) < 0.07)
		return 0.50;
	return 0.58 + 0.24 * even(stone);
}

/* Squares that halve again and again by chance, each filled with a motif. */
static double mural(uint64_t seed, double u, double v)
{
	enum { DEEPEST = 3 };

	for (int level = 1;; level++) {
		double s, t;
		u *= 2;
		v *= 2;
		int64_t i = cell_of(u, &s), j = cell_of(v, &t);
		uint64_t h = chance_hash(seed + (uint64_t)level * 1000, i, j);
		if (level == DEEPEST || h >> 61 < 3)
			return motif_at(h, s, t);
	}
}

/* Lines of large or small letters on light paper, some places left empty. */
static double page(uint64_t seed, double u, double v)
{
	double s, t;
	int64_t line = cell_of(v * 1.6, &t);

	if (chance_hash(seed, line, 1) & 1) {
		line = line * 2 + (t >= 0.5);
		t = t * 2 - (t >= 0.5);
		u *= 2;
		seed++;
	}
	int64_t column = cell_of(u * 1.75, &s);
	uint64_t h = chance_hash(seed, column, line);
	int x = (int)(s * 6), y = (int)floor(t * 7 - 1);
	double paper = 0.88, ink = h >> 60 & 1 ? 0.10 : 0.28;

	if (h >> 61 == 0 || x > 4 || y < 0 || y > 4)
		return paper;
	return letter_ink(h, x, y) ? ink : paper;
}

/* Boards of different greys with a seam between them and a stencilled letter here and there. */
static double planks(uint64_t seed, double u, double v)
{
	double s, t;
	int64_t board = cell_of(v * 3, &t);
	int64_t piece = cell_of(u * 0.8 + even(chance_hash(seed, board, 7)), &s);
	uint64_t h = chance_hash(seed, board, piece);

	if (t < 0.06 || s < 0.02)
		return 0.22;
	double wood = 0.40 + 0.45 * even(h);
	double m = s * 6, n = (t - 0.2) / 0.7;
	int64_t place = cell_of(m, &m);
	uint64_t mark = chance_hash(h, place, 1);
	if (mark >> 62 < 2 && n >= 0 && n < 1 && letter_ink(mark, (int)(m * 5), (int)(n * 5)))
		return wood * 0.35;
	return wood;
}

static double bricks(uint64_t seed, double u, double v)
{
	double s, t;
	int64_t row = cell_of(v * 4.5, &t);
	int64_t column = cell_of(u * 2 + (row & 1) * 0.5, &s);
	uint64_t h = chance_hash(seed, column, row);

	if (s < 0.05 || t < 0.11)
		return 0.58;
	return 0.33 + 0.26 * even(h);
}

/* A brick wall on which posters hang, one or none in each field of the wall, at a random place in it. */
static double wall(uint64_t seed, double u, double v)
{
	static const double WIDTH = 2.1, HEIGHT = 1.7;
	double s, t;
	int64_t i = cell_of(u / WIDTH, &s), j = cell_of(v / HEIGHT, &t);
	uint64_t h = chance_hash(seed + 5000, i, j);

	double width = WIDTH * (0.55 + 0.37 * even(h << 4)), height = HEIGHT * (0.55 + 0.37 * even(h << 12));
	double left = (WIDTH - width) * even(h << 20), upper = (HEIGHT - height) * even(h << 28);
	double x = s * WIDTH - left, y = t * HEIGHT - upper;
	if (h >> 61 < 2 || x < 0 || y < 0 || x > width || y > height)
		return bricks(seed, u, v);
	if (x < 0.06 || y < 0.06 || x > width - 0.06 || y > height - 0.06)
		return 0.93;
	return h & 1 ? mural(h, x * 0.9, y * 0.9) : page(h, x * 1.4, y * 1.4);
}

double texture_at(const struct material *material, double u, double v)
{
	uint64_t seed = material->seed;
	double x = u / material->cell, y = v / material->cell, grey = 0;

	switch (material->texture) {
	case TEXTURE_PAVING:
		grey = paving(seed, x, y);
		break;
	case TEXTURE_BRICK:
		grey = wall(seed, x, y);
		break;
	case TEXTURE_MURAL:
		grey = mural(seed, x, y);
		break;
	case TEXTURE_PAGE:
		grey = page(seed, x, y);
		break;
	case TEXTURE_PLANKS:
		grey = planks(seed, x, y);
		break;
	case TEXTURES:
		break;
	}
	return grey * (0.72 + 0.5 * fractal_noise(seed + 9000, u * 6, v * 6));
}
