/* `load posts`: readings posted over HTTP/1.1, each connection with one request in flight. */
#ifndef LOAD_HTTP_POSTS_H
#define LOAD_HTTP_POSTS_H

/* Returns the exit code. */
int posts_main(int count, char **arguments);

#endif
