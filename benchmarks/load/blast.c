#include "blast.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "options.h"
#include "process.h"
#include "protobuf.h"
#include "websocket.h"

static const char CHANNEL[] = "device:bench-0000";
static const char ACCEPTED[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                               "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

static bool json, protobuf;

static void send_all(int fd, const void *data, size_t size) {
    for (const char *at = data; size > 0;) {
        ssize_t sent = send(fd, at, size, 0);
        if (sent < 0)
            die("send: %s", strerror(errno));
        at += sent;
        size -= (size_t)sent;
    }
}

/* A frame as servers send it: without the mask of websocket.c, which is that of a client. */
static void add_frame(Bytes *out, int opcode, const Bytes *payload) {
    unsigned char head[4] = {(unsigned char)(0x80 | opcode), (unsigned char)payload->size};
    if (payload->size > 65535)
        die("a frame of %zu bytes is larger than this server makes", payload->size);
    if (payload->size >= 126) {
        head[1] = 126;
        head[2] = (unsigned char)(payload->size >> 8);
        head[3] = (unsigned char)payload->size;
    }
    bytes_add(out, head, payload->size < 126 ? 2 : 4);
    bytes_add(out, payload->data, payload->size);
}

/* Whatever comes until a pause is the request; on this machine it comes in one piece. */
static void read_some(int fd) {
    char request[4096];
    if (recv(fd, request, sizeof request, 0) <= 0)
        die("a client left");
}

static void welcome(int fd) {
    Bytes replies = {0}, frame = {0};
    read_some(fd);
    send_all(fd, ACCEPTED, sizeof ACCEPTED - 1);
    if (!json && !protobuf)
        return;
    read_some(fd);
    if (json)
        bytes_add_text(&replies, "{\"id\":1,\"connect\":{\"client\":\"c\",\"version\":\"1\"}}\n{\"id\":2,\"subscribe\":{}}");
    else
        bytes_add(&replies, "\4\10\1\52\0\4\10\2\62\0", 10); /* {id 1, connect {}}, {id 2, subscribe {}} */
    add_frame(&frame, json ? TEXT : BINARY, &replies);
    send_all(fd, frame.data, frame.size);
    bytes_free(&replies);
    bytes_free(&frame);
}

static void add_message(Bytes *out, uint64_t seq, uint64_t sent_ns) {
    char text[200];
    int size = snprintf(text, sizeof text,
                        "{\"device\":\"bench-0000\",\"ts\":1760000000123,\"values\":{\"at\":0,\"seq\":%" PRIu64
                        ",\"sent\":%" PRIu64 ",\"temperature\":21.4,\"humidity\":40.2,\"light\":12.5}}",
                        seq, sent_ns);
    if (json) {
        bytes_add_text(out, out->size > 0 ? "\n" : "");
        bytes_add_text(out, "{\"push\":{\"channel\":\"");
        bytes_add_text(out, CHANNEL);
        bytes_add_text(out, "\",\"pub\":{\"data\":");
        bytes_add(out, text, (size_t)size);
        bytes_add_text(out, ",\"offset\":");
        bytes_add_number(out, seq);
        bytes_add_text(out, "}}}");
    } else if (protobuf) {
        Bytes publication = {0}, push = {0}, reply = {0};
        protobuf_add_bytes(&publication, 4, (Span){text, (size_t)size});
        protobuf_add_number(&publication, 6, seq);
        protobuf_add_bytes(&push, 2, (Span){CHANNEL, sizeof CHANNEL - 1});
        protobuf_add_bytes(&push, 4, (Span){publication.data, publication.size});
        protobuf_add_bytes(&reply, 4, (Span){push.data, push.size});
        protobuf_add_varint(out, reply.size);
        bytes_add(out, reply.data, reply.size);
        bytes_free(&publication);
        bytes_free(&push);
        bytes_free(&reply);
    } else {
        bytes_add_text(out, out->size > 0 ? "\n" : "");
        bytes_add(out, text, (size_t)size);
    }
}

static int *accept_all(uint32_t port, uint32_t clients) {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 4096) != 0)
        die("listen on %u: %s", port, strerror(errno));
    int *fds = calloc(clients, sizeof *fds);
    if (fds == NULL)
        die("out of memory: %u clients", clients);
    for (uint32_t at = 0; at < clients; at++) {
        fds[at] = accept(listener, NULL, NULL);
        if (fds[at] < 0)
            die("accept: %s", strerror(errno));
        welcome(fds[at]);
    }
    close(listener);
    return fds;
}

static void sleep_until(uint64_t ns) {
    struct timespec at = {(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR) {
    }
}

int blast_main(int count, char **arguments) {
    uint32_t port = 0, clients = 1, groups = 1, per_write = 1, per_frame = 1;
    double seconds = 5, rate = 0;
    const char *dialect = "plain";
    const Option options[] = {
        {"--port", OPTION_COUNT, {.count = &port}},
        {"--dialect", OPTION_TEXT, {.text = &dialect}},
        {"--clients", OPTION_COUNT, {.count = &clients}},
        {"--groups", OPTION_COUNT, {.count = &groups}},
        {"--rate", OPTION_REAL, {.real = &rate}},
        {"--frames-per-write", OPTION_COUNT, {.count = &per_write}},
        {"--messages-per-frame", OPTION_COUNT, {.count = &per_frame}},
        {"--seconds", OPTION_REAL, {.real = &seconds}},
        {0},
    };
    options_read(options, count, arguments);
    json = strcmp(dialect, "centrifuge-json") == 0;
    protobuf = strcmp(dialect, "centrifuge-protobuf") == 0;
    if (groups == 0 || groups > clients)
        die("--groups wants a number from 1 to that of --clients, %u", clients);
    need_sockets(clients);
    int *fds = accept_all(port, clients);

    uint64_t started_ns = monotonic_ns(), now = started_ns, turns = 0, sends = 0;
    double cpu_before_s = cpu_seconds();
    Bytes payload = {0}, written = {0};
    for (; (double)(now - started_ns) < seconds * 1e9; now = monotonic_ns(), turns++) {
        if (rate > 0)
            sleep_until(started_ns + (uint64_t)((double)turns / rate * 1e9));
        uint64_t seq = turns / groups * per_write * per_frame;
        written.size = 0;
        for (uint32_t frame = 0; frame < per_write; frame++) {
            payload.size = 0;
            for (uint32_t message = 0; message < per_frame; message++)
                add_message(&payload, ++seq, monotonic_ns());
            add_frame(&written, protobuf ? BINARY : TEXT, &payload);
        }
        for (uint32_t at = (uint32_t)(turns % groups); at < clients; at += groups, sends++)
            send_all(fds[at], written.data, written.size);
    }
    printf("{\"event\":\"done\",\"messages\":%" PRIu64 ",\"seconds\":%.6f,\"cpu_s\":%.6f}\n", sends * per_write * per_frame,
           (double)(monotonic_ns() - started_ns) / 1e9, cpu_seconds() - cpu_before_s);
    fflush(stdout);
    /* What is still on its way is lost if it ends first: whoever started it ends its input, when all has arrived. */
    char nothing;
    while (read(STDIN_FILENO, &nothing, 1) > 0) {
    }
    return 0;
}
