/* Tests of the made-up world: it is the same everywhere, and its truth is true. */
#include "../suite.h"
#include "scene.h"
#include <errno.h>
#include <math.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { W = 96, H = 72 };

/* Digests of the two views of seed 1. */
#define GOLDEN_A 0x95dbcd8b7498899bu
#define GOLDEN_B 0x18a45c2439b23cf7u

/* FNV-1a (Fowler, Noll and Vo). */
static uint64_t digest(const uint8_t *pixel, size_t count)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < count; i++)
		h = (h ^ pixel[i]) * 0x100000001b3u;
	return h;
}

static double away(struct vec a, struct vec b)
{
	struct vec d = vec_sub(a, b);

	return sqrt(vec_dot(d, d));
}

/* A wall at z = 10 and a crate of two metres before it, seen from the origin and from three metres to the right. */
static struct scene small_world(void)
{
	struct vec eye = { 0, 0, 0 }, beside = { 3, 0, 0 }, ahead = { 0, 0, 1 };
	struct scene scene = { .boxes = 2, .sun = { 0, 0, -1 } };

	scene.box[0] = (struct box){ .centre = { 0, 0, 11 }, .half = { 50, 50, 1 }, .cosine = 1 };
	scene.box[1] = (struct box){ .centre = { 0, 0, 5 }, .half = { 1, 1, 1 }, .cosine = 1 };
	scene.camera[0] = camera_look(eye, ahead, 0, 101, 101);
	scene.camera[1] = camera_look(beside, vec_add(beside, ahead), 0, 101, 101);
	return scene;
}

START_TEST(same_seed_same_pixels)
{
	static uint8_t pixel[W * H];
	struct scene scene = scene_make(1, W, H, 1);

	scene_render(&scene, 0, pixel);
	ck_assert_uint_eq(digest(pixel, sizeof pixel), GOLDEN_A);
	scene_render(&scene, 1, pixel);
	ck_assert_uint_eq(digest(pixel, sizeof pixel), GOLDEN_B);
	scene = scene_make(2, W, H, 1);
	scene_render(&scene, 0, pixel);
	ck_assert_uint_ne(digest(pixel, sizeof pixel), GOLDEN_A);
}
END_TEST

START_TEST(chance_is_even)
{
	double sum = 0, squares = 0, normal = 0, normal_squares = 0;

	for (int i = 0; i < 4000; i++) {
		double a = chance_between(5, i, -1, 1), b = chance_normal(5, i, 3);
		ck_assert(a >= -1 && a < 1);
		sum += a;
		squares += a * a;
		normal += b;
		normal_squares += b * b;
	}
	ck_assert_double_eq_tol(sum / 4000, 0, 0.05);
	ck_assert_double_eq_tol(squares / 4000, 1.0 / 3, 0.03);
	ck_assert_double_eq_tol(normal / 4000, 0, 0.08);
	ck_assert_double_eq_tol(normal_squares / 4000, 1, 0.08);
	ck_assert_uint_ne(chance_hash(1, 2, 3), chance_hash(1, 3, 2));
	ck_assert_uint_ne(chance_hash(1, 2, 3), chance_hash(1, -2, 3));
}
END_TEST

