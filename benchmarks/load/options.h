/* Command line options of the form `--name value`. What is unknown or no number ends the process. */
#ifndef LOAD_OPTIONS_H
#define LOAD_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    const char *name;
    enum { OPTION_TEXT, OPTION_COUNT, OPTION_REAL, OPTION_FLAG } kind;
    union {
        const char **text;
        uint32_t *count;
        double *real;
        bool *flag;
    } to;
} Option;

/* `options` ends with an entry without a name. */
void options_read(const Option *options, int count, char **arguments);

#endif
