/* The load client of the benchmarks. benchmarks/load_client.py compiles and drives it. */
#include <signal.h>
#include <string.h>

#include "blast.h"
#include "http_posts.h"
#include "process.h"
#include "sockets.h"

int main(int count, char **arguments) {
    signal(SIGPIPE, SIG_IGN);
    if (count >= 2 && strcmp(arguments[1], "sockets") == 0)
        return sockets_main(count - 2, arguments + 2);
    if (count >= 2 && strcmp(arguments[1], "posts") == 0)
        return posts_main(count - 2, arguments + 2);
    if (count >= 2 && strcmp(arguments[1], "blast") == 0)
        return blast_main(count - 2, arguments + 2);
    die("usage: load sockets|posts|blast --port P ...");
}
