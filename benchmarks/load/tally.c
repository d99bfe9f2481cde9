#include "tally.h"

#include <stdlib.h>
#include <string.h>

#include "process.h"

static const char MARK[] = "\"at\":";
static const uint64_t NOTHING_YET = UINT64_MAX;

/* Reads the numbers behind `"at":`. */
static bool read_mark(const char *at, const char *end, Mark *mark) {
    bool whole = read_number(&at, end, &mark->topic) && READ_LITERAL(&at, end, ",\"seq\":") &&
                 read_number(&at, end, &mark->seq) && READ_LITERAL(&at, end, ",\"sent\":") &&
                 read_number(&at, end, &mark->sent_ns);
    mark->after = at;
    return whole;
}

bool mark_find(const char *from, const char *end, Mark *mark) {
    while ((from = memmem(from, (size_t)(end - from), MARK, sizeof MARK - 1)) != NULL) {
        from += sizeof MARK - 1;
        if (read_mark(from, end, mark))
            return true;
    }
    return false;
}

bool mark_only(const char *from, const char *end, Mark *mark) {
    static size_t distance;
    const char *at = find_again(from, end, MARK, sizeof MARK - 1, &distance);
    return at != NULL && (read_mark(at, end, mark) || mark_find(from, end, mark));
}

void sequence_start(Sequence *sequence, uint64_t first) {
    sequence->last = first == 0 ? NOTHING_YET : first - 1;
}

static void insert_gap(Sequence *sequence, uint32_t at, Gap gap) {
    if (sequence->gap_count == sequence->gap_capacity) {
        sequence->gap_capacity = sequence->gap_capacity * 2 + 4;
        sequence->gaps = realloc(sequence->gaps, sequence->gap_capacity * sizeof(Gap));
        if (sequence->gaps == NULL)
            die("out of memory: too many gaps");
    }
    memmove(sequence->gaps + at + 1, sequence->gaps + at, (sequence->gap_count - at) * sizeof(Gap));
    sequence->gaps[at] = gap;
    sequence->gap_count++;
}

/* Takes a number that came after a later one out of the gaps; false if it is in none, so came before. */
static bool fill_gap(Sequence *sequence, uint64_t seq, uint32_t *round) {
    uint32_t low = 0, high = sequence->gap_count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (sequence->gaps[middle].last < seq)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == sequence->gap_count || seq < sequence->gaps[low].first)
        return false;
    Gap *gap = &sequence->gaps[low];
    *round = gap->round;
    if (gap->first == gap->last) {
        memmove(gap, gap + 1, (--sequence->gap_count - low) * sizeof(Gap));
    } else if (seq == gap->first) {
        gap->first++;
    } else if (seq == gap->last) {
        gap->last--;
    } else {
        Gap rest = {seq + 1, gap->last, gap->round};
        gap->last = seq - 1;
        insert_gap(sequence, low + 1, rest);
    }
    return true;
}

void tally_take(Tally *tally, Sequence *sequence, uint64_t seq) {
    if (seq == sequence->last + 1 || sequence->last == NOTHING_YET) {
        sequence->last = seq;
    } else if (seq > sequence->last) {
        insert_gap(sequence, sequence->gap_count, (Gap){sequence->last + 1, seq - 1, tally->round});
        tally->missed += seq - sequence->last - 1;
        sequence->last = seq;
    } else {
        uint32_t round;
        if (!fill_gap(sequence, seq, &round)) {
            tally->repeated++;
        } else {
            tally->disordered++;
            if (round == tally->round)
                tally->missed--;
        }
    }
}

void tally_received(Tally *tally, Sequence *sequence, const Mark *mark, uint64_t now_ns) {
    tally->received++;
    tally->last_received_ns = now_ns;
    histogram_add(&tally->latency, now_ns > mark->sent_ns ? now_ns - mark->sent_ns : 0);
    tally_take(tally, sequence, mark->seq);
}

void tally_begin(Tally *tally) {
    uint32_t round = tally->round + 1;
    memset(tally, 0, sizeof *tally);
    tally->round = round;
    tally->cpu_before_s = cpu_seconds();
}

void tally_reason(Tally *tally, const char *reason) {
    if (tally->reason[0] != '\0')
        return;
    size_t size = 0;
    for (; reason[size] != '\0' && size < sizeof tally->reason - 1; size++) {
        unsigned char letter = (unsigned char)reason[size];
        tally->reason[size] = letter < ' ' || letter > '~' || letter == '"' || letter == '\\' ? ' ' : (char)letter;
    }
    tally->reason[size] = '\0';
}
