/* One client, and what dialects may do with it. What has no other place is in clients.c; dialects hold no state. */
#ifndef LOAD_CLIENT_H
#define LOAD_CLIENT_H

#include "tally.h"
#include "websocket.h"

enum { EPOCH_SIZE = 24 };

/* A client's place in one topic. It outlives the socket: the next one resumes from it. */
typedef struct {
    Sequence sequence;
    uint64_t offset;
    bool known; /* offset and epoch are the server's */
    char epoch[EPOCH_SIZE];
} Subscription;

/* SUBSCRIBING: the handshake is done, and the server has not confirmed every subscription yet. */
typedef enum { AWAY, CONNECTING, UPGRADING, SUBSCRIBING, READY } State;

typedef struct {
    int fd;
    uint32_t index;
    State state;
    uint32_t acknowledged;    /* subscriptions that the server confirmed */
    uint64_t since_ns;        /* when it began to connect */
    Bytes kept;               /* the unfinished frame at the end of what was read */
    Bytes fragments;          /* the unfinished message of several frames */
    Subscription *subscriptions;
} Client;

struct Dialect;

typedef struct {
    const char *host;
    const char *path;
    const char *channel;
    const struct Dialect *dialect;
    int port;
    uint32_t clients, topics, per_client, in_flight, first_seq, timeout_s;
    bool recovering; /* not the first time that clients connect */
    Tally tally;
    uint64_t now_ns; /* when the bytes at hand were read */
} Run;

extern Run run;

typedef struct Dialect {
    const char *name;
    const char *channel; /* unless the command line names one */
    /* Adds the path with its query. */
    void (*path)(const Client *client, Bytes *out);
    /* The handshake is done. */
    void (*opened)(Client *client);
    /* A whole message came: TEXT or BINARY. */
    void (*message)(Client *client, Span message);
} Dialect;

/* The dialect of that name; ends the process if there is none. */
const Dialect *dialect_named(const char *name);

extern const Dialect PLAIN, TEXT_DIALECT, SOCKETIO, CENTRIFUGE_JSON, CENTRIFUGE_PROTOBUF;

/* The topic of a client's subscription, and the subscription to a topic; NULL if it has none. */
uint32_t topic_of(const Client *client, uint32_t subscription);
Subscription *subscription_to(const Client *client, uint64_t topic);

void client_send(Client *client, int opcode, Span payload);
void client_send_text(Client *client, const char *text);
void client_ready(Client *client);
/* Closes it: refused if it was not ready yet, else closed. Nothing of it may be used afterwards but `fd`, which is -1. */
void client_lost(Client *client, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Counts the message with this mark; NULL if the topic is none of the client's. */
Subscription *client_received(const Client *client, const Mark *mark);
/* Counts a subscription that asked to recover, by what it was told. */
void client_recovers(bool recovered);
void remember_epoch(Subscription *subscription, Span epoch);

#endif
