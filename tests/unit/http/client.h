/* A small HTTP/1.1 client over raw sockets. Every wait has a deadline; a broken answer fails the test
 * by being empty (status 0), never by hanging. Knows nothing of Criterion. */
#ifndef PEDILUVE_TESTS_HTTP_CLIENT_H
#define PEDILUVE_TESTS_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct answer {
    int status; /* 0: none came */
    char head[4096];
    char *body; /* NUL-terminated; chunks already joined */
    size_t len;
};
void answer_done(struct answer *a);
#define auto_answer __attribute__((cleanup(answer_done)))

/* Value of a header in a static buffer of the answer's head, or "" when it is not there. */
const char *answer_header(const struct answer *a, const char *name, char out[512]);

int client_connect(uint16_t port);
bool client_send(int fd, const void *data, size_t len);
/* Reads one whole answer. is_head: none has a body. */
struct answer client_read(int fd, bool is_head);
bool client_closed(int fd, int within_ms); /* the server closes within that time */
/* Reads what comes until `text` was seen or the deadline; what came is in out. */
bool client_until(int fd, const char *text, int within_ms, char *out, size_t cap);

/* One request on a connection of its own. token NULL: none. headers: "A: b\r\n..." or "". body NULL: none. */
struct answer client_call(uint16_t port, const char *method, const char *target, const char *token,
                          const char *headers, const char *body);
/* The same on an open connection. */
struct answer client_call_on(int fd, const char *method, const char *target, const char *token,
                             const char *headers, const char *body);

#endif
