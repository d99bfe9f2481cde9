#include "bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "process.h"

void bytes_reserve(Bytes *bytes, size_t capacity) {
    if (capacity <= bytes->capacity)
        return;
    size_t grown = bytes->capacity * 2 > capacity ? bytes->capacity * 2 : capacity;
    bytes->data = realloc(bytes->data, grown);
    if (bytes->data == NULL)
        die("out of memory: %zu bytes", grown);
    bytes->capacity = grown;
}

void bytes_add(Bytes *bytes, const void *data, size_t size) {
    if (size == 0)
        return;
    bytes_reserve(bytes, bytes->size + size);
    memcpy(bytes->data + bytes->size, data, size);
    bytes->size += size;
}

void bytes_add_text(Bytes *bytes, const char *text) {
    bytes_add(bytes, text, strlen(text));
}

void bytes_add_number(Bytes *bytes, uint64_t number) {
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    bytes_add(bytes, digits + at, sizeof digits - at);
}

void bytes_free(Bytes *bytes) {
    free(bytes->data);
    *bytes = (Bytes){0};
}

void bytes_add_topic(Bytes *bytes, const char *pattern, uint32_t topic) {
    const char *hole = strstr(pattern, "%04d");
    if (hole == NULL) {
        bytes_add_text(bytes, pattern);
        return;
    }
    char number[12];
    snprintf(number, sizeof number, "%04u", topic);
    bytes_add(bytes, pattern, (size_t)(hole - pattern));
    bytes_add_text(bytes, number);
    bytes_add_text(bytes, hole + 4);
}

bool read_number(const char **at, const char *end, uint64_t *number) {
    const char *start = *at;
    uint64_t value = 0;
    while (*at < end && **at >= '0' && **at <= '9')
        value = value * 10 + (uint64_t)(*(*at)++ - '0');
    *number = value;
    return *at > start;
}

bool read_literal(const char **at, const char *end, const char *text, size_t size) {
    if ((size_t)(end - *at) < size || memcmp(*at, text, size) != 0)
        return false;
    *at += size;
    return true;
}

const char *find_again(const char *from, const char *end, const char *text, size_t size, size_t *distance) {
    size_t length = (size_t)(end - from);
    if (length < size)
        return NULL;
    if (*distance > length - size || memcmp(from + *distance, text, size) != 0) {
        const char *found = memmem(from, length, text, size);
        if (found == NULL)
            return NULL;
        *distance = (size_t)(found - from);
    }
    return from + *distance + size;
}

bool starts_with(Span span, const char *text) {
    size_t size = strlen(text);
    return span.size >= size && memcmp(span.data, text, size) == 0;
}