START_TEST(rays_meet_the_nearest_face)
{
	struct scene scene = small_world();
	struct vec eye = { 0, 0, 0 };

	struct hit crate = scene_cast(&scene, eye, (struct vec){ 0.1, -0.05, 1 });
	ck_assert_ptr_eq(crate.box, &scene.box[1]);
	ck_assert_double_eq_tol(crate.distance, 4, 1e-12);
	ck_assert_int_eq(crate.axis, 2);
	ck_assert_int_eq(crate.sign, -1);
	ck_assert_double_eq_tol(crate.u, 0.4, 1e-12);
	ck_assert_double_eq_tol(crate.v, 0.2, 1e-12);
	ck_assert_double_eq_tol(hit_normal(&crate).z, -1, 1e-12);

	struct hit wall = scene_cast(&scene, eye, (struct vec){ 0.5, 0, 1 });
	ck_assert_ptr_eq(wall.box, &scene.box[0]);
	ck_assert_double_eq_tol(wall.distance, 10, 1e-12);
	ck_assert_ptr_null(scene_cast(&scene, eye, (struct vec){ 0, 0, -1 }).box);
	ck_assert_ptr_null(scene_cast(&scene, eye, (struct vec){ 1, 0, 0 }).box);

	struct hit top = scene_cast(&scene, (struct vec){ 0.5, 9, 5.25 }, (struct vec){ 0, -1, 0 });
	ck_assert_int_eq(top.axis, 1);
	ck_assert_int_eq(top.sign, 1);
	ck_assert_double_eq_tol(top.u, 0.5, 1e-12);
	ck_assert_double_eq_tol(top.v, -0.25, 1e-12);
}
END_TEST

START_TEST(turned_boxes_have_turned_faces)
{
	struct scene scene = small_world();
	double turn = 30 * 3.14159265358979 / 180;

	scene.box[1].cosine = cos(turn);
	scene.box[1].sine = sin(turn);
	struct hit hit = scene_cast(&scene, (struct vec){ 0, 0, 0 }, (struct vec){ 0, 0, 1 });
	ck_assert_ptr_eq(hit.box, &scene.box[1]);
	/* The face stands a metre from the middle, along its own normal. */
	ck_assert_double_eq_tol(hit.distance, 5 - 1 / cos(turn), 1e-12);
	struct vec normal = hit_normal(&hit);
	ck_assert_double_eq_tol(normal.z, -cos(turn), 1e-12);
	ck_assert_double_eq_tol(fabs(normal.x), sin(turn), 1e-12);
	/* The point that was hit lies in the plane of the face. */
	struct vec from_centre = { 0, 0, hit.distance - 5 };
	ck_assert_double_eq_tol(vec_dot(from_centre, normal), 1, 1e-12);
}
END_TEST

START_TEST(cameras_project_what_they_see)
{
	struct camera camera = camera_look((struct vec){ 1, 2, -3 }, (struct vec){ 0, 1, 4 }, 0.1, 64, 48);
	double x, y;

	ck_assert_double_eq_tol(vec_dot(camera.right, camera.down), 0, 1e-12);
	ck_assert_double_eq_tol(vec_dot(camera.right, camera.forward), 0, 1e-12);
	ck_assert_double_eq_tol(away(vec_cross(camera.down, camera.right), camera.forward), 0, 1e-12);
	ck_assert(camera.down.y < -0.9);
	ck_assert(camera_project(&camera, (struct vec){ 0, 1, 4 }, &x, &y));
	ck_assert_double_eq_tol(x, 31.5, 1e-9);
	ck_assert_double_eq_tol(y, 23.5, 1e-9);
	for (int i = 0; i < 20; i++) {
		double to_x = 3.1 * i, to_y = 47 - 2.3 * i;
		struct vec point = vec_add(camera.eye, vec_scale(camera_ray(&camera, to_x, to_y), 0.5 + i));
		ck_assert(camera_project(&camera, point, &x, &y));
		ck_assert_double_eq_tol(x, to_x, 1e-9);
		ck_assert_double_eq_tol(y, to_y, 1e-9);
	}
	ck_assert(!camera_project(&camera, (struct vec){ 2, 3, -10 }, &x, &y));
}
END_TEST

