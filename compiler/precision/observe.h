/* Running a model on data to see what its values are. */
#ifndef OBSERVE_H
#define OBSERVE_H

#include "calibrate/data.h"
#include <stdio.h>

/* Runs the graph as it stands, both branches of each If, on every sample, by the interpreter with the kernels of the
 * best instruction set (or the one in GLUEC_ISA). Writes the lines of a ranges file (seen.h) to `to`, one for each
 * float value of each sample. */
void observe(struct ctx *c, const struct calibration_data *data, FILE *to);

#endif
