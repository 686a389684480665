#include "tests/unit/http/client.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"

#define WAIT_MS 8000

void answer_done(struct answer *a) { free(a->body); }

const char *answer_header(const struct answer *a, const char *name, char out[512]) {
    size_t n = strlen(name);
    for (const char *line = strstr(a->head, "\r\n"); line; line = strstr(line, "\r\n")) {
        line += 2;
        if (strncasecmp(line, name, n) || line[n] != ':') continue;
        const char *value = line + n + 1 + strspn(line + n + 1, " ");
        snprintf(out, 512, "%.*s", (int)strcspn(value, "\r"), value);
        return out;
    }
    out[0] = '\0';
    return out;
}

int client_connect(uint16_t port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct sockaddr_in addr = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) == 0) return fd;
    close(fd);
    return -1;
}

bool client_send(int fd, const void *data, size_t len) {
    const char *p = data;
    while (len > 0) {
        ssize_t n = send(fd, p, len, MSG_NOSIGNAL);
        if (n <= 0) return false;
        p += n;
        len -= (size_t)n;
    }
    return true;
}

/* Appends what comes next; false: end, error or deadline. */
static bool more(int fd, int64_t until_ms, struct buf *in) {
    int64_t left = until_ms - clock_mono_ms();
    struct pollfd p = {.fd = fd, .events = POLLIN};
    if (left < 0 || poll(&p, 1, (int)left) <= 0) return false;
    char piece[4096];
    ssize_t n = recv(fd, piece, sizeof(piece), 0);
    if (n <= 0) return false;
    buf_add(in, piece, (size_t)n);
    return true;
}

/* Joins the chunks that start at `at`; false: not complete yet. */
static bool join_chunks(const struct buf *in, size_t at, struct buf *out) {
    buf_reset(out);
    for (;;) {
        char *line = in->data + at;
        char *end = strstr(line, "\r\n");
        if (at >= in->len || !end) return false;
        size_t size = strtoul(line, NULL, 16);
        at = (size_t)(end - in->data) + 2;
        if (in->len < at + size + 2) return false;
        if (size == 0) return true;
        buf_add(out, in->data + at, size);
        at += size + 2;
    }
}

struct answer client_read(int fd, bool is_head) {
    struct answer a = {0};
    auto_buf struct buf in = BUF_INIT;
    int64_t until = clock_mono_ms() + WAIT_MS;
    char *end = NULL, value[512];
    for (;;) {
        while (!end) {
            if (!more(fd, until, &in)) return a;
            end = strstr(in.data, "\r\n\r\n");
        }
        size_t head = (size_t)(end - in.data) + 4;
        if (head >= sizeof(a.head)) return a;
        memcpy(a.head, in.data, head);
        a.head[head] = '\0';
        a.status = atoi(in.data + 9);
        if (a.status != 100) break;
        /* an interim answer: the real one follows */
        memmove(in.data, in.data + head, in.len - head + 1);
        in.len -= head;
        end = in.len ? strstr(in.data, "\r\n\r\n") : NULL;
    }
    size_t at = strlen(a.head);
    auto_buf struct buf body = BUF_INIT;
    if (is_head || a.status == 204 || a.status == 304) {
        buf_add(&body, in.data + at, in.len - at); /* there should be nothing */
    } else if (!strcasecmp(answer_header(&a, "Transfer-Encoding", value), "chunked")) {
        while (!join_chunks(&in, at, &body))
            if (!more(fd, until, &in)) return (struct answer){0};
    } else {
        size_t length = strtoul(answer_header(&a, "Content-Length", value), NULL, 10);
        while (in.len < at + length)
            if (!more(fd, until, &in)) return (struct answer){0};
        buf_add(&body, in.data + at, length);
    }
    a.len = body.len;
    buf_chr(&body, '\0');
    size_t with_nul;
    a.body = buf_take(&body, &with_nul);
    return a;
}

bool client_closed(int fd, int within_ms) {
    int64_t until = clock_mono_ms() + within_ms;
    for (;;) {
        int64_t left = until - clock_mono_ms();
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (left < 0 || poll(&p, 1, (int)left) <= 0) return false;
        char piece[512];
        if (recv(fd, piece, sizeof(piece), 0) <= 0) return true;
    }
}

bool client_until(int fd, const char *text, int within_ms, char *out, size_t cap) {
    auto_buf struct buf in = BUF_INIT;
    int64_t until = clock_mono_ms() + within_ms;
    bool found = false;
    while (!found && more(fd, until, &in)) found = memmem(in.data, in.len, text, strlen(text)) != NULL;
    snprintf(out, cap, "%s", in.len ? in.data : "");
    return found;
}

struct answer client_call_on(int fd, const char *method, const char *target, const char *token,
                             const char *headers, const char *body) {
    auto_buf struct buf out = BUF_INIT;
    buf_fmt(&out, "%s %s HTTP/1.1\r\nHost: test\r\n", method, target);
    if (token) buf_fmt(&out, "Authorization: Bearer %s\r\n", token);
    buf_str(&out, headers);
    if (body && !strcasestr(headers, "Content-Type:")) buf_str(&out, "Content-Type: application/json\r\n");
    if (body) buf_fmt(&out, "Content-Length: %zu\r\n", strlen(body));
    buf_str(&out, "\r\n");
    if (body) buf_str(&out, body);
    client_send(fd, out.data, out.len);
    return client_read(fd, !strcmp(method, "HEAD"));
}

struct answer client_call(uint16_t port, const char *method, const char *target, const char *token,
                          const char *headers, const char *body) {
    int fd = client_connect(port);
    if (fd < 0) return (struct answer){0};
    struct answer a = client_call_on(fd, method, target, token, headers, body);
    close(fd);
    return a;
}
