/* The wire format of Protobuf: fields read from and added to bytes. */
#ifndef LOAD_PROTOBUF_H
#define LOAD_PROTOBUF_H

#include "bytes.h"

typedef struct {
    uint32_t number;
    uint64_t value; /* of a varint */
    Span bytes;     /* of a delimited field */
} Field;

bool protobuf_varint(Span *rest, uint64_t *value);

/* The next field of a message, `rest` moved on behind it. False at the end, or where the bytes are no message. */
bool protobuf_field(Span *rest, Field *field);

void protobuf_add_varint(Bytes *out, uint64_t value);
void protobuf_add_number(Bytes *out, uint32_t number, uint64_t value);
void protobuf_add_bytes(Bytes *out, uint32_t number, Span bytes);

#endif
