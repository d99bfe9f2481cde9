/* `load sockets`: many WebSocket clients in one thread, told by standard input what to do. */
#ifndef LOAD_SOCKETS_H
#define LOAD_SOCKETS_H

/* Returns the exit code. */
int sockets_main(int count, char **arguments);

#endif
