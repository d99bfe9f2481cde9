/* This process: its clock, what it used and may use, and its end. */
#ifndef LOAD_PROCESS_H
#define LOAD_PROCESS_H

#include <stdint.h>

uint64_t monotonic_ns(void);
double cpu_seconds(void);

/* Allows itself to open so many sockets, or dies. */
void need_sockets(uint32_t count);

/* One line on standard error, and the end of the process. */
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
