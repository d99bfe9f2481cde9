#include "centrifuge.h"

Subscription *centrifuge_subscription(const Client *client, uint64_t id) {
    uint64_t at = id - FIRST_SUBSCRIBE_ID;
    return at < run.per_client ? &client->subscriptions[at] : NULL;
}

bool centrifuge_recovers(const Subscription *subscription) {
    return run.recovering && subscription->known;
}

void centrifuge_subscribed(Client *client, Subscription *subscription, const Outcome *outcome) {
    bool asked = centrifuge_recovers(subscription);
    if (asked)
        client_recovers(outcome->recovered);
    /* What was recovered follows our own offset. A topic that nobody has published to has no epoch yet. */
    if (!asked || !outcome->recovered)
        subscription->offset = outcome->offset;
    remember_epoch(subscription, outcome->epoch);
    if (++client->acknowledged == run.per_client)
        client_ready(client);
}

void centrifuge_published(const Client *client, Span data, uint64_t offset, Span epoch) {
    Mark mark;
    if (!mark_only(data.data, data.data + data.size, &mark))
        return;
    Subscription *subscription = client_received(client, &mark);
    if (subscription == NULL)
        return;
    if (offset > 0)
        subscription->offset = offset;
    if (epoch.size > 0)
        remember_epoch(subscription, epoch);
}
