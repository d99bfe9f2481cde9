#include "http_posts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "bodies.h"
#include "histogram.h"
#include "options.h"
#include "process.h"

enum { ANSWER_SIZE = 1024 * 1024, EVENTS = 256, STATUSES = 600, DRAIN_MS = 10000 };

typedef struct {
    int fd;
    uint64_t sent_ns; /* 0: no request in flight */
    Bytes answer;     /* what came of it so far */
} Connection;

static Posting posting;
static double rate, seconds;
static Connection *connections;
static uint32_t *idle, idle_count; /* those that wait for the next post to be due, when paced */
static uint64_t started_ns, last_answer_ns, posted, answered;
static uint64_t statuses[STATUSES];
static char complaint[300]; /* the first answer that is not 2xx */
static Histogram latency;

static void connect_all(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)posting.port)};
    if (inet_pton(AF_INET, posting.host, &address.sin_addr) != 1)
        die("--host wants an IPv4 address, not %s", posting.host);
    for (uint32_t at = 0; at < posting.connections; at++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
        if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
            die("connect to %s:%d: %s", posting.host, posting.port, strerror(errno));
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        connections[at].fd = fd;
    }
}

static uint64_t due_ns(uint64_t post) {
    return started_ns + (uint64_t)((double)post * posting.per_post / rate * 1e9);
}

static bool over(uint64_t now) {
    return (double)(now - started_ns) >= seconds * 1e9;
}

static void post(uint32_t at) {
    Span request = bodies_next(at);
    connections[at].sent_ns = monotonic_ns();
    posted++;
    /* Blocking: the server has answered everything before, so it has nothing else to do but to read. */
    while (request.size > 0) {
        ssize_t size = send(connections[at].fd, request.data, request.size, 0);
        if (size < 0)
            die("send: %s (after %" PRIu64 " posts)", strerror(errno), answered);
        request = (Span){request.data + size, request.size - (size_t)size};
    }
}

/* What a free connection does: post at once, or as soon as the next post is due. */
static void go_on(uint32_t at, uint64_t now) {
    if (over(now))
        return;
    if (rate == 0)
        post(at);
    else
        idle[idle_count++] = at;
}

static void post_what_is_due(uint64_t now) {
    while (idle_count > 0 && !over(now) && due_ns(posted) <= now)
        post(idle[--idle_count]);
}

/* The value of a header, by a line that begins with `name`; empty if there is none. */
static Span header(Span head, const char *name) {
    const char *end = head.data + head.size;
    size_t size = strlen(name);
    for (const char *at = head.data; at != NULL && at + size < end; at = memchr(at, '\n', (size_t)(end - at))) {
        at += *at == '\n';
        if ((size_t)(end - at) > size && strncasecmp(at, name, size) == 0) {
            for (at += size; at < end && *at == ' '; at++) {
            }
            return (Span){at, (size_t)(end - at)};
        }
    }
    return (Span){end, 0};
}

/* The status if the answer is whole, else 0. */
static unsigned status_of(const Bytes *answer) {
    const char *end = memmem(answer->data, answer->size, "\r\n\r\n", 4);
    if (end == NULL)
        return 0;
    Span head = {answer->data, (size_t)(end + 2 - answer->data)};
    const char *at = head.data + 9;
    uint64_t status = 0, length = 0;
    if (!starts_with(head, "HTTP/1.") || !read_number(&at, end, &status) || status >= STATUSES)
        die("an answer that is no HTTP/1.1: %.80s", head.data);
    Span said = header(head, "content-length:");
    if (!read_number(&said.data, said.data + said.size, &length) && status != 204)
        die("an answer without Content-Length: %.*s", (int)(head.size < 200 ? head.size : 200), head.data);
    size_t whole = (size_t)(end + 4 - answer->data) + length;
    if (answer->size > whole)
        die("more came than one answer");
    if (answer->size == whole && status / 100 != 2 && complaint[0] == '\0')
        snprintf(complaint, sizeof complaint, "answered by %" PRIu64 ": %.*s", status, (int)length, end + 4);
    return answer->size == whole ? (unsigned)status : 0;
}

static void receive(uint32_t at) {
    Connection *connection = &connections[at];
    bytes_reserve(&connection->answer, connection->answer.size + 4096);
    ssize_t size = recv(connection->fd, connection->answer.data + connection->answer.size,
                        connection->answer.capacity - connection->answer.size, 0);
    if (size <= 0)
        die("the server closed a connection after %" PRIu64 " posts: %s", answered,
            size < 0 ? strerror(errno) : "end of stream");
    connection->answer.size += (size_t)size;
    if (connection->answer.size > ANSWER_SIZE)
        die("an answer of more than %d bytes", ANSWER_SIZE);
    unsigned status = status_of(&connection->answer);
    if (status == 0)
        return;
    if (connection->sent_ns == 0)
        die("an answer to no request");
    uint64_t now = monotonic_ns();
    histogram_add(&latency, now - connection->sent_ns);
    statuses[status]++;
    answered++;
    last_answer_ns = now;
    connection->sent_ns = 0;
    connection->answer.size = 0;
    go_on(at, now);
}

