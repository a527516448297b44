/* Running a model on data to see what its values are: the graph as it stands, by the interpreter with the kernels of
 * the best instruction set (or the one in GLUEC_ISA). */
#ifndef OBSERVE_H
#define OBSERVE_H

#include "gluec.h"

/* Runs the model on a data set (dataset.h), or on pictures in PNG files: those of a folder in the order of their names,
 * as many at a time as the model's only input takes. They become grey (or, for three channels, colour) in 0..1, cut to
 * the input's size around their middle. Both write the lines of a ranges file (seen.h) to `to`, one for each float
 * value. The model's dimensions must be bound, or follow from the data set. */
void observe_dataset(struct ctx *c, const char *path, FILE *to);
void observe_pictures(struct ctx *c, const char *folder, FILE *to);

#endif
