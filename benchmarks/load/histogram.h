/* Durations in log-linear buckets less than 1 % wide: any number of them in 64 KB, and the true maximum. */
#ifndef LOAD_HISTOGRAM_H
#define LOAD_HISTOGRAM_H

#include <stdint.h>

enum { STEP_BITS = 7, STEPS = 1 << STEP_BITS };

typedef struct {
    uint64_t counts[(64 - STEP_BITS + 1) * STEPS];
    uint64_t total;
    uint64_t max_ns;
} Histogram;

void histogram_add(Histogram *histogram, uint64_t ns);

/* The middle of the bucket that holds the value at `share` (0...1), in microseconds; 0 where nothing was added. */
double histogram_us(const Histogram *histogram, double share);

void histogram_clear(Histogram *histogram);

#endif
