#include "protobuf.h"

enum { VARINT = 0, FIXED64 = 1, DELIMITED = 2, FIXED32 = 5 };

bool protobuf_varint(Span *rest, uint64_t *value) {
    *value = 0;
    for (unsigned shift = 0; rest->size > 0 && shift < 64; shift += 7) {
        unsigned char byte = (unsigned char)*rest->data++;
        rest->size--;
        *value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return true;
    }
    return false;
}

static bool take(Span *rest, uint64_t size, Span *taken) {
    if (rest->size < size)
        return false;
    *taken = (Span){rest->data, size};
    rest->data += size;
    rest->size -= size;
    return true;
}

bool protobuf_field(Span *rest, Field *field) {
    uint64_t key, size;
    if (!protobuf_varint(rest, &key))
        return false;
    *field = (Field){.number = (uint32_t)(key >> 3)};
    switch (key & 7) {
    case VARINT:
        return protobuf_varint(rest, &field->value);
    case DELIMITED:
        return protobuf_varint(rest, &size) && take(rest, size, &field->bytes);
    case FIXED64:
        return take(rest, 8, &field->bytes);
    case FIXED32:
        return take(rest, 4, &field->bytes);
    default:
        return false;
    }
}

void protobuf_add_varint(Bytes *out, uint64_t value) {
    do {
        unsigned char byte = (unsigned char)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
        bytes_add(out, &byte, 1);
        value >>= 7;
    } while (value > 0);
}

void protobuf_add_number(Bytes *out, uint32_t number, uint64_t value) {
    protobuf_add_varint(out, (uint64_t)number << 3 | VARINT);
    protobuf_add_varint(out, value);
}

void protobuf_add_bytes(Bytes *out, uint32_t number, Span bytes) {
    protobuf_add_varint(out, (uint64_t)number << 3 | DELIMITED);
    protobuf_add_varint(out, bytes.size);
    bytes_add(out, bytes.data, bytes.size);
}
