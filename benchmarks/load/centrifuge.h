/* What both encodings of the Centrifuge protocol share: the outcome of a subscribe command. */
#ifndef LOAD_CENTRIFUGE_H
#define LOAD_CENTRIFUGE_H

#include "client.h"

typedef struct {
    Span epoch;
    uint64_t offset;
    bool recovered;
} Outcome;

enum { CONNECT_ID = 1, FIRST_SUBSCRIBE_ID = 2 };

/* The subscription that the reply of this id is about; NULL if there is none. */
Subscription *centrifuge_subscription(const Client *client, uint64_t id);

/* Whether the subscribe command asks to recover. */
bool centrifuge_recovers(const Subscription *subscription);

/* The server confirmed a subscription. To be called before what it recovered is counted. */
void centrifuge_subscribed(Client *client, Subscription *subscription, const Outcome *outcome);

/* Counts a publication; without a mark it is none of the benchmark's. */
void centrifuge_published(const Client *client, Span data, uint64_t offset, Span epoch);

#endif
