/* Walks through JSON text that is known to be well-formed enough: a stray end yields empty spans, never a crash. */
#ifndef LOAD_JSON_H
#define LOAD_JSON_H

#include "bytes.h"

/* The value of a member of an object, empty if there is none. Strings come without their quotes, escapes as they are. */
Span json_member(Span object, const char *name);

/* The next element of an array; `*rest` begins as the array and is moved on. False at the end. */
bool json_element(Span *rest, Span *element);

uint64_t json_number(Span value);
bool json_true(Span value);

#endif
