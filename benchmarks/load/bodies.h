/* The readings that `load posts` sends: requests made in advance, or with marks, made when they are sent. */
#ifndef LOAD_BODIES_H
#define LOAD_BODIES_H

#include "bytes.h"

typedef struct {
    const char *host;
    const char *path;
    int port;
    uint32_t per_post, devices, metrics, connections;
    bool mark;
} Posting;

void bodies_create(const Posting *posting);

/* The next whole request of a connection, valid until the next call. With marks, each device belongs to one connection,
   which numbers its readings: what arrives in another order was reordered by the server. */
Span bodies_next(uint32_t connection);

#endif
