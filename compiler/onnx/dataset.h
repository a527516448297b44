/* Test data sets as the ONNX project keeps them: a folder with input_N.pb and output_N.pb, one tensor each. */
#ifndef DATASET_H
#define DATASET_H

#include "gluec.h"

struct dataset {
	const char *path;
	struct value **inputs;  /* one for each input of the model, in its order */
	struct value **outputs; /* the expected ones, or NULL when the folder has none */
	int fixed;              /* how many inputs of the model became constants: they are not among the inputs any more */
};

/* The data sets in a folder: the folder itself when it holds such files, else its children test_data_set_*, in the
 * order of their numbers. Fails with IO_FAILED when there are none. Returns their count. */
int find_datasets(struct ctx *c, const char *folder, const char *const **paths);

/* Reads the model and a data set for it, binds the model's open dimensions to the shapes of the inputs, and specialises
 * the model. An input that a node needs constant, and that no --constant names, is fixed to its value in the data set.
 * A file's tensor is for the input of its name, or, when no input has that name, for the one with its number. Missing
 * files and other types or shapes than the model's fail. */
struct dataset *specialize_for(struct ctx *c, const char *path);

/* Fails unless output i has the type and shape that the data set expects. */
void check_expected(struct ctx *c, const struct dataset *d, int i, const struct value *actual);

#endif
