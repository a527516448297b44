/* Every test file defines one suite; run.c makes a program of it. */
#ifndef SUITE_H
#define SUITE_H

#include <check.h>

Suite *suite(void);

#endif
