/* Small models that use much of what gluec writes, for tests of the text and of what becomes of it. */
#ifndef GOLDEN_MODELS_H
#define GOLDEN_MODELS_H

#include "pass_test.h"

/* What a small picture network is made of: convolutions with what follows them, products, a normalisation, scores. */
void golden_picture(struct op_test *t);
/* A matcher in small: attention, a residual, an early exit, the strongest and their indices. */
void golden_matcher(struct op_test *t);
/* Numbers as they are printed, integers, strides, shifts, and what a model may call things. */
void golden_numbers(struct op_test *t);

#endif
