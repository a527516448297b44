/* What a model is calibrated on: data sets, pictures, or pictures that another model extracted keypoints from. */
#ifndef CALIBRATION_DATA_H
#define CALIBRATION_DATA_H

#include "gluec.h"

/* What the user gave. */
struct calibration_wish {
	const char *const *data; /* folders of test data sets */
	int n_data;
	const char *images;    /* a folder of PNG files, or NULL */
	const char *extractor; /* a model file for a matcher's inputs, or NULL */
	int width, height;     /* of the pictures, where the model leaves that open; 0: their own */
};

struct calibration_data {
	int n; /* samples */
	/* Reads the model and specialises it for sample i, as c->graph; returns its inputs. Several samples may be loaded
	 * at once, each in an arena of its own. */
	struct value **(*load)(struct ctx *c, const struct calibration_data *data, int i);
	const struct calibration_wish *wish;
	const char *const *paths; /* of data sets or pictures */
	int n_paths;
	struct extracted *extracted; /* for each picture, when there is an extractor */
};

/* Finds the files, and runs the extractor, if any, on all pictures; what it leaves is in c's arena. Fails with
 * IO_FAILED when there is nothing to calibrate on. */
struct calibration_data *open_calibration_data(struct ctx *c, const struct calibration_wish *wish);

/* The outputs of c->graph, by the fastest kernels that this machine has, or those that GLUEC_ISA names. */
struct value **interpret_fast(struct ctx *c, struct value *const *inputs);

#endif
