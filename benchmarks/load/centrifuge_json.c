/* The Centrifuge protocol in JSON: commands and replies are objects, one per line of a text frame. */
#include <stdio.h>
#include <string.h>

#include "centrifuge.h"
#include "json.h"

static void json_path(const Client *client, Bytes *out) {
    bytes_add_topic(out, run.path, topic_of(client, 0));
}

static void json_opened(Client *client) {
    Bytes commands = {0};
    bytes_add_text(&commands, "{\"id\":1,\"connect\":{}}");
    for (uint32_t at = 0; at < run.per_client; at++) {
        const Subscription *subscription = &client->subscriptions[at];
        bytes_add_text(&commands, "\n{\"id\":");
        bytes_add_number(&commands, FIRST_SUBSCRIBE_ID + at);
        bytes_add_text(&commands, ",\"subscribe\":{\"channel\":\"");
        bytes_add_topic(&commands, run.channel, topic_of(client, at));
        bytes_add_text(&commands, "\"");
        if (centrifuge_recovers(subscription)) {
            bytes_add_text(&commands, ",\"recover\":true,\"epoch\":\"");
            bytes_add_text(&commands, subscription->epoch);
            bytes_add_text(&commands, "\",\"offset\":");
            bytes_add_number(&commands, subscription->offset);
        }
        bytes_add_text(&commands, "}}");
    }
    client_send(client, TEXT, (Span){commands.data, commands.size});
    bytes_free(&commands);
}

/* The hot path, without the walk through the object: a push holds one publication, its offset behind its data. */
static bool published(const Client *client, Span line) {
    const char *end = line.data + line.size;
    Mark mark;
    if (!mark_only(line.data, end, &mark))
        return false;
    Subscription *subscription = client_received(client, &mark);
    static size_t distance;
    const char *at = find_again(mark.after, end, "\"offset\":", 9, &distance);
    if (subscription == NULL || at == NULL)
        return true;
    read_number(&at, end, &subscription->offset);
    if (READ_LITERAL(&at, end, ",\"epoch\":\"")) {
        const char *quote = memchr(at, '"', (size_t)(end - at));
        if (quote != NULL)
            remember_epoch(subscription, (Span){at, (size_t)(quote - at)});
    }
    return true;
}

static void pushed(Client *client, Span push) {
    Span unsubscribe = json_member(push, "unsubscribe"), disconnect = json_member(push, "disconnect");
    Span channel = json_member(push, "channel");
    if (unsubscribe.size > 0) {
        run.tally.unsubscribed++;
        Span reason = json_member(unsubscribe, "reason");
        char text[160];
        snprintf(text, sizeof text, "unsubscribed from %.*s: %.*s", (int)channel.size, channel.data, (int)reason.size,
                 reason.data);
        tally_reason(&run.tally, text);
    } else if (disconnect.size > 0) {
        client_lost(client, "disconnected: %.*s", (int)disconnect.size, disconnect.data);
    }
}

static void replied(Client *client, Span reply) {
    uint64_t id = json_number(json_member(reply, "id"));
    Span error = json_member(reply, "error"), result = json_member(reply, "subscribe");
    if (error.size > 0) {
        client_lost(client, "%s was answered by error %.*s", id == CONNECT_ID ? "connect" : "subscribe",
                    (int)error.size, error.data);
        return;
    }
    Subscription *subscription = centrifuge_subscription(client, id);
    if (result.size == 0 || subscription == NULL)
        return;
    centrifuge_subscribed(client, subscription,
                          &(Outcome){json_member(result, "epoch"), json_number(json_member(result, "offset")),
                                     json_true(json_member(result, "recovered"))});
    Span rest = json_member(result, "publications"), publication;
    while (json_element(&rest, &publication))
        centrifuge_published(client, json_member(publication, "data"),
                             json_number(json_member(publication, "offset")), json_member(publication, "epoch"));
}

static void took(Client *client, Span line) {
    if (line.size <= 2) {
        if (starts_with(line, "{}"))
            client_send_text(client, "{}");
        return;
    }
    bool push = starts_with(line, "{\"push\":");
    if (push && published(client, line))
        return;
    Span pushed_object = json_member(line, "push");
    if (pushed_object.size > 0)
        pushed(client, pushed_object);
    else
        replied(client, line);
}

static void json_message(Client *client, Span message) {
    const char *at = message.data, *end = message.data + message.size;
    while (at < end && client->fd >= 0) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline == NULL ? end : newline;
        took(client, (Span){at, (size_t)(stop - at)});
        at = stop + 1;
    }
}

const Dialect CENTRIFUGE_JSON = {"centrifuge-json", "device:bench-%04d", json_path, json_opened, json_message};
