/* Rays, boxes and cameras. */
#include "scene.h"
#include <math.h>

struct vec vec_add(struct vec a, struct vec b)
{
	return (struct vec){ a.x + b.x, a.y + b.y, a.z + b.z };
}

struct vec vec_sub(struct vec a, struct vec b)
{
	return (struct vec){ a.x - b.x, a.y - b.y, a.z - b.z };
}

struct vec vec_scale(struct vec a, double s)
{
	return (struct vec){ a.x * s, a.y * s, a.z * s };
}

double vec_dot(struct vec a, struct vec b)
{
	return a.x * b.x + a.y * b.y + a.z * b.z;
}

struct vec vec_cross(struct vec a, struct vec b)
{
	return (struct vec){ a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x };
}

struct vec vec_unit(struct vec a)
{
	return vec_scale(a, 1 / sqrt(vec_dot(a, a)));
}

/* Turns a world direction into the box's own frame. */
static struct vec into_box(const struct box *box, struct vec a)
{
	return (struct vec){ box->cosine * a.x + box->sine * a.z, a.y, box->cosine * a.z - box->sine * a.x };
}

static struct vec out_of_box(const struct box *box, struct vec a)
{
	return (struct vec){ box->cosine * a.x - box->sine * a.z, a.y, box->cosine * a.z + box->sine * a.x };
}

/* The distance at which a ray enters the box, after Kay and Kajiya, "Ray tracing complex scenes" (1986): it is inside
 * from its last entry into the three slabs to its first exit. Negative when it misses. */
static double enter_box(const struct box *box, struct vec from, struct vec direction, int *axis)
{
	struct vec o = into_box(box, vec_sub(from, box->centre)), d = into_box(box, direction);
	const double origin[3] = { o.x, o.y, o.z }, step[3] = { d.x, d.y, d.z };
	const double half[3] = { box->half.x, box->half.y, box->half.z };
	double near = -1, far = HUGE_VAL;

	for (int i = 0; i < 3; i++) {
		if (step[i] == 0) {
			if (fabs(origin[i]) > half[i])
				return -1;
			continue;
		}
		double reach = step[i] > 0 ? half[i] : -half[i];
		double in = (-reach - origin[i]) / step[i], out = (reach - origin[i]) / step[i];
		if (in > near) {
			near = in;
			*axis = i;
		}
		if (out < far)
			far = out;
		if (near > far)
			return -1;
	}
	return near;
}

/* Fills in which face was hit and where, with u to the right and v down for somebody who stands in front of the face
 * (of a top: to the south of it), so that letters on it read the right way round. */
static void locate(struct hit *hit, struct vec from, struct vec direction)
{
	struct vec p = vec_sub(vec_add(from, vec_scale(direction, hit->distance)), hit->box->centre);
	struct vec q = into_box(hit->box, p);
	double height = hit->axis == 0 ? q.x : hit->axis == 1 ? q.y : q.z;

	hit->sign = height > 0 ? 1 : -1;
	hit->u = hit->axis == 0 ? hit->sign * q.z : hit->axis == 1 ? q.x : -hit->sign * q.x;
	hit->v = hit->axis == 1 ? -q.z : -q.y;
}

struct hit scene_cast(const struct scene *scene, struct vec from, struct vec direction)
{
	struct hit hit = { .distance = HUGE_VAL };

	for (int i = 0; i < scene->boxes; i++) {
		int axis = 0;
		double distance = enter_box(&scene->box[i], from, direction, &axis);
		if (distance > 0 && distance < hit.distance) {
			hit.distance = distance;
			hit.box = &scene->box[i];
			hit.axis = axis;
		}
	}
	if (hit.box)
		locate(&hit, from, direction);
	return hit;
}

struct vec hit_normal(const struct hit *hit)
{
	double s = hit->sign;

	return out_of_box(hit->box, (struct vec){ hit->axis == 0 ? s : 0, hit->axis == 1 ? s : 0, hit->axis == 2 ? s : 0 });
}

struct camera camera_look(struct vec eye, struct vec target, double roll, int width, int height)
{
	struct vec forward = vec_unit(vec_sub(target, eye));
	struct vec right = vec_unit(vec_cross((struct vec){ 0, 1, 0 }, forward));
	struct vec down = vec_cross(right, forward);
	double c = cos(roll), s = sin(roll);

	return (struct camera){
		.eye = eye,
		.right = vec_add(vec_scale(right, c), vec_scale(down, s)),
		.down = vec_sub(vec_scale(down, c), vec_scale(right, s)),
		.forward = forward,
		.focal = 1.12 * (width > height ? width : height),
		.centre_x = (width - 1) / 2.0,
		.centre_y = (height - 1) / 2.0,
		.width = width,
		.height = height,
	};
}

struct vec camera_ray(const struct camera *camera, double x, double y)
{
	struct vec sideways = vec_scale(camera->right, (x - camera->centre_x) / camera->focal);
	struct vec downwards = vec_scale(camera->down, (y - camera->centre_y) / camera->focal);

	return vec_add(camera->forward, vec_add(sideways, downwards));
}

bool camera_project(const struct camera *camera, struct vec point, double *x, double *y)
{
	struct vec p = vec_sub(point, camera->eye);
	double depth = vec_dot(p, camera->forward);

	if (depth <= 0)
		return false;
	*x = camera->centre_x + camera->focal * vec_dot(p, camera->right) / depth;
	*y = camera->centre_y + camera->focal * vec_dot(p, camera->down) / depth;
	return true;
}