START_TEST(truth_by_hand)
{
	struct scene scene = small_world();
	double focal = scene.camera[0].focal, x, y;

	/* On the crate at four metres, three metres of walking move a point by focal * 3 / 4. The middle leaves view 1. */
	double shift = focal * 3 / 4;
	ck_assert_double_gt(shift, 51);
	ck_assert(!scene_truth(&scene, 50, 50, &x, &y));
	/* On the wall at ten metres it moves by focal * 3 / 10, and is seen beside the crate. */
	ck_assert(scene_truth(&scene, 98, 40, &x, &y));
	ck_assert_double_eq_tol(x, 98 - focal * 3 / 10, 1e-9);
	ck_assert_double_eq_tol(y, 40, 1e-9);

	/* From half a metre to the left the crate covers other parts of the wall. */
	scene.camera[1] = camera_look((struct vec){ -0.5, 0, 0 }, (struct vec){ -0.5, 0, 1 }, 0, 101, 101);
	ck_assert(!scene_truth(&scene, 50 + focal * 0.26, 50, &x, &y));
	ck_assert(scene_truth(&scene, 50 + focal * 0.38, 50, &x, &y));
	ck_assert_double_eq_tol(x, 50 + focal * 0.43, 1e-9);
	ck_assert(scene_truth(&scene, 50 - focal * 0.30, 50, &x, &y));
	/* It hides what is behind it, not what is above it. */
	ck_assert(scene_truth(&scene, 50 + focal * 0.26, 50 - focal * 0.4, &x, &y));
}
END_TEST

/* For every pixel: where there is a truth, view 1 sees the same point; where there is none, there is a reason. */
START_TEST(truth_is_what_the_other_view_sees)
{
	struct scene scene = scene_make((uint64_t)_i, W, H, 1);
	const struct camera *a = &scene.camera[0], *b = &scene.camera[1];
	int seen = 0;

	for (int i = 0; i < W * H; i++) {
		double x = NAN, y = NAN;
		bool known = scene_truth(&scene, i % W, i / W, &x, &y);
		struct vec ray = camera_ray(a, i % W, i / W);
		struct hit hit = scene_cast(&scene, a->eye, ray);
		if (!hit.box) {
			ck_assert(!known);
			continue;
		}
		struct vec point = vec_add(a->eye, vec_scale(ray, hit.distance));
		if (!known && !camera_project(b, point, &x, &y))
			continue;
		bool inside = x >= -0.5 && y >= -0.5 && x < W - 0.5 && y < H - 0.5;
		ck_assert(inside || !known);
		struct vec back = camera_ray(b, x, y);
		struct hit other = scene_cast(&scene, b->eye, back);
		double error = away(vec_add(b->eye, vec_scale(back, other.distance)), point);
		ck_assert(known ? error < 1e-4 : !inside || error > 1e-6);
		seen += known;
	}
	/* Two views that hardly overlap would measure nothing, and two without occlusion would be too easy. */
	ck_assert_int_gt(seen, W * H * 6 / 10);
	ck_assert_int_lt(seen, W * H * 98 / 100);
}
END_TEST

START_TEST(no_difficulty_no_motion)
{
	static uint8_t pixel[2][W * H];
	struct scene scene = scene_make(3, W, H, 0);
	int unseen = 0;

	for (int view = 0; view < 2; view++)
		scene_render(&scene, view, pixel[view]);
	for (int i = 0; i < W * H; i++) {
		double x, y;
		if (!scene_truth(&scene, i % W, i / W, &x, &y)) {
			unseen++;
			continue;
		}
		ck_assert_double_eq_tol(x, i % W, 1e-6);
		ck_assert_double_eq_tol(y, i / W, 1e-6);
		ck_assert_int_lt(abs(pixel[0][i] - pixel[1][i]), 14);
	}
	ck_assert_int_lt(unseen, W * H / 100);
	ck_assert_int_ne(memcmp(pixel[0], pixel[1], sizeof pixel[0]), 0);
}
END_TEST

/* The smaller eigenvalue of the gradients' second moments in a 5x5 window, after Shi and Tomasi, "Good features to
 * track" (1994): large at corners only. */
static double cornerness(const uint8_t *pixel, int width, int x, int y)
{
	double xx = 0, xy = 0, yy = 0;

	for (int j = y - 2; j <= y + 2; j++)
		for (int i = x - 2; i <= x + 2; i++) {
			const uint8_t *p = pixel + j * width + i;
			double gx = (p[1] - p[-1]) / 2.0, gy = (p[width] - p[-width]) / 2.0;
			xx += gx * gx / 25;
			xy += gx * gy / 25;
			yy += gy * gy / 25;
		}
	return (xx + yy) / 2 - sqrt((xx - yy) * (xx - yy) / 4 + xy * xy);
}

