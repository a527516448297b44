/* Draws the views, and says where each pixel of one is in the other. */
#include "scene.h"
#include <math.h>

/* Each pixel is the mean of GRID x GRID rays, so that edges are as smooth as a lens would make them. */
enum { GRID = 3 };

static const double AMBIENT = 0.36, SKY = 0.80;

/* Where a ray lands, moved off the surface by a hair so that a second ray from there does not meet the same surface. */
static struct vec landing(const struct hit *hit, struct vec from, struct vec direction)
{
	struct vec p = vec_add(from, vec_scale(direction, hit->distance));

	return vec_add(p, vec_scale(hit_normal(hit), 1e-7));
}

/* The light, 0 to 1, that comes along a ray into the camera: matt surfaces under a sun with shadows. */
static double light_along(const struct scene *scene, struct vec from, struct vec direction)
{
	struct hit hit = scene_cast(scene, from, direction);

	if (!hit.box)
		return SKY;
	double slant = vec_dot(hit_normal(&hit), scene->sun);
	if (slant > 0 && scene_cast(scene, landing(&hit, from, direction), scene->sun).box)
		slant = 0;
	double light = AMBIENT + (1 - AMBIENT) * (slant > 0 ? slant : 0);
	struct material cover = hit.axis == 1 ? hit.box->top : hit.box->side;
	cover.seed += (uint64_t)(hit.axis * 2 + hit.sign);
	return light * texture_at(&cover, hit.u, hit.v);
}

static uint8_t expose(const struct exposure *exposure, const struct camera *camera, double light, int x, int y)
{
	double across = (x - camera->centre_x) * 2 / camera->width, along = (y - camera->centre_y) * 2 / camera->height;
	double gain = exposure->gain * (1 + exposure->slope_x * across + exposure->slope_y * along);
	double grey = 255 * gain * pow(light, exposure->gamma) + exposure->noise * chance_normal(exposure->seed, x, y);

	return (uint8_t)(grey < 0 ? 0 : grey > 255 ? 255 : grey + 0.5);
}

void scene_render(const struct scene *scene, int view, uint8_t *pixel)
{
	const struct camera *camera = &scene->camera[view];

	for (int y = 0; y < camera->height; y++)
		for (int x = 0; x < camera->width; x++) {
			double light = 0;
			for (int i = 0; i < GRID * GRID; i++) {
				double dx = (i % GRID + 0.5) / GRID - 0.5, dy = (i / GRID + 0.5) / GRID - 0.5;
				light += light_along(scene, camera->eye, camera_ray(camera, x + dx, y + dy));
			}
			pixel[y * camera->width + x] = expose(&scene->exposure[view], camera, light / (GRID * GRID), x, y);
		}
}

bool scene_truth(const struct scene *scene, double x, double y, double *to_x, double *to_y)
{
	const struct camera *a = &scene->camera[0], *b = &scene->camera[1];
	struct vec ray = camera_ray(a, x, y);
	struct hit hit = scene_cast(scene, a->eye, ray);

	if (!hit.box)
		return false;
	struct vec point = vec_add(a->eye, vec_scale(ray, hit.distance));
	if (!camera_project(b, point, to_x, to_y))
		return false;
	if (*to_x < -0.5 || *to_y < -0.5 || *to_x >= b->width - 0.5 || *to_y >= b->height - 0.5)
		return false;
	/* The ray from camera B towards the point has the point at distance 1; anything clearly nearer hides it. */
	struct hit seen = scene_cast(scene, b->eye, vec_sub(point, b->eye));
	return seen.box && seen.distance > 1 - 1e-6;
}
