/* What arrived: marks found in bytes, sequences checked for gaps and repetitions, counters, latencies.

   Exact however late a message comes: what is missing is remembered as ranges until it arrives. */
#ifndef LOAD_TALLY_H
#define LOAD_TALLY_H

#include "bytes.h"
#include "histogram.h"

/* The three numbers by which a publication of the benchmark is known: `"at":12,"seq":123,"sent":123456`. */
typedef struct {
    uint64_t topic;
    uint64_t seq;
    uint64_t sent_ns;
    const char *after; /* behind the mark */
} Mark;

bool mark_find(const char *from, const char *end, Mark *mark);

/* The same, faster, where there is at most one. */
bool mark_only(const char *from, const char *end, Mark *mark);

/* Numbers first ... last did not come. `round` tells in which count (see tally_begin) they were found missing. */
typedef struct {
    uint64_t first;
    uint64_t last;
    uint32_t round;
} Gap;

typedef struct {
    uint64_t last;
    Gap *gaps; /* ascending */
    uint32_t gap_count;
    uint32_t gap_capacity;
} Sequence;

typedef struct {
    uint64_t received;    /* messages with a mark, those repeated and late included */
    uint64_t missed;      /* did not come (so far) although a later one did */
    uint64_t repeated;    /* came before */
    uint64_t disordered;  /* came after a later one; not missed any more */
    uint64_t foreign;     /* of a topic to which the client did not subscribe */
    uint64_t closed;      /* ready clients whose socket ended, other than by `drop` */
    uint64_t refused;     /* clients that did not get ready */
    uint64_t unsubscribed;
    uint64_t recovered;
    uint64_t not_recovered;
    uint64_t bytes;
    uint64_t last_received_ns;
    double cpu_before_s;
    uint32_t round;
    char reason[200]; /* the first for which a client was refused, closed or unsubscribed */
    Histogram latency;
} Tally;

/* `first` is the number expected first; 0: the first one that comes. */
void sequence_start(Sequence *sequence, uint64_t first);

void tally_begin(Tally *tally);
void tally_reason(Tally *tally, const char *reason);
void tally_take(Tally *tally, Sequence *sequence, uint64_t seq);
void tally_received(Tally *tally, Sequence *sequence, const Mark *mark, uint64_t now_ns);

#endif
