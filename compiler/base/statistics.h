/* What is said of many measured numbers. */
#ifndef STATISTICS_H
#define STATISTICS_H

void sort_numbers(double *x, int n);

/* Of n >= 1 sorted numbers: the middle one, or the mean of the two in the middle; and the smallest that `percent` of
 * all do not exceed (the nearest rank). */
double median(const double *sorted, int n);
double percentile(const double *sorted, int n, int percent);

#endif
