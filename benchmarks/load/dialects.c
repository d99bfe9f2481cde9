/* The small dialects: nothing to say, the topic's name to say, and Socket.IO. */
#include <string.h>

#include "client.h"
#include "process.h"

const Dialect *dialect_named(const char *name) {
    static const Dialect *const ALL[] = {&PLAIN, &TEXT_DIALECT, &SOCKETIO, &CENTRIFUGE_JSON, &CENTRIFUGE_PROTOBUF};
    for (size_t at = 0; at < sizeof ALL / sizeof *ALL; at++)
        if (strcmp(ALL[at]->name, name) == 0)
            return ALL[at];
    die("no such dialect: %s (there are plain, text, socketio, centrifuge-json, centrifuge-protobuf)", name);
}

/* Counts every message in a frame; false if there is none. `took` hears of each, with what stands before the next. */
static bool take_all(Client *client, Span message, void (*took)(Subscription *, Span)) {
    const char *end = message.data + message.size;
    Mark mark, next;
    if (!mark_find(message.data, end, &mark))
        return false;
    for (bool more = true; more; mark = next) {
        more = mark_find(mark.after, end, &next);
        Subscription *subscription = client_received(client, &mark);
        if (subscription != NULL && took != NULL)
            took(subscription, (Span){mark.after, (size_t)((more ? next.after : end) - mark.after)});
    }
    return true;
}

static void topic_path(const Client *client, Bytes *out) {
    bytes_add_topic(out, run.path, topic_of(client, 0));
}

/* plain: one topic per path; Windsock's devices tell the position from which to resume. */

static void plain_path(const Client *client, Bytes *out) {
    topic_path(client, out);
    const Subscription *subscription = client->subscriptions;
    if (!run.recovering || !subscription->known)
        return;
    bytes_add_text(out, strchr(run.path, '?') == NULL ? "?since=" : "&since=");
    bytes_add_text(out, subscription->epoch);
    bytes_add_text(out, ".");
    bytes_add_number(out, subscription->offset);
}

static void plain_opened(Client *client) {
    if (run.recovering && client->subscriptions->known)
        client_recovers(true);
    client_ready(client);
}

static void resume_from(Subscription *subscription, Span rest) {
    static const char NAME[] = "\"position\":\"";
    const char *end = rest.data + rest.size;
    const char *at = memmem(rest.data, rest.size, NAME, sizeof NAME - 1);
    if (at == NULL)
        return;
    at += sizeof NAME - 1;
    const char *dot = memchr(at, '.', (size_t)(end - at));
    if (dot == NULL)
        return;
    remember_epoch(subscription, (Span){at, (size_t)(dot - at)});
    dot++;
    read_number(&dot, end, &subscription->offset);
}

static void plain_message(Client *client, Span message) {
    if (take_all(client, message, resume_from))
        return;
    if (memmem(message.data, message.size, "\"position_lost\"", 15) != NULL) {
        run.tally.recovered -= run.tally.recovered > 0;
        client_recovers(false);
    }
}

const Dialect PLAIN = {"plain", "bench-%04d", plain_path, plain_opened, plain_message};

/* text: each topic's name is sent, and confirmed by `ok`. */

static void text_opened(Client *client) {
    Bytes name = {0};
    for (uint32_t at = 0; at < run.per_client && client->fd >= 0; at++) {
        name.size = 0;
        bytes_add_topic(&name, run.channel, topic_of(client, at));
        client_send(client, TEXT, (Span){name.data, name.size});
    }
    bytes_free(&name);
}

static void text_message(Client *client, Span message) {
    if (take_all(client, message, NULL))
        return;
    if (message.size == 2 && starts_with(message, "ok") && ++client->acknowledged == run.per_client)
        client_ready(client);
}

const Dialect TEXT_DIALECT = {"text", "bench-%04d", topic_path, text_opened, text_message};

/* socketio: Engine.IO 4 over WebSocket alone, the default namespace. */

static void socketio_opened(Client *client) {
    (void)client; /* the server speaks first */
}

static void socketio_subscribe(Client *client) {
    Bytes event = {0};
    for (uint32_t at = 0; at < run.per_client && client->fd >= 0; at++) {
        event.size = 0;
        bytes_add_text(&event, "42[\"subscribe\",\"");
        bytes_add_topic(&event, run.channel, topic_of(client, at));
        bytes_add_text(&event, "\"]");
        client_send(client, TEXT, (Span){event.data, event.size});
    }
    bytes_free(&event);
}

static void socketio_message(Client *client, Span message) {
    if (take_all(client, message, NULL))
        return;
    if (message.size == 1 && message.data[0] == '2')
        client_send_text(client, "3");
    else if (starts_with(message, "0{"))
        client_send_text(client, "40");
    else if (starts_with(message, "40"))
        socketio_subscribe(client);
    else if (starts_with(message, "42[\"subscribed\"") && ++client->acknowledged == run.per_client)
        client_ready(client);
    else if (starts_with(message, "41") || starts_with(message, "44") || starts_with(message, "1"))
        client_lost(client, "the server said %.*s", (int)(message.size < 120 ? message.size : 120), message.data);
}

const Dialect SOCKETIO = {"socketio", "bench-%04d", topic_path, socketio_opened, socketio_message};