START_TEST(pictures_are_rich_but_not_noise)
{
	enum { WIDTH = 160, HEIGHT = 120, INNER = (WIDTH - 6) * (HEIGHT - 6) };
	static uint8_t pixel[WIDTH * HEIGHT];
	struct scene scene = scene_make((uint64_t)_i, WIDTH, HEIGHT, 1);
	double sum = 0, squares = 0;
	int corners = 0, clipped = 0;

	scene_render(&scene, 0, pixel);
	for (int i = 0; i < WIDTH * HEIGHT; i++) {
		sum += pixel[i];
		squares += pixel[i] * pixel[i];
		clipped += pixel[i] == 0 || pixel[i] == 255;
	}
	for (int y = 3; y < HEIGHT - 3; y++)
		for (int x = 3; x < WIDTH - 3; x++)
			corners += cornerness(pixel, WIDTH, x, y) > 600;
	double mean = sum / (WIDTH * HEIGHT), deviation = sqrt(squares / (WIDTH * HEIGHT) - mean * mean);
	ck_assert_double_gt(mean, 80);
	ck_assert_double_lt(mean, 175);
	ck_assert_double_gt(deviation, 30);
	ck_assert_int_lt(clipped, WIDTH * HEIGHT / 50);
	ck_assert_int_gt(corners, INNER / 50);
	ck_assert_int_lt(corners, INNER / 3);
}
END_TEST

START_TEST(textures_are_reflectances)
{
	struct material material = { .texture = (enum texture)_i, .cell = 0.8, .seed = 4 };
	struct material other = material;
	double low = 9, high = 0;
	int different = 0;

	other.seed = 5;
	for (int i = 0; i < 900; i++) {
		double u = (i % 30 - 15) * 0.083, v = (i / 30 - 15) * 0.083;
		double grey = texture_at(&material, u, v);
		low = grey < low ? grey : low;
		high = grey > high ? grey : high;
		different += fabs(grey - texture_at(&other, u, v)) > 0.02;
	}
	ck_assert_double_ge(low, 0);
	ck_assert_double_le(high, 1.2);
	ck_assert_double_gt(high - low, 0.25);
	ck_assert_int_gt(different, 300);
}
END_TEST

/* Do two upright boxes overlap? They do not when some side of one of them has the other wholly beyond it. */
static bool clear_of(const struct box *a, const struct box *b)
{
	const struct vec axis[2] = { { a->cosine, 0, a->sine }, { -a->sine, 0, a->cosine } };
	const double half[2] = { a->half.x, a->half.z };
	struct vec apart = vec_sub(b->centre, a->centre);

	if (fabs(apart.y) >= a->half.y + b->half.y - 1e-9)
		return true;
	for (int i = 0; i < 2; i++) {
		double reach = b->half.x * fabs(vec_dot(axis[i], (struct vec){ b->cosine, 0, b->sine })) +
					   b->half.z * fabs(vec_dot(axis[i], (struct vec){ -b->sine, 0, b->cosine }));
		if (fabs(vec_dot(apart, axis[i])) > half[i] + reach)
			return true;
	}
	return false;
}

START_TEST(crates_do_not_overlap)
{
	/* The first four boxes are ground and walls; walls meet each other in the corners of the yard. */
	for (uint64_t seed = 0; seed < 300; seed++) {
		struct scene scene = scene_make(seed, W, H, 1);
		ck_assert_int_ge(scene.boxes, 12);
		ck_assert_int_le(scene.boxes, SCENE_BOXES);
		for (int i = 4; i < scene.boxes; i++)
			for (int j = 0; j < i; j++) {
				const struct box *a = &scene.box[i], *b = &scene.box[j];
				ck_assert_msg(clear_of(a, b) || clear_of(b, a), "seed %d: boxes %d and %d", (int)seed, i, j);
			}
	}
}
END_TEST

