/* scene: writes two views of a made-up world and where each pixel of the first is in the second. */
#include "scene.h"
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DONE = 0, USAGE = 2, NO_MEMORY = 3, FILE_TROUBLE = 4 };
enum { LARGEST_SIDE = 8192 };

static const char HELP[] =
	"usage: scene [--seed N] [--size WxH] [--difficulty D] --out PREFIX\n"
	"\n"
	"Draws a yard with walls and crates from two places and writes\n"
	"  PREFIX_a.png, PREFIX_b.png  the two views, 8-bit grey\n"
	"  PREFIX_truth.flo            for each pixel of a, the way to its place in b (Middlebury\n"
	"                              optical flow; 1e10 where it is hidden or outside)\n"
	"\n"
	"  --seed N        which world, from 0 (default 1)\n"
	"  --size WxH      pixels of each view, 16 to 8192 (default 640x480)\n"
	"  --difficulty D  0 to 2: how far the views are apart and how much the light differs (default 1)\n"
	"  --out PREFIX    where to write\n"
	"\n"
	"Exit status: 0 done, 2 wrong usage, 3 out of memory, 4 a file cannot be written.\n";

struct request {
	uint64_t seed;
	int width, height;
	double difficulty;
	const char *out;
};

static bool read_size(const char *text, int *width, int *height)
{
	char *end;
	long w = strtol(text, &end, 10);

	if (*end != 'x')
		return false;
	long h = strtol(end + 1, &end, 10);
	if (*end || w < 16 || h < 16 || w > LARGEST_SIDE || h > LARGEST_SIDE)
		return false;
	*width = (int)w;
	*height = (int)h;
	return true;
}

static bool read_option(struct request *request, int option, const char *value)
{
	char *end = "";

	errno = 0;
	switch (option) {
	case 's':
		request->seed = strtoull(value, &end, 10);
		return *value >= '0' && *value <= '9' && !*end && errno == 0;
	case 'z':
		return read_size(value, &request->width, &request->height);
	case 'd':
		request->difficulty = strtod(value, &end);
		return end != value && !*end && request->difficulty >= 0 && request->difficulty <= 2;
	case 'o':
		request->out = value;
		return *value;
	default:
		return false;
	}
}

/* Returns -1 when there is work to do, else the exit status. */
static int read_arguments(struct request *request, int argc, char **argv)
{
	static const struct option OPTIONS[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "size", required_argument, NULL, 'z' },
		{ "difficulty", required_argument, NULL, 'd' },
		{ "out", required_argument, NULL, 'o' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int option, row = 0;

	while ((option = getopt_long(argc, argv, "", OPTIONS, &row)) != -1) {
		if (option == 'h') {
			fputs(HELP, stdout);
			return DONE;
		}
		if (option == '?')
			return USAGE;
		if (!read_option(request, option, optarg)) {
			fprintf(stderr, "scene: --%s does not take '%s'; see scene --help\n", OPTIONS[row].name, optarg);
			return USAGE;
		}
	}
	if (!request->out || optind < argc) {
		fputs(HELP, stderr);
		return USAGE;
	}
	return -1;
}

static bool write_one(const struct scene *scene, char *name, uint8_t *pixel, const char *out, int view)
{
	static const char *const ENDS[] = { "_a.png", "_b.png", "_truth.flo" };

	strcpy(name, out);
	strcat(name, ENDS[view]);
	if (view == 2)
		return write_flow(name, scene);
	scene_render(scene, view, pixel);
	return write_grey_png(name, pixel, scene->camera[view].width, scene->camera[view].height);
}

int main(int argc, char **argv)
{
	struct request request = { .seed = 1, .width = 640, .height = 480, .difficulty = 1 };
	int status = read_arguments(&request, argc, argv);

	if (status >= 0)
		return status;
	struct scene scene = scene_make(request.seed, request.width, request.height, request.difficulty);
	uint8_t *pixel = malloc((size_t)request.width * (size_t)request.height);
	char *name = malloc(strlen(request.out) + 16);
	status = DONE;
	if (!pixel || !name) {
		fputs("scene: out of memory\n", stderr);
		status = NO_MEMORY;
	}
	for (int file = 0; file < 3 && status == DONE; file++)
		if (!write_one(&scene, name, pixel, request.out, file)) {
			fprintf(stderr, "scene: %s: %s\n", name, strerror(errno));
			status = FILE_TROUBLE;
		}
	free(pixel);
	free(name);
	return status;
}
