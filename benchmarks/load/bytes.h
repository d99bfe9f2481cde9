/* Growing byte strings, and numbers read from text. */
#ifndef LOAD_BYTES_H
#define LOAD_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    char *data;
    size_t size;
    size_t capacity;
} Bytes;

/* A part of a byte string that somebody else owns. */
typedef struct {
    const char *data;
    size_t size;
} Span;

void bytes_reserve(Bytes *bytes, size_t capacity);
void bytes_add(Bytes *bytes, const void *data, size_t size);
void bytes_add_text(Bytes *bytes, const char *text);
void bytes_add_number(Bytes *bytes, uint64_t number);
void bytes_free(Bytes *bytes);

/* `pattern` with its first `%04d`, if it has one, replaced by the topic's number. */
void bytes_add_topic(Bytes *bytes, const char *pattern, uint32_t topic);

/* Reads digits at `*at`, moves it behind them; false if there is no digit. */
bool read_number(const char **at, const char *end, uint64_t *number);

/* Whether `text` (a literal) stands at `*at`; if so, moves behind it. */
bool read_literal(const char **at, const char *end, const char *text, size_t size);
#define READ_LITERAL(at, end, text) read_literal(at, end, text, sizeof(text) - 1)

/* Behind the `text` that stands between `from` and `end` once at most; NULL if there is none. It is looked for first where
   it was the last time: messages are alike, and a search costs more than all the rest. */
const char *find_again(const char *from, const char *end, const char *text, size_t size, size_t *distance);

bool starts_with(Span span, const char *text);

#endif
