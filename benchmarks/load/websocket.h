/* WebSocket (RFC 6455) as far as a client needs it that offers no extension: the handshake and frames. */
#ifndef LOAD_WEBSOCKET_H
#define LOAD_WEBSOCKET_H

#include "bytes.h"

enum { CONTINUATION = 0, TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10 };
enum { MORE_NEEDED = 0, WRONG = -1 };

typedef struct {
    bool final;
    int opcode;
    Span payload;
} Frame;

void websocket_request(Bytes *out, const char *host, int port, Span path);

/* The size of the answer's head if it accepts, MORE_NEEDED while it is incomplete, or WRONG, then with `reason`. */
long websocket_answer(Span received, char *reason, size_t reason_size);

/* The size of the frame at the start of `received`, MORE_NEEDED or WRONG. */
long websocket_frame(Span received, Frame *frame);

void websocket_add_frame(Bytes *out, int opcode, Span payload);

#endif
