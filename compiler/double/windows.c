/* Windows laid over each other, in double. */
#include "double.h"

/* The pixel of dimension d on which a window's tap falls, or -1. */
static int32_t place(const struct rt_col2im *p, int d, int32_t window, int32_t tap)
{
	int32_t at = window * p->stride[d] + tap * p->dilation[d] - p->pad[d];

	return at < p->out[d] ? at : -1;
}

/* The number of the pixel on which tap number `tap` of window number `window` falls, or -1. */
static ptrdiff_t pixel_of(const struct rt_col2im *p, int32_t window, int32_t tap)
{
	ptrdiff_t pixel = 0, size = 1;

	for (int d = 3; d-- > 0; window /= p->in[d], tap /= p->kernel[d]) {
		int32_t at = place(p, d, window % p->in[d], tap % p->kernel[d]);
		if (at < 0)
			return -1;
		pixel += at * size;
		size *= p->out[d];
	}
	return pixel;
}

/* All windows of one group of one picture: y points at the group's channels of the first pixel. */
static void lay(const struct rt_col2im *p, double *y, const double *x)
{
	for (int32_t window = 0; window < p->in[0] * p->in[1] * p->in[2]; window++)
		for (int32_t tap = 0; tap < p->kernel[0] * p->kernel[1] * p->kernel[2]; tap++) {
			ptrdiff_t pixel = pixel_of(p, window, tap);
			const double *from = x + (ptrdiff_t)window * p->x[2] + (ptrdiff_t)tap * p->x[3];
			for (int32_t c = 0; pixel >= 0 && c < p->c; c++)
				y[pixel * p->group * p->c + c] += from[(ptrdiff_t)c * p->x[4]];
		}
}

void double_col2im(const struct rt_col2im *p, void *const *t)
{
	ptrdiff_t pixels = (ptrdiff_t)p->out[0] * p->out[1] * p->out[2], channels = (ptrdiff_t)p->group * p->c;
	const double *bias = t[2];
	double *y = t[0];

	for (ptrdiff_t i = 0; i < p->n * pixels * channels; i++)
		y[i] = bias ? bias[i % channels] : 0;
	for (int32_t n = 0; n < p->n; n++)
		for (int32_t g = 0; g < p->group; g++)
			lay(p, y + n * pixels * channels + (ptrdiff_t)g * p->c,
				(const double *)t[1] + (ptrdiff_t)n * p->x[0] + (ptrdiff_t)g * p->x[1]);
}
