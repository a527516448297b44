/* What is in a folder. */
#ifndef FOLDER_H
#define FOLDER_H

#include "gluec.h"

/* The paths of those entries of a folder whose names are wanted, in the order of their names (file_9 before file_10);
 * returns their count. Fails with IO_FAILED when the folder cannot be read. */
int list_folder(struct ctx *c, const char *folder, bool (*wanted)(const char *name), const char *const **paths);

#endif
