#include "json.h"

#include <string.h>

static const char *behind_string(const char *at, const char *end) {
    for (at++; at < end && *at != '"'; at++)
        if (*at == '\\')
            at++;
    return at < end ? at + 1 : end;
}

static bool one_of(char letter, const char *letters) {
    return letter != '\0' && strchr(letters, letter) != NULL;
}

static const char *behind_value(const char *at, const char *end) {
    if (at < end && *at == '"')
        return behind_string(at, end);
    if (at < end && *at != '{' && *at != '[') {
        while (at < end && !one_of(*at, ",]} \t\r\n"))
            at++;
        return at;
    }
    for (int depth = 0; at < end; at++) {
        if (*at == '"')
            at = behind_string(at, end) - 1;
        else if (*at == '{' || *at == '[')
            depth++;
        else if ((*at == '}' || *at == ']') && --depth == 0)
            return at + 1;
    }
    return end;
}

static const char *skip(const char *at, const char *end, const char *what) {
    while (at < end && one_of(*at, what))
        at++;
    return at;
}

static Span value_at(const char *start, const char *end) {
    const char *behind = behind_value(start, end);
    if (behind - start >= 2 && *start == '"')
        return (Span){start + 1, (size_t)(behind - start - 2)};
    return (Span){start, (size_t)(behind - start)};
}

Span json_member(Span object, const char *name) {
    const char *end = object.data + object.size;
    const char *at = skip(object.data, end, " \t\r\n{");
    size_t size = strlen(name);
    while (at < end && *at == '"') {
        const char *key = at + 1;
        at = behind_string(at, end);
        bool found = (size_t)(at - key) == size + 1 && memcmp(key, name, size) == 0;
        at = skip(at, end, " \t\r\n:");
        if (found)
            return value_at(at, end);
        at = skip(behind_value(at, end), end, " \t\r\n,");
    }
    return (Span){end, 0};
}

bool json_element(Span *rest, Span *element) {
    const char *end = rest->data + rest->size;
    const char *at = rest->data;
    if (at < end && (*at == '[' || *at == ','))
        at++;
    at = skip(at, end, " \t\r\n,");
    if (at == end || *at == ']')
        return false;
    *element = value_at(at, end);
    at = behind_value(at, end);
    *rest = (Span){at, (size_t)(end - at)};
    return true;
}

uint64_t json_number(Span value) {
    uint64_t number = 0;
    read_number(&value.data, value.data + value.size, &number);
    return number;
}

bool json_true(Span value) {
    return value.size == 4 && memcmp(value.data, "true", 4) == 0;
}
