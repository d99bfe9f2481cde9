#include "clients.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "process.h"
#include "receiving.h"

enum { SEND_TIMEOUT_MS = 5000 };

Run run;
Round connecting;

static Client *clients;
static int epoll_fd;
static uint32_t ready_count;
static uint64_t looked_ns; /* when clients that take too long were looked for */
static Bytes outgoing;

void clients_create(int epoll) {
    epoll_fd = epoll;
    clients = calloc(run.clients, sizeof *clients);
    Subscription *all = calloc((size_t)run.clients * run.per_client, sizeof *all);
    if (clients == NULL || all == NULL)
        die("out of memory: %u clients with %u subscriptions each", run.clients, run.per_client);
    for (uint32_t at = 0; at < run.clients; at++) {
        clients[at] = (Client){.fd = -1, .index = at, .subscriptions = all + (size_t)at * run.per_client};
        for (uint32_t of = 0; of < run.per_client; of++)
            sequence_start(&clients[at].subscriptions[of].sequence, run.first_seq);
    }
}

uint32_t topic_of(const Client *client, uint32_t subscription) {
    return (uint32_t)(((uint64_t)client->index * run.per_client + subscription) % run.topics);
}

Subscription *subscription_to(const Client *client, uint64_t topic) {
    if (topic >= run.topics)
        return NULL;
    uint32_t first = topic_of(client, 0);
    uint64_t at = topic >= first ? topic - first : topic + run.topics - first;
    return at < run.per_client ? &client->subscriptions[at] : NULL;
}

Subscription *client_received(const Client *client, const Mark *mark) {
    Subscription *subscription = subscription_to(client, mark->topic);
    if (subscription == NULL)
        run.tally.foreign++;
    else
        tally_received(&run.tally, &subscription->sequence, mark, run.now_ns);
    return subscription;
}

void client_recovers(bool recovered) {
    if (recovered)
        run.tally.recovered++;
    else
        run.tally.not_recovered++;
}

void remember_epoch(Subscription *subscription, Span epoch) {
    if (epoch.size >= EPOCH_SIZE)
        die("an epoch of %zu bytes is too long for this client", epoch.size);
    memcpy(subscription->epoch, epoch.data, epoch.size);
    subscription->epoch[epoch.size] = '\0';
    subscription->known = true;
}

static void away(Client *client) {
    if (client->state == READY)
        ready_count--;
    else
        connecting.in_flight--;
    close(client->fd);
    client->fd = -1;
    client->state = AWAY;
    bytes_free(&client->kept);
    bytes_free(&client->fragments);
}

void client_lost(Client *client, const char *format, ...) {
    if (client->state == AWAY)
        return;
    char reason[200];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    tally_reason(&run.tally, reason);
    if (client->state == READY) {
        run.tally.closed++;
    } else {
        run.tally.refused++;
        connecting.failed++;
    }
    away(client);
}

void client_ready(Client *client) {
    if (client->state != SUBSCRIBING)
        return;
    client->state = READY;
    connecting.in_flight--;
    ready_count++;
}

static void send_bytes(Client *client, const Bytes *bytes) {
    size_t sent = 0;
    while (sent < bytes->size) {
        ssize_t size = send(client->fd, bytes->data + sent, bytes->size - sent, 0);
        if (size >= 0) {
            sent += (size_t)size;
            continue;
        }
        struct pollfd writable = {.fd = client->fd, .events = POLLOUT};
        if (errno != EAGAIN) {
            client_lost(client, "send: %s", strerror(errno));
            return;
        }
        if (poll(&writable, 1, SEND_TIMEOUT_MS) == 0) {
            client_lost(client, "the server does not read what clients send");
            return;
        }
    }
}

void client_send(Client *client, int opcode, Span payload) {
    if (client->fd < 0)
        return;
    outgoing.size = 0;
    websocket_add_frame(&outgoing, opcode, payload);
    send_bytes(client, &outgoing);
}

void client_send_text(Client *client, const char *text) {
    client_send(client, TEXT, (Span){text, strlen(text)});
}

static void start(Client *client) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)run.port)};
    if (inet_pton(AF_INET, run.host, &address.sin_addr) != 1)
        die("--host wants an IPv4 address, not %s", run.host);
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (client->fd < 0)
        die("socket: %s", strerror(errno));
    int one = 1;
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    client->state = CONNECTING;
    client->acknowledged = 0;
    client->since_ns = monotonic_ns();
    connecting.in_flight++;
    struct epoll_event event = {.events = EPOLLOUT, .data.ptr = client};
    if (connect(client->fd, (struct sockaddr *)&address, sizeof address) != 0 && errno != EINPROGRESS)
        client_lost(client, "connect: %s", strerror(errno));
    else if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, client->fd, &event) != 0)
        die("epoll_ctl: %s", strerror(errno));
}

void clients_connect(void) {
    connecting = (Round){.active = true, .started_ns = monotonic_ns()};
    run.tally.reason[0] = '\0';
}

static void give_up_on_the_slow(void) {
    static const char *const WAITS_FOR[] = {
        [CONNECTING] = "the connection", [UPGRADING] = "the handshake", [SUBSCRIBING] = "its subscriptions"};
    uint64_t now = monotonic_ns();
    if (now - looked_ns < 1000000000u)
        return;
    looked_ns = now;
    for (uint32_t at = 0; at < connecting.next; at++) {
        Client *client = &clients[at];
        if (client->state != AWAY && client->state != READY &&
            now - client->since_ns > (uint64_t)run.timeout_s * 1000000000u)
            client_lost(client, "a client waited %u s for %s", run.timeout_s, WAITS_FOR[client->state]);
    }
}

bool clients_go_on(void) {
    if (!connecting.active)
        return false;
    give_up_on_the_slow();
    while (connecting.next < run.clients && connecting.in_flight < run.in_flight) {
        Client *client = &clients[connecting.next++];
        if (client->state == AWAY)
            start(client);
    }
    if (connecting.next < run.clients || connecting.in_flight > 0)
        return false;
    connecting.active = false;
    run.recovering = true;
    return true;
}

static void connected(Client *client) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) {
        client_lost(client, "connect: %s", strerror(error));
        return;
    }
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
    epoll_ctl(epoll_fd, EPOLL_CTL_MOD, client->fd, &event);
    client->state = UPGRADING;
    Bytes path = {0};
    run.dialect->path(client, &path);
    outgoing.size = 0;
    websocket_request(&outgoing, run.host, run.port, (Span){path.data, path.size});
    send_bytes(client, &outgoing);
    bytes_free(&path);
}

void clients_event(Client *client) {
    if (client->state == CONNECTING)
        connected(client);
    else if (client->state != AWAY)
        client_receive(client);
}

void clients_drop(void) {
    /* Without a linger time a close is a reset: nothing is flushed, and no port waits. */
    struct linger none = {.l_onoff = 1, .l_linger = 0};
    for (uint32_t at = 0; at < run.clients; at++) {
        if (clients[at].state == AWAY)
            continue;
        setsockopt(clients[at].fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
        away(&clients[at]);
    }
    connecting.active = false;
}

uint32_t clients_ready(void) {
    return ready_count;
}

uint64_t clients_lowest(void) {
    uint64_t lowest = UINT64_MAX;
    for (uint32_t at = 0; at < run.clients; at++)
        for (uint32_t of = 0; of < run.per_client; of++) {
            uint64_t last = clients[at].subscriptions[of].sequence.last + 1; /* nothing yet is the largest number */
            lowest = last < lowest ? last : lowest;
        }
    return lowest == 0 ? 0 : lowest - 1;
}
