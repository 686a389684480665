#include "device-agent/runtime/notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define FEEDS 4 /* signs of life within the watchdog's time */

static void tell(const struct notify *n, const char *text) {
    if (n->fd >= 0) (void)!send(n->fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL);
}

static int64_t watchdog_ms(void) {
    const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
    if (!usec || (pid && strtol(pid, NULL, 10) != (long)getpid())) return 0;
    long long value = strtoll(usec, NULL, 10);
    return value > 0 && value < INT64_MAX / 2 ? (int64_t)value / 1000 : 0;
}

void notify_open(struct notify *n) {
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    const char *path = getenv("NOTIFY_SOCKET");
    *n = (struct notify){.fd = -1, .every_ms = watchdog_ms() / FEEDS};
    size_t len = path ? strlen(path) : 0;
    if (len < 2 || len >= sizeof to.sun_path || (path[0] != '/' && path[0] != '@')) return;
    memcpy(to.sun_path, path, len);
    if (path[0] == '@') to.sun_path[0] = '\0'; /* in the abstract name space */
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return;
    if (connect(fd, (struct sockaddr *)&to, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) == 0)
        n->fd = fd;
    else
        close(fd);
}

void notify_step(struct notify *n, int64_t mono_ms) {
    if (n->fd < 0) return;
    if (!n->ready) tell(n, "READY=1\nSTATUS=the control loop runs");
    n->ready = true;
    if (n->every_ms == 0 || mono_ms < n->next_ms) return;
    n->next_ms = mono_ms + n->every_ms;
    tell(n, "WATCHDOG=1");
}

void notify_stopping(struct notify *n) { tell(n, "STOPPING=1"); }

void notify_close(struct notify *n) {
    if (n->fd >= 0) close(n->fd);
    n->fd = -1;
}
