/* `load blast`: a server without any work of its own, to measure what the kernel and `load sockets` cost by themselves. */
#ifndef LOAD_BLAST_H
#define LOAD_BLAST_H

/* Returns the exit code. */
int blast_main(int count, char **arguments);

#endif
