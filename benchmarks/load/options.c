#include "options.h"

#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "process.h"

static const Option *named(const Option *options, const char *name) {
    for (; options->name != NULL; options++)
        if (strcmp(options->name, name) == 0)
            return options;
    die("no such option: %s", name);
}

void options_read(const Option *options, int count, char **arguments) {
    for (int at = 0; at < count; at++) {
        const Option *option = named(options, arguments[at]);
        if (option->kind == OPTION_FLAG) {
            *option->to.flag = true;
            continue;
        }
        if (++at == count)
            die("%s wants a value", option->name);
        const char *value = arguments[at];
        char *end = NULL;
        if (option->kind == OPTION_TEXT) {
            *option->to.text = value;
        } else if (option->kind == OPTION_REAL) {
            *option->to.real = strtod(value, &end);
            if (*value == '\0' || *end != '\0' || !(*option->to.real >= 0))
                die("%s wants a number, not %s", option->name, value);
        } else {
            unsigned long number = strtoul(value, &end, 10);
            if (*value < '0' || *value > '9' || *end != '\0' || number > UINT32_MAX)
                die("%s wants a whole number, not %s", option->name, value);
            *option->to.count = (uint32_t)number;
        }
    }
}
