#include "io_fixture.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

char io_path[64];
static char folder[40];

void io_begin(void) {
    snprintf(folder, sizeof folder, "/tmp/pediluve-test-io-XXXXXX");
    cr_assert(mkdtemp(folder));
    snprintf(io_path, sizeof io_path, "%s/db", folder);
    signal(SIGXFSZ, SIG_IGN);
}

void io_end(void) {
    static const char *const tails[] = {"", "-wal", "-shm", "-journal"};
    char path[80];
    for (int i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s%s", io_path, tails[i]);
        unlink(path);
    }
    rmdir(folder);
}

struct uuid io_id(uint32_t n) {
    struct uuid id = {.b = {1, 2, 3, 4, 5, 6, 0x70, 0, 0x80}};
    memcpy(id.b + 12, &n, sizeof n);
    return id;
}

void io_kill9_after(void (*work)(void)) {
    int status = 0;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        work();
        kill(getpid(), SIGKILL);
    }
    cr_assert(pid > 0 && waitpid(pid, &status, 0) == pid);
    cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

void io_disk_full(bool full) {
    struct rlimit limit;
    cr_assert(getrlimit(RLIMIT_FSIZE, &limit) == 0);
    limit.rlim_cur = full ? 0 : limit.rlim_max;
    cr_assert(setrlimit(RLIMIT_FSIZE, &limit) == 0);
}
