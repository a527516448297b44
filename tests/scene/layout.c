/* The world of a seed: a paved yard between walls, with crates and posts in it, and two places to look at it from. */
#include "scene.h"
#include <math.h>

static const double DEGREE = 3.14159265358979323846 / 180;

/* Where crates may stand (metres) and how large they are; the seed shifts, turns and stretches them. No two overlap
 * whatever the seed does. */
static const struct place {
	double x, z, width, height, depth;
	enum texture texture;
	double cell;
} PLACES[] = {
	{ -2.9, 1.7, 1.50, 1.20, 0.90, TEXTURE_MURAL, 1.5 },
	{ 2.8, 1.5, 1.40, 1.30, 1.00, TEXTURE_PLANKS, 0.9 },
	{ -0.3, 2.2, 1.60, 0.95, 0.80, TEXTURE_PAGE, 1.0 },
	{ -2.0, 3.6, 1.70, 2.10, 0.80, TEXTURE_PLANKS, 1.0 },
	{ 1.4, 3.6, 1.60, 2.20, 0.80, TEXTURE_MURAL, 1.6 },
	{ 4.2, 3.5, 1.30, 1.60, 1.00, TEXTURE_MURAL, 1.4 },
	{ -4.5, 2.9, 1.20, 1.60, 1.00, TEXTURE_PAGE, 0.9 },
	{ 1.0, 1.0, 0.80, 0.60, 0.60, TEXTURE_MURAL, 1.2 },
};

enum { PLACES_COUNT = sizeof PLACES / sizeof PLACES[0] };

static struct material cover(enum texture texture, double cell, uint64_t seed)
{
	return (struct material){ .texture = texture, .cell = cell, .seed = seed };
}

static struct box upright(struct vec foot, double width, double height, double depth, double turn)
{
	return (struct box){
		.centre = { foot.x, foot.y + height / 2, foot.z },
		.half = { width / 2, height / 2, depth / 2 },
		.cosine = cos(turn),
		.sine = sin(turn),
	};
}

static void add(struct scene *scene, struct box box, struct material side, struct material top)
{
	box.side = side;
	box.top = top;
	scene->box[scene->boxes++] = box;
}

static void add_yard(struct scene *scene, uint64_t seed)
{
	struct material stones = cover(TEXTURE_PAVING, 0.8, chance_hash(seed, 1, 0));
	struct material brick = cover(TEXTURE_BRICK, 1.0, chance_hash(seed, 2, 0));

	add(scene, upright((struct vec){ 0, -1, 0 }, 40, 1, 40, 0), stones, stones);
	add(scene, upright((struct vec){ 0, 0, 5.0 }, 40, 6, 0.4, chance_between(seed, 10, -4, 4) * DEGREE), brick, brick);
	brick.seed++;
	add(scene, upright((struct vec){ -6.0, 0, 2 }, 0.4, 6, 16, chance_between(seed, 11, -14, -8) * DEGREE), brick,
		brick);
	brick.seed++;
	add(scene, upright((struct vec){ 6.0, 0, 2 }, 0.4, 6, 16, chance_between(seed, 12, 8, 14) * DEGREE), brick, brick);
}

/* A crate at a place, and by chance a smaller one on top of it. */
static void add_crate(struct scene *scene, const struct place *place, uint64_t seed)
{
	double turn = chance_between(seed, 1, -16, 16) * DEGREE;
	struct vec foot = { place->x + chance_between(seed, 2, -0.2, 0.2), 0,
		place->z + chance_between(seed, 3, -0.2, 0.2) };
	double height = place->height * chance_between(seed, 4, 0.8, 1.15);
	struct material side = cover(place->texture, place->cell, chance_hash(seed, 5, 0));
	struct material top = cover(TEXTURE_PLANKS, 0.8, chance_hash(seed, 6, 0));

	add(scene, upright(foot, place->width, height, place->depth, turn), side, top);
	if (place->height > 1.2 || chance_between(seed, 7, 0, 1) < 0.4)
		return;
	double size = 0.5 * place->width;
	foot.y = height;
	side.texture = place->texture == TEXTURE_MURAL ? TEXTURE_PAGE : TEXTURE_MURAL;
	side.cell *= 0.8;
	add(scene, upright(foot, size, size, size, turn + chance_between(seed, 8, -20, 20) * DEGREE), side, top);
}

/* The second camera walks around the first one's target, so that what is in the middle stays there. */
static void place_cameras(struct scene *scene, uint64_t seed, int width, int height, double difficulty)
{
	struct vec target = { 0, 1.65, 3.4 };
	double first = chance_between(seed, 20, -10, -7), turn = difficulty * chance_between(seed, 21, 15, 17);
	double distance = 11, closer = 1 - difficulty * chance_between(seed, 22, 0.0, 0.08);
	double roll = difficulty * chance_between(seed, 23, -5, 5), rise = difficulty * chance_between(seed, 24, -0.3, 0.3);

	for (int view = 0; view < 2; view++) {
		double angle = (first + view * turn) * DEGREE, away = view ? distance * closer : distance;
		struct vec eye = { target.x + away * sin(angle), 2.3 + view * rise, target.z - away * cos(angle) };
		scene->camera[view] = camera_look(eye, target, view * roll * DEGREE, width, height);
	}
}

static void set_light(struct scene *scene, uint64_t seed, double difficulty)
{
	double side = chance_between(seed, 30, 0, 1) < 0.5 ? -1 : 1;

	scene->sun = vec_unit((struct vec){ side * chance_between(seed, 31, 0.45, 0.75), 0.8, -0.85 });
	scene->exposure[0] =
		(struct exposure){ .gain = 1.12, .gamma = 0.85, .noise = 1.2, .seed = chance_hash(seed, 32, 0) };
	scene->exposure[1] = (struct exposure){
		.gain = 1.12 * (1 + difficulty * chance_between(seed, 33, -0.15, 0.10)),
		.gamma = 0.85 * (1 + difficulty * chance_between(seed, 34, -0.15, 0.25)),
		.slope_x = difficulty * chance_between(seed, 35, -0.15, 0.15),
		.slope_y = difficulty * chance_between(seed, 36, -0.10, 0.10),
		.noise = 1.2 + difficulty * 0.6,
		.seed = chance_hash(seed, 37, 0),
	};
}

struct scene scene_make(uint64_t seed, int width, int height, double difficulty)
{
	struct scene scene = { .boxes = 0 };

	add_yard(&scene, seed);
	for (int i = 0; i < PLACES_COUNT; i++)
		add_crate(&scene, &PLACES[i], chance_hash(seed, 100 + i, 0));
	place_cameras(&scene, seed, width, height, difficulty);
	set_light(&scene, seed, difficulty);
	return scene;
}
