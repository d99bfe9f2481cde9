#include "histogram.h"

#include <string.h>

/* Below STEPS each value has its own bucket; above, each power of two is cut into STEPS equal ones. */
static unsigned bucket_of(uint64_t ns) {
    if (ns < STEPS)
        return (unsigned)ns;
    unsigned shift = 63u - (unsigned)__builtin_clzll(ns) - STEP_BITS;
    return (shift + 1) * STEPS + (unsigned)(ns >> shift) - STEPS;
}

static double middle_ns(unsigned bucket) {
    if (bucket < STEPS)
        return bucket;
    unsigned shift = bucket / STEPS - 1;
    double low = (double)((uint64_t)(STEPS + bucket % STEPS) << shift);
    return low + (double)(1ull << shift) / 2;
}

void histogram_add(Histogram *histogram, uint64_t ns) {
    histogram->counts[bucket_of(ns)]++;
    histogram->total++;
    if (ns > histogram->max_ns)
        histogram->max_ns = ns;
}

double histogram_us(const Histogram *histogram, double share) {
    uint64_t wanted = (uint64_t)(share * (double)histogram->total);
    uint64_t seen = 0;
    for (unsigned bucket = 0; bucket < sizeof histogram->counts / sizeof *histogram->counts; bucket++) {
        seen += histogram->counts[bucket];
        if (seen > wanted && middle_ns(bucket) < (double)histogram->max_ns)
            return middle_ns(bucket) / 1e3;
    }
    return (double)histogram->max_ns / 1e3;
}

void histogram_clear(Histogram *histogram) {
    memset(histogram, 0, sizeof *histogram);
}
