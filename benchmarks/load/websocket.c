#include "websocket.h"

#include <stdio.h>
#include <string.h>

/* The example of RFC 6455: with a fixed key the answer is known without SHA-1. */
static const char KEY[] = "dGhlIHNhbXBsZSBub25jZQ==";
static const char ACCEPT[] = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

void websocket_request(Bytes *out, const char *host, int port, Span path) {
    char rest[400];
    int size = snprintf(rest, sizeof rest,
                        " HTTP/1.1\r\nHost: %s:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n\r\n",
                        host, port, KEY);
    bytes_add_text(out, "GET ");
    bytes_add(out, path.data, path.size);
    bytes_add(out, rest, (size_t)size);
}

long websocket_answer(Span received, char *reason, size_t reason_size) {
    const char *end = memmem(received.data, received.size, "\r\n\r\n", 4);
    if (end == NULL)
        return MORE_NEEDED;
    if (!starts_with(received, "HTTP/1.1 101")) {
        const char *line_end = memmem(received.data, received.size, "\r\n", 2);
        snprintf(reason, reason_size, "the handshake was answered by %.*s", (int)(line_end - received.data),
                 received.data);
        return WRONG;
    }
    if (memmem(received.data, (size_t)(end - received.data), ACCEPT, sizeof ACCEPT - 1) == NULL) {
        snprintf(reason, reason_size, "the handshake's Sec-WebSocket-Accept is wrong");
        return WRONG;
    }
    return end + 4 - received.data;
}

long websocket_frame(Span received, Frame *frame) {
    if (received.size < 2)
        return MORE_NEEDED;
    const unsigned char *head = (const unsigned char *)received.data;
    /* Reserved bits would mean an extension, and a mask a client; neither is ever right here. */
    if ((head[0] & 0x70) != 0 || (head[1] & 0x80) != 0)
        return WRONG;
    size_t start = 2;
    uint64_t size = head[1];
    if (size >= 126) {
        size_t width = size == 126 ? 2 : 8;
        if (received.size < 2 + width)
            return MORE_NEEDED;
        size = 0;
        for (; start < 2 + width; start++)
            size = size << 8 | head[start];
    }
    if (size > (1ull << 40))
        return WRONG;
    if (received.size - start < size)
        return MORE_NEEDED;
    frame->final = (head[0] & 0x80) != 0;
    frame->opcode = head[0] & 0x0f;
    frame->payload = (Span){received.data + start, size};
    return (long)(start + size);
}

void websocket_add_frame(Bytes *out, int opcode, Span payload) {
    unsigned char head[14] = {(unsigned char)(0x80 | opcode)};
    size_t size = 2;
    if (payload.size < 126) {
        head[1] = (unsigned char)(0x80 | payload.size);
    } else {
        size_t width = payload.size < 65536 ? 2 : 8;
        head[1] = width == 2 ? 0x80 | 126 : 0x80 | 127;
        for (size_t at = width; at > 0; at--)
            head[size++] = (unsigned char)((uint64_t)payload.size >> (8 * (at - 1)));
    }
    /* A mask of zeros leaves the bytes as they are: masks protect proxies from what pages make up, and we do not. */
    size += 4;
    bytes_add(out, head, size);
    bytes_add(out, payload.data, payload.size);
}
