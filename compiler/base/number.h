/* Numbers as C constants: the shortest text that reads back to the same bits. */
#ifndef NUMBER_H
#define NUMBER_H

#include <stdint.h>
#include <stdio.h>

void write_float(FILE *f, float x);
void write_double(FILE *f, double x);
void write_int64(FILE *f, int64_t x);

#endif
