/* Output files: all or nothing. They are written under temporary names beside their places and renamed together. Until
 * then SIGHUP, SIGINT and SIGTERM wait. */
#ifndef OUT_H
#define OUT_H

#include "gluec.h"

struct output_file *output_open(struct ctx *c, const char *path);
FILE *output_stream(struct output_file *f);
/* Closes every open output and puts it in its place; fails with IO_FAILED when the disk is full. */
void output_commit(struct ctx *c);
/* Removes what output_commit did not get to; for main, after a failure. */
void output_discard(struct ctx *c);
/* Makes a folder and its parents. */
void make_folder(struct ctx *c, const char *path);

/* Fails as output_open and output_commit, or make_folder and output_open in it, would: for what is written only after
 * long work. Nothing is left. No output may be open. */
void check_output(struct ctx *c, const char *path);
void check_folder(struct ctx *c, const char *path);

#endif