static void temporary_name(char *name)
{
	strcpy(name, "/tmp/test_scene_XXXXXX");
	int file = mkstemp(name);
	ck_assert_int_ge(file, 0);
	close(file);
}

START_TEST(png_reads_back)
{
	static uint8_t pixel[W * H], back[W * H];
	png_image image = { .version = PNG_IMAGE_VERSION };
	char name[32];

	temporary_name(name);
	for (int i = 0; i < W * H; i++)
		pixel[i] = (uint8_t)(i * 7);
	ck_assert(write_grey_png(name, pixel, W, H));
	ck_assert(png_image_begin_read_from_file(&image, name));
	ck_assert_uint_eq(image.width, W);
	ck_assert_uint_eq(image.height, H);
	image.format = PNG_FORMAT_GRAY;
	ck_assert(png_image_finish_read(&image, NULL, back, 0, NULL));
	ck_assert_mem_eq(pixel, back, sizeof pixel);
	unlink(name);
	ck_assert(!write_grey_png("/nowhere/at/all.png", pixel, W, H));
	ck_assert_int_eq(errno, ENOENT);
}
END_TEST

static uint32_t word_at(const uint8_t *bytes)
{
	return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static float float_at(const uint8_t *bytes)
{
	uint32_t word = word_at(bytes);
	float value;

	memcpy(&value, &word, sizeof value);
	return value;
}

START_TEST(flow_file_holds_the_truth)
{
	static uint8_t bytes[12 + W * H * 8 + 1];
	struct scene scene = scene_make(1, W, H, 1);
	char name[32];

	temporary_name(name);
	ck_assert(write_flow(name, &scene));
	FILE *in = fopen(name, "rb");
	ck_assert_ptr_nonnull(in);
	ck_assert_uint_eq(fread(bytes, 1, sizeof bytes, in), sizeof bytes - 1);
	fclose(in);
	unlink(name);
	ck_assert_mem_eq(bytes, "PIEH", 4);
	ck_assert_uint_eq(word_at(bytes + 4), W);
	ck_assert_uint_eq(word_at(bytes + 8), H);
	for (int i = 0; i < W * H; i += 13) {
		double x, y;
		bool seen = scene_truth(&scene, i % W, i / W, &x, &y);
		ck_assert_float_eq(float_at(bytes + 12 + i * 8), seen ? (float)(x - i % W) : 1e10f);
		ck_assert_float_eq(float_at(bytes + 16 + i * 8), seen ? (float)(y - i / W) : 1e10f);
	}
	ck_assert(!write_flow("/nowhere/at/all.flo", &scene));
	ck_assert_int_eq(errno, ENOENT);
}
END_TEST

Suite *suite(void)
{
	Suite *suite = suite_create("scene");
	TCase *geometry = tcase_create("geometry"), *world = tcase_create("world"), *files = tcase_create("files");

	tcase_add_test(geometry, rays_meet_the_nearest_face);
	tcase_add_test(geometry, turned_boxes_have_turned_faces);
	tcase_add_test(geometry, cameras_project_what_they_see);
	tcase_add_test(geometry, truth_by_hand);
	tcase_add_test(world, same_seed_same_pixels);
	tcase_add_test(world, chance_is_even);
	tcase_add_loop_test(world, truth_is_what_the_other_view_sees, 1, 5);
	tcase_add_test(world, no_difficulty_no_motion);
	tcase_add_loop_test(world, pictures_are_rich_but_not_noise, 1, 4);
	tcase_add_loop_test(world, textures_are_reflectances, 0, TEXTURES);
	tcase_add_test(world, crates_do_not_overlap);
	tcase_add_test(files, png_reads_back);
	tcase_add_test(files, flow_file_holds_the_truth);
	suite_add_tcase(suite, geometry);
	suite_add_tcase(suite, world);
	suite_add_tcase(suite, files);
	return suite;
}
