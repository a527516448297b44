/* What calibration found, for people. */
#include "calibrate.h"
#include <math.h>
#include <string.h>

double quantisation_snr(const struct product *p)
{
	return p->noise > 0 ? 10 * log10(p->signal / p->noise) : INFINITY;
}

static float largest_scale(const struct product *p)
{
	float most = 0;

	for (int64_t o = 0; o < p->outputs; o++)
		most = fmaxf(most, p->scale[o]);
	return most;
}

static int name_width(const struct calibration *k)
{
	size_t most = 4;

	for (int i = 0; i < k->n_products; i++) {
		size_t n = strlen(k->products[i].node->name);
		most = n > most ? n : most;
	}
	return most > 60 ? 60 : (int)most;
}

static void report_one(const struct product *p, int width, FILE *to)
{
	const struct activation *x = p->x;

	fprintf(to, "%-*s  %-6s", width, p->node->name, p->node->type);
	if (p->left) {
		fprintf(to, "  float: %s\n", p->left);
		return;
	}
	fprintf(to, "  %10.4g %10.4g  %10.4g %10.4g  %10.4g %4d  %10.4g  %6.1f\n", (double)x->histogram.low,
		(double)x->histogram.high, (double)x->limits.low, (double)x->limits.high, (double)x->quantizer.scale,
		x->quantizer.zero, (double)largest_scale(p), quantisation_snr(p));
}

void report_products(const struct calibration *k, FILE *to)
{
	int width = name_width(k), quantised = 0;

	for (int i = 0; i < k->n_products; i++)
		quantised += !k->products[i].left;
	fprintf(to, "%d of %d products quantised; %d samples\n\n", quantised, k->n_products, k->data->n);
	fprintf(to, "%-*s  %-6s  %21s  %21s  %15s  %10s  %6s\n", width, "node", "type", "input seen between",
		"kept between", "scale and zero", "weights'", "SQNR");
	fprintf(to, "%-*s  %-6s  %21s  %21s  %15s  %10s  %6s\n", width, "", "", "", "", "", "scale", "dB");
	for (int i = 0; i < k->n_products; i++)
		report_one(&k->products[i], width, to);
}
