#include "sockets.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "clients.h"
#include "options.h"
#include "process.h"

enum { EVENTS = 512, LOOK_MS = 250 };

static void say_ready(void) {
    printf("{\"event\":\"ready\",\"clients\":%u,\"seconds\":%.3f,\"failed\":%u,\"recovered\":%" PRIu64
           ",\"not_recovered\":%" PRIu64 ",\"reason\":\"%s\"}\n",
           clients_ready(), (double)(monotonic_ns() - connecting.started_ns) / 1e9, connecting.failed,
           run.tally.recovered, run.tally.not_recovered, run.tally.reason);
}

static void say_stats(void) {
    const Tally *tally = &run.tally;
    const Histogram *latency = &tally->latency;
    const struct {
        const char *name;
        uint64_t value;
    } counts[] = {
        {"clients", clients_ready()},         {"received", tally->received},
        {"missed", tally->missed},            {"repeated", tally->repeated},
        {"disordered", tally->disordered},    {"foreign", tally->foreign},
        {"closed", tally->closed},            {"refused", tally->refused},
        {"unsubscribed", tally->unsubscribed}, {"recovered", tally->recovered},
        {"not_recovered", tally->not_recovered}, {"bytes", tally->bytes},
        {"last_received_ns", tally->last_received_ns}, {"lowest_seq", clients_lowest()},
    };
    printf("{\"event\":\"stats\"");
    for (size_t at = 0; at < sizeof counts / sizeof *counts; at++)
        printf(",\"%s\":%" PRIu64, counts[at].name, counts[at].value);
    printf(",\"p50_us\":%.1f,\"p90_us\":%.1f,\"p99_us\":%.1f,\"max_us\":%.1f", histogram_us(latency, 0.5),
           histogram_us(latency, 0.9), histogram_us(latency, 0.99), (double)latency->max_ns / 1e3);
    printf(",\"cpu_s\":%.6f,\"reason\":\"%s\"}\n", cpu_seconds() - tally->cpu_before_s, tally->reason);
}

/* False if it was the last one. */
static bool command(const char *line) {
    if (strcmp(line, "begin") == 0) {
        tally_begin(&run.tally);
        printf("{\"event\":\"begun\"}\n");
    } else if (strcmp(line, "stats") == 0) {
        say_stats();
    } else if (strcmp(line, "drop") == 0) {
        clients_drop();
        printf("{\"event\":\"dropped\"}\n");
    } else if (strcmp(line, "connect") == 0) {
        run.tally.recovered = run.tally.not_recovered = 0;
        clients_connect();
    } else if (strcmp(line, "quit") == 0) {
        return false;
    } else {
        die("no such command: %s", line);
    }
    return true;
}

/* Reads what is there and carries out whole lines; false at the end, which is also where who started us is gone. */
static bool commands(void) {
    static char line[256];
    static size_t size;
    ssize_t more = read(STDIN_FILENO, line + size, sizeof line - 1 - size);
    if (more <= 0)
        return more < 0 && errno == EINTR;
    size += (size_t)more;
    for (char *end; (end = memchr(line, '\n', size)) != NULL;) {
        *end = '\0';
        if (!command(line))
            return false;
        size -= (size_t)(end + 1 - line);
        memmove(line, end + 1, size);
    }
    if (size == sizeof line - 1)
        die("a command is longer than %zu bytes", size);
    return true;
}

static void loop(int epoll) {
    struct epoll_event events[EVENTS];
    for (bool more = true; more;) {
        if (clients_go_on())
            say_ready();
        fflush(stdout);
        int count = epoll_wait(epoll, events, EVENTS, connecting.active ? LOOK_MS : -1);
        bool commanded = false;
        for (int at = 0; at < count; at++) {
            if (events[at].data.ptr == NULL)
                commanded = true;
            else
                clients_event(events[at].data.ptr);
        }
        /* After the events of sockets: a command may replace the sockets that they are about. */
        if (commanded)
            more = commands();
    }
}

int sockets_main(int count, char **arguments) {
    uint32_t port = 0;
    const char *dialect = "plain";
    run = (Run){.host = "127.0.0.1", .path = "/", .clients = 1, .topics = 1, .per_client = 1, .in_flight = 200,
                .first_seq = 1, .timeout_s = 30};
    const Option options[] = {
        {"--host", OPTION_TEXT, {.text = &run.host}},
        {"--port", OPTION_COUNT, {.count = &port}},
        {"--path", OPTION_TEXT, {.text = &run.path}},
        {"--dialect", OPTION_TEXT, {.text = &dialect}},
        {"--channel", OPTION_TEXT, {.text = &run.channel}},
        {"--clients", OPTION_COUNT, {.count = &run.clients}},
        {"--topics", OPTION_COUNT, {.count = &run.topics}},
        {"--per-client", OPTION_COUNT, {.count = &run.per_client}},
        {"--in-flight", OPTION_COUNT, {.count = &run.in_flight}},
        {"--first-seq", OPTION_COUNT, {.count = &run.first_seq}},
        {"--timeout", OPTION_COUNT, {.count = &run.timeout_s}},
        {0},
    };
    options_read(options, count, arguments);
    run.dialect = dialect_named(dialect);
    run.channel = run.channel == NULL ? run.dialect->channel : run.channel;
    run.port = (int)port;
    if (port == 0 || port > 65535)
        die("--port wants a number from 1 to 65535");
    if (run.clients == 0 || run.topics == 0 || run.in_flight == 0)
        die("--clients, --topics and --in-flight want at least 1");
    if (run.per_client == 0 || run.per_client > run.topics)
        die("--per-client wants a number from 1 to that of --topics, %u", run.topics);
    if (run.per_client > 1 && strstr(run.path, "%04d") != NULL)
        die("a path with %%04d is that of one topic: --per-client wants 1");

    need_sockets(run.clients);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event input = {.events = EPOLLIN, .data.ptr = NULL};
    if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &input) != 0)
        die("standard input must be a pipe or a terminal: %s", strerror(errno));
    clients_create(epoll);
    tally_begin(&run.tally);
    clients_connect();
    loop(epoll);
    return 0;
}
