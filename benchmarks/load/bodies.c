#include "bodies.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "process.h"

enum { MOST_IN_ADVANCE = 64 * 1024 * 1024 };

static Posting posting;
static Bytes head;   /* up to the value of Content-Length */
static Bytes values; /* of the metrics, the end of a reading included */
static uint64_t started_ms;

static Bytes *ready; /* requests made in advance, taken in turn */
static uint32_t ready_count, ready_next;

static uint64_t *seqs;       /* by device: the number of its last reading */
static uint32_t *next_device; /* by connection */
static Bytes body, request;

static void add_device(Bytes *out, uint32_t device) {
    bytes_add_text(out, "{\"device\":\"");
    bytes_add_topic(out, "bench-%04d", device);
    bytes_add_text(out, "\",\"ts\":");
    bytes_add_number(out, started_ms);
    bytes_add_text(out, ",\"values\":{");
}

static void add_marked(Bytes *out, uint32_t device) {
    add_device(out, device);
    bytes_add_text(out, "\"at\":");
    bytes_add_number(out, device);
    bytes_add_text(out, ",\"seq\":");
    bytes_add_number(out, ++seqs[device]);
    bytes_add_text(out, ",\"sent\":");
    bytes_add_number(out, monotonic_ns());
    if (posting.metrics > 0)
        bytes_add_text(out, ",");
    bytes_add(out, values.data, values.size);
}

static void wrap(Bytes *out, const Bytes *content) {
    bytes_add(out, head.data, head.size);
    bytes_add_number(out, content->size);
    bytes_add_text(out, "\r\n\r\n");
    bytes_add(out, content->data, content->size);
}

/* A lone reading is an object, several are an array. */
static void bracket(Bytes *out, const char *one) {
    if (posting.per_post > 1)
        bytes_add_text(out, one);
}

static uint32_t common_divisor(uint32_t a, uint32_t b) {
    return b == 0 ? a : common_divisor(b, a % b);
}

/* As many requests as it takes until they begin with the same device again, unless that is too much. */
static void make_in_advance(void) {
    size_t size = (size_t)posting.per_post * (values.size + 60);
    ready_count = posting.devices / common_divisor(posting.devices, posting.per_post);
    if (ready_count > MOST_IN_ADVANCE / size)
        ready_count = (uint32_t)(MOST_IN_ADVANCE / size) + 1;
    ready = calloc(ready_count, sizeof *ready);
    if (ready == NULL)
        die("out of memory: %u requests", ready_count);
    uint32_t device = 0;
    for (uint32_t at = 0; at < ready_count; at++) {
        body.size = 0;
        bracket(&body, "[");
        for (uint32_t of = 0; of < posting.per_post; of++) {
            if (of > 0)
                bytes_add_text(&body, ",");
            add_device(&body, device);
            bytes_add(&body, values.data, values.size);
            device = (device + 1) % posting.devices;
        }
        bracket(&body, "]");
        wrap(&ready[at], &body);
    }
}

void bodies_create(const Posting *wanted) {
    posting = *wanted;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    started_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
    char text[400];
    snprintf(text, sizeof text, " HTTP/1.1\r\nHost: %s:%d\r\nContent-Type: application/json\r\nContent-Length: ",
             posting.host, posting.port);
    bytes_add_text(&head, "POST ");
    bytes_add_text(&head, posting.path);
    bytes_add_text(&head, text);
    for (uint32_t at = 0; at < posting.metrics; at++) {
        snprintf(text, sizeof text, "%s\"metric-%u\":%u.%u", at == 0 ? "" : ",", at, 20 + at % 10, 1 + at % 9);
        bytes_add_text(&values, text);
    }
    bytes_add_text(&values, "}}");
    if (!posting.mark) {
        make_in_advance();
        return;
    }
    seqs = calloc(posting.devices, sizeof *seqs);
    next_device = calloc(posting.connections, sizeof *next_device);
    if (seqs == NULL || next_device == NULL)
        die("out of memory: %u devices", posting.devices);
    for (uint32_t at = 0; at < posting.connections; at++)
        next_device[at] = at;
}

Span bodies_next(uint32_t connection) {
    if (!posting.mark) {
        const Bytes *next = &ready[ready_next];
        ready_next = (ready_next + 1) % ready_count;
        return (Span){next->data, next->size};
    }
    body.size = request.size = 0;
    bracket(&body, "[");
    for (uint32_t of = 0; of < posting.per_post; of++) {
        uint32_t *device = &next_device[connection];
        if (of > 0)
            bytes_add_text(&body, ",");
        add_marked(&body, *device);
        *device = *device + posting.connections < posting.devices ? *device + posting.connections : connection;
    }
    bracket(&body, "]");
    wrap(&request, &body);
    return (Span){request.data, request.size};
}
