/* A made-up world of textured boxes, two pictures of it, and where each point of the first picture is in the second.
 *
 * Matchers are measured on pictures whose truth is known. Photographs with known truth show flat walls only; this
 * world has depth, occlusion and shadows, and can be made in any number, at any size, from a seed.
 *
 * World: metres, x to the right, y up, z away from the viewer. Pictures: pixel (x, y) has its centre at the integer
 * coordinates (x, y), x to the right, y down. The same seed gives the same pictures on every machine: all chance comes
 * from one integer hash, and the arithmetic is plain double precision whose last bits vanish in eight-bit pixels. */
#ifndef SCENE_H
#define SCENE_H

#include <stdbool.h>
#include <stdint.h>

struct vec {
	double x, y, z;
};

/* What a face is covered with; texture.c draws each. */
enum texture {
	TEXTURE_PAVING, /* irregular stones */
	TEXTURE_BRICK,  /* a brick wall on which posters hang */
	TEXTURE_MURAL,  /* squares of many sizes, each with a motif */
	TEXTURE_PAGE,   /* lines of blocky letters */
	TEXTURE_PLANKS, /* boards with nails and stencilled marks */
	TEXTURES,
};

struct material {
	enum texture texture;
	double cell; /* metres per texture unit */
	uint64_t seed;
};

/* A box that stands upright and may be turned about the vertical axis. */
struct box {
	struct vec centre, half;
	double cosine, sine; /* of the turn */
	struct material side, top;
};

enum { SCENE_BOXES = 24 };

/* A pinhole camera; the three directions are orthonormal. */
struct camera {
	struct vec eye, right, down, forward;
	double focal, centre_x, centre_y; /* pixels */
	int width, height;
};

/* What happens to the light on its way into the picture: pixel = gain * (1 + slope . position) * light^gamma + noise,
 * with the position from -1 to 1 across the picture. */
struct exposure {
	double gain, gamma, slope_x, slope_y;
	double noise; /* standard deviation, in grey levels of 256 */
	uint64_t seed;
};

struct scene {
	struct box box[SCENE_BOXES];
	int boxes;
	struct vec sun; /* unit vector towards the light */
	struct camera camera[2];
	struct exposure exposure[2];
};

/* Where a ray meets the world. */
struct hit {
	double distance;       /* in lengths of the ray's direction */
	const struct box *box; /* NULL when the ray meets nothing */
	int axis;              /* of the face: 0 x, 1 y, 2 z in the box's own frame */
	int sign;              /* +1 or -1: which of the two faces of that axis */
	double u, v;           /* metres on the face, from its middle */
};

/* geometry.c */
struct vec vec_add(struct vec a, struct vec b);
struct vec vec_sub(struct vec a, struct vec b);
struct vec vec_scale(struct vec a, double s);
double vec_dot(struct vec a, struct vec b);
struct vec vec_cross(struct vec a, struct vec b);
struct vec vec_unit(struct vec a);
struct hit scene_cast(const struct scene *scene, struct vec from, struct vec direction);
struct vec hit_normal(const struct hit *hit);
/* A camera at `eye` that looks at `target`, turned by `roll` radians about its axis of sight. */
struct camera camera_look(struct vec eye, struct vec target, double roll, int width, int height);
/* The ray through picture position (x, y); its forward component is 1. */
struct vec camera_ray(const struct camera *camera, double x, double y);
/* The picture position of a world point; false when the point is behind the camera. */
bool camera_project(const struct camera *camera, struct vec point, double *x, double *y);

/* chance.c */
/* A hash of three numbers: all the chance that there is. After the finaliser of SplitMix64 (Steele, Lea and Flood,
 * "Fast splittable pseudorandom number generators", 2014). */
uint64_t chance_hash(uint64_t seed, int64_t a, int64_t b);
/* The n-th number of a seed, evenly distributed in low..high. */
double chance_between(uint64_t seed, int64_t n, double low, double high);
/* Nearly normal noise of standard deviation 1: four even numbers added. */
double chance_normal(uint64_t seed, int64_t a, int64_t b);

/* texture.c: reflectance from 0 to 1 at u, v metres from the middle of a face. */
double texture_at(const struct material *material, double u, double v);
/* motif.c: the figure that fills one square cell; s and t run from 0 to 1, h is the cell's hash. */
double motif_at(uint64_t h, double s, double t);
/* Is there ink at column, row (both from 0 to 4) of the blocky letter with the hash h? */
bool letter_ink(uint64_t h, int column, int row);

/* layout.c: the world of a seed, seen by two cameras. difficulty scales how far they are apart and how much the light
 * changes: 0 gives the same picture twice but for noise, 1 is the default, 2 is hard. */
struct scene scene_make(uint64_t seed, int width, int height, double difficulty);

/* render.c */
/* Draws view 0 or 1 into width * height grey pixels. */
void scene_render(const struct scene *scene, int view, uint8_t *pixel);
/* Where the pixel (x, y) of view 0 is seen in view 1; false when it is hidden or outside there, or shows nothing. */
bool scene_truth(const struct scene *scene, double x, double y, double *to_x, double *to_y);

/* files.c: both return false, with errno set, when the file cannot be written; `file` then does not exist. */
bool write_grey_png(const char *file, const uint8_t *pixel, int width, int height);
/* Writes the truth of all pixels in the Middlebury optical flow format (Baker et al., "A database and evaluation
 * methodology for optical flow", 2011): float 202021.25, int32 width, int32 height, then for each pixel, row by row,
 * float dx, dy such that pixel (x, y) of view 0 is at (x + dx, y + dy) in view 1; 1e10 for both when it is not seen.
 * Everything is little-endian. */
bool write_flow(const char *file, const struct scene *scene);

#endif
