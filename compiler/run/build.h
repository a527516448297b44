/* Makes something that can be loaded of what the emitter wrote. Everything is made in the run's temporary folder. */
#ifndef BUILD_H
#define BUILD_H

#include "gluec.h"

/* Where set.out_dir must point, so that build_library finds the generated files. */
const char *build_folder(struct ctx *c);

/* Builds the object of set.name in the build folder and returns the path of a shared library of it. Fails with
 * CC_FAILED, having printed the first lines of what the C compiler said. */
const char *build_library(struct ctx *c);

/* The same for an object that exists already. *name becomes the model's name, as the object's NAME_model says. */
const char *link_object(struct ctx *c, const char *object, const char **name);

/* Is this file an object of ELF's relocatable kind? */
bool is_object_file(const char *path);

#endif
