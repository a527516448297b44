/* Writes the inputs that all contestants get: files of floats.
 *
 * usage: input picture FILE.png WIDTHxHEIGHT OUT     grey, 0..1
 *        input keypoints K PLACES DESCRIPTORS        what LightGlue takes: see below
 *        input tensor FILE.pb OUT                    of an ONNX test data set */
#include "bench.h"
#include "image.h"
#include "onnx.pb-c.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CHANNELS = 256 };

static int number(const char *text, int most, char **end)
{
	long n = strtol(text, end, 10);

	if (*end == text || n < 1 || n > most)
		die("'%s': not a number of 1..%d", text, most);
	return (int)n;
}

static void write_picture(const char *file, const char *size, const char *out)
{
	struct picture picture = { 0 };
	struct problem problem = { .outcome = OUTCOME_DONE };
	char *end;
	int width = number(size, PICTURE_SIDE, &end), height = number(end + (*end == 'x'), PICTURE_SIDE, &end);
	float *grey = bench_memory((size_t)width * (size_t)height, sizeof *grey);

	if (!picture_read(file, &picture, &problem))
		die("%s", problem.text);
	if (!picture_grey(&picture, grey, width, height))
		die("%s: out of memory", file);
	bench_write_file(out, grey, (size_t)width * (size_t)height * sizeof *grey);
	picture_free(&picture);
}

/* A descriptor of length 1: what `from` is, plus noise of the given strength. */
static void describe(float *to, const float *from, const float *noise, float strength)
{
	double sum = 0;

	for (int i = 0; i < CHANNELS; i++) {
		to[i] = (from ? from[i] : 0) + strength * noise[i];
		sum += (double)to[i] * (double)to[i];
	}
	for (int i = 0; i < CHANNELS; i++)
		to[i] /= (float)sqrt(sum);
}

/* Two sets of k keypoints, at random places from -1 to 1 with random descriptors. Three quarters of the second set are
 * the first's in the opposite order, moved a little, with noise in their descriptors; so there is something to match.
 */
static void write_keypoints(int k, const char *places, const char *descriptors)
{
	size_t n = (size_t)k;
	float *place = bench_memory(4 * n, sizeof *place), *noise = bench_memory(4 * n * CHANNELS, sizeof *noise);
	float *descriptor = noise + 2 * n * CHANNELS;

	bench_random(place, 4 * n, 1);
	bench_random(noise, 2 * n * CHANNELS, 2);
	for (size_t i = 0; i < n; i++)
		describe(descriptor + i * CHANNELS, NULL, noise + i * CHANNELS, 1);
	for (size_t i = 0; i < n; i++) {
		size_t from = n - 1 - i;
		float *to = descriptor + (n + i) * CHANNELS;
		bool same = i % 4 != 0;
		describe(to, same ? descriptor + from * CHANNELS : NULL, noise + (n + i) * CHANNELS, same ? 0.02f : 1);
		for (int axis = 0; same && axis < 2; axis++)
			place[2 * (n + i) + (size_t)axis] = 0.9f * place[2 * from + (size_t)axis] + 0.05f;
	}
	bench_write_file(places, place, 4 * n * sizeof *place);
	bench_write_file(descriptors, descriptor, 2 * n * CHANNELS * sizeof *descriptor);
	free(place);
	free(noise);
}

static void write_tensor(const char *file, const char *out)
{
	size_t n;
	uint8_t *data = bench_read_file(file, &n);
	Onnx__TensorProto *t = onnx__tensor_proto__unpack(NULL, n, data);
	if (!t || t->data_type != ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT || !t->has_raw_data)
		die("%s: not a tensor of floats", file);
	bench_write_file(out, t->raw_data.data, t->raw_data.len);
	onnx__tensor_proto__free_unpacked(t, NULL);
}

int main(int argc, char **argv)
{
	char *end;

	if (argc == 5 && !strcmp(argv[1], "picture"))
		write_picture(argv[2], argv[3], argv[4]);
	else if (argc == 5 && !strcmp(argv[1], "keypoints"))
		write_keypoints(number(argv[2], 1 << 20, &end), argv[3], argv[4]);
	else if (argc == 4 && !strcmp(argv[1], "tensor"))
		write_tensor(argv[2], argv[3]);
	else
		die("picture FILE.png WIDTHxHEIGHT OUT, keypoints K PLACES DESCRIPTORS, or tensor FILE.pb OUT");
	return EXIT_SUCCESS;
}