/* Wakes the loop when the next post is due, if a connection is free for it. */
static void set_timer(int timer) {
    uint64_t due = idle_count > 0 ? due_ns(posted) : started_ns + (uint64_t)(seconds * 1e9);
    struct itimerspec when = {.it_value = {.tv_sec = (time_t)(due / 1000000000u), .tv_nsec = (long)(due % 1000000000u)}};
    timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, NULL);
}

static void loop(int epoll, int timer) {
    struct epoll_event events[EVENTS];
    uint64_t now = started_ns;
    while (!over(now) || answered < posted) {
        if (rate > 0)
            set_timer(timer);
        int count = epoll_wait(epoll, events, EVENTS, over(now) ? DRAIN_MS : 1000);
        if (count == 0 && over(now))
            die("%" PRIu64 " posts were not answered within %d s", posted - answered, DRAIN_MS / 1000);
        for (int at = 0; at < count; at++)
            if (events[at].data.u32 < posting.connections)
                receive(events[at].data.u32);
        now = monotonic_ns();
        post_what_is_due(now);
    }
}

static void say_done(void) {
    printf("{\"event\":\"done\",\"posts\":%" PRIu64 ",\"readings\":%" PRIu64 ",\"seconds\":%.6f,\"statuses\":{", answered,
           answered * posting.per_post, (double)(last_answer_ns - started_ns) / 1e9);
    const char *comma = "";
    for (unsigned status = 0; status < STATUSES; status++)
        if (statuses[status] > 0) {
            printf("%s\"%u\":%" PRIu64, comma, status, statuses[status]);
            comma = ",";
        }
    printf("},\"p50_us\":%.1f,\"p99_us\":%.1f,\"max_us\":%.1f,\"cpu_s\":%.6f}\n", histogram_us(&latency, 0.5),
           histogram_us(&latency, 0.99), (double)latency.max_ns / 1e3, cpu_seconds());
    fflush(stdout);
}

static void read_options(int count, char **arguments) {
    uint32_t port = 0;
    posting = (Posting){.host = "127.0.0.1", .path = "/v1/readings", .per_post = 1, .devices = 500, .metrics = 2,
                        .connections = 1};
    seconds = 10;
    const Option options[] = {
        {"--host", OPTION_TEXT, {.text = &posting.host}},
        {"--port", OPTION_COUNT, {.count = &port}},
        {"--path", OPTION_TEXT, {.text = &posting.path}},
        {"--connections", OPTION_COUNT, {.count = &posting.connections}},
        {"--readings-per-post", OPTION_COUNT, {.count = &posting.per_post}},
        {"--devices", OPTION_COUNT, {.count = &posting.devices}},
        {"--metrics", OPTION_COUNT, {.count = &posting.metrics}},
        {"--rate", OPTION_REAL, {.real = &rate}},
        {"--seconds", OPTION_REAL, {.real = &seconds}},
        {"--mark", OPTION_FLAG, {.flag = &posting.mark}},
        {0},
    };
    options_read(options, count, arguments);
    posting.port = (int)port;
    if (port == 0 || port > 65535)
        die("--port wants a number from 1 to 65535");
    if (posting.connections == 0 || posting.per_post == 0 || posting.devices == 0)
        die("--connections, --readings-per-post and --devices want at least 1");
    if (posting.metrics == 0 && !posting.mark)
        die("a reading without --mark wants at least 1 of --metrics");
    if (posting.mark && posting.devices < posting.connections)
        die("with --mark each connection has devices of its own: --devices must not be less than --connections");
}

int posts_main(int count, char **arguments) {
    read_options(count, arguments);
    connections = calloc(posting.connections, sizeof *connections);
    idle = calloc(posting.connections, sizeof *idle);
    if (connections == NULL || idle == NULL)
        die("out of memory: %u connections", posting.connections);
    need_sockets(posting.connections);
    bodies_create(&posting);
    connect_all();

    int epoll = epoll_create1(EPOLL_CLOEXEC), timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    for (uint32_t at = 0; at <= posting.connections; at++) {
        bool is_timer = at == posting.connections;
        /* The timer is told once per setting; nobody reads it. */
        struct epoll_event event = {.events = is_timer ? EPOLLIN | EPOLLET : EPOLLIN, .data.u32 = at};
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, is_timer ? timer : connections[at].fd, &event) != 0)
            die("epoll_ctl: %s", strerror(errno));
    }
    started_ns = last_answer_ns = monotonic_ns();
    for (uint32_t at = 0; at < posting.connections; at++)
        go_on(at, started_ns);
    loop(epoll, timer);
    say_done();
    if (complaint[0] != '\0')
        die("%s", complaint);
    return 0;
}
