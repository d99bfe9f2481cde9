#include "receiving.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "process.h"

enum { READ_SIZE = 256 * 1024, KEPT_SIZE = 4096 };

static Bytes buffer; /* one for all: a client keeps only what it could not use yet */

static void took_message(Client *client, const Frame *frame) {
    if (frame->final && client->fragments.size == 0) {
        run.dialect->message(client, frame->payload);
        return;
    }
    bytes_add(&client->fragments, frame->payload.data, frame->payload.size);
    if (!frame->final)
        return;
    Bytes whole = client->fragments;
    client->fragments = (Bytes){0};
    run.dialect->message(client, (Span){whole.data, whole.size});
    bytes_free(&whole);
}

static void took_frame(Client *client, const Frame *frame) {
    const unsigned char *payload = (const unsigned char *)frame->payload.data;
    switch (frame->opcode) {
    case CONTINUATION:
    case TEXT:
    case BINARY:
        took_message(client, frame);
        break;
    case PING:
        client_send(client, PONG, frame->payload);
        break;
    case PONG:
        break;
    case CLOSE:
        if (frame->payload.size >= 2)
            client_lost(client, "the server closed with %d %.*s", payload[0] << 8 | payload[1],
                        (int)frame->payload.size - 2, payload + 2);
        else
            client_lost(client, "the server closed without a code");
        break;
    default:
        client_lost(client, "a frame with opcode %d", frame->opcode);
    }
}

/* The size of the head, 0 while it is unfinished or if it was the client's end. */
static size_t took_answer(Client *client, Span received) {
    char reason[160];
    long size = websocket_answer(received, reason, sizeof reason);
    if (size == WRONG)
        client_lost(client, "%s", reason);
    if (size <= 0)
        return 0;
    client->state = SUBSCRIBING;
    run.dialect->opened(client);
    return (size_t)size;
}

static void took_bytes(Client *client, Span received) {
    if (client->state == UPGRADING) {
        size_t size = took_answer(client, received);
        received = (Span){received.data + size, received.size - size};
    }
    while (client->state >= SUBSCRIBING) {
        Frame frame;
        long size = websocket_frame(received, &frame);
        if (size == WRONG)
            client_lost(client, "what came is no frame that a server may send");
        if (size <= 0)
            break;
        took_frame(client, &frame);
        received = (Span){received.data + size, received.size - (size_t)size};
    }
    if (client->fd < 0)
        return;
    if (received.size > 0)
        bytes_add(&client->kept, received.data, received.size);
    else if (client->kept.capacity > KEPT_SIZE)
        bytes_free(&client->kept);
}

void client_receive(Client *client) {
    size_t kept = client->kept.size;
    bytes_reserve(&buffer, kept + READ_SIZE);
    ssize_t size = recv(client->fd, buffer.data + kept, buffer.capacity - kept, 0);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (size < 0) {
        client_lost(client, "receive: %s", strerror(errno));
    } else if (size == 0) {
        client_lost(client, client->state == READY ? "the server closed without a close frame"
                                                   : "the server closed before the client was ready");
    } else {
        run.now_ns = monotonic_ns();
        run.tally.bytes += (uint64_t)size;
        if (kept > 0)
            memcpy(buffer.data, client->kept.data, kept);
        client->kept.size = 0;
        took_bytes(client, (Span){buffer.data, kept + (size_t)size});
    }
}
