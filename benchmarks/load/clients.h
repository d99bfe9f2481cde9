/* All clients: connecting them a few at a time, reading from them, dropping them. */
#ifndef LOAD_CLIENTS_H
#define LOAD_CLIENTS_H

#include "client.h"

typedef struct {
    bool active;
    uint64_t started_ns;
    uint32_t next; /* the first client that was not looked at */
    uint32_t in_flight;
    uint32_t failed;
} Round;

extern Round connecting;

/* Makes them, all away. Their events are asked of `epoll`. */
void clients_create(int epoll);

/* Begins to connect all that are away; clients_go_on does the work, and says whether that was the end of it. */
void clients_connect(void);
bool clients_go_on(void);

void clients_event(Client *client);
void clients_drop(void);
uint32_t clients_ready(void);
/* The last number of the sequence that is furthest behind, 0 if one has none. */
uint64_t clients_lowest(void);

#endif
