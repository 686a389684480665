#include "broker.h"

#include <arpa/inet.h>
#include <glob.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

#define START_DEADLINE_MS 10000

static void die(const char *what) {
    perror(what);
    abort();
}

static struct sockaddr_in address(int port) {
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
}

static int free_port(void) {
    struct sockaddr_in a = address(0);
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(fd, (struct sockaddr *)&a, sizeof a) != 0 || getsockname(fd, (struct sockaddr *)&a, &len) != 0)
        die("free port");
    close(fd);
    return ntohs(a.sin_port);
}

static bool answers(int port) {
    struct sockaddr_in a = address(port);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    bool ok = connect(fd, (struct sockaddr *)&a, sizeof a) == 0;
    close(fd);
    return ok;
}

static void run(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void run(const char *fmt, ...) {
    char command[1024];
    va_list args;
    va_start(args, fmt);
    vsnprintf(command, sizeof command, fmt, args);
    va_end(args);
    if (system(command) != 0) die(command);
}

/* As docker/broker's entry point does it. */
static void make_accounts(const struct broker *b, FILE *conf) {
    glob_t found;
    if (glob("/usr/lib/*/mosquitto_dynamic_security.so", 0, NULL, &found) != 0)
        die("dynamic security plugin");
    run("mosquitto_ctrl dynsec init %s/accounts.json " BROKER_USER " " BROKER_PASSWORD " >/dev/null",
        b->folder);
    run("sed -i 's/\"publishClientReceive\":[[:space:]]*true/\"publishClientReceive\": false/' "
        "%s/accounts.json",
        b->folder);
    run("cp %s %s/acl && chmod 600 %s/acl", PEDILUVE_ACL_FILE, b->folder, b->folder);
    fprintf(conf,
            "allow_anonymous false\nplugin %s\nplugin_opt_config_file %s/accounts.json\nacl_file %s/acl\n",
            found.gl_pathv[0], b->folder, b->folder);
    globfree(&found);
}

static void write_conf(const struct broker *b) {
    char path[128];
    snprintf(path, sizeof path, "%s/conf", b->folder);
    FILE *conf = fopen(path, "w");
    if (!conf) die(path);
    fprintf(conf, "user root\nper_listener_settings false\npersistence false\nset_tcp_nodelay true\n"
                  "max_queued_messages 100000\nmax_inflight_messages 1000\nlog_dest stdout\n");
    if (b->accounts)
        make_accounts(b, conf);
    else
        fprintf(conf, "allow_anonymous true\n");
    fprintf(conf, "listener %d 127.0.0.1\n", b->port);
    fclose(conf);
}

void broker_resume(struct broker *b) {
    char conf[128], log[128];
    snprintf(conf, sizeof conf, "%s/conf", b->folder);
    snprintf(log, sizeof log, "%s/log", b->folder);
    b->pid = fork();
    if (b->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (!freopen(log, "a", stdout) || dup2(1, 2) < 0) _exit(125);
        setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
        execlp("mosquitto", "mosquitto", "-c", conf, (char *)NULL);
        execl("/usr/sbin/mosquitto", "mosquitto", "-c", conf, (char *)NULL);
        _exit(127);
    }
    for (int64_t until = clock_mono_ms() + START_DEADLINE_MS; !answers(b->port); usleep(5000))
        if (clock_mono_ms() > until || waitpid(b->pid, NULL, WNOHANG) == b->pid)
            die("mosquitto did not start");
}

void broker_start(struct broker *b, bool accounts) {
    *b = (struct broker){.accounts = accounts, .port = free_port()};
    snprintf(b->folder, sizeof b->folder, "/tmp/pediluve-test-mq-XXXXXX");
    if (!mkdtemp(b->folder)) die("mkdtemp");
    write_conf(b);
    broker_resume(b);
}

void broker_kill(struct broker *b) {
    if (b->pid <= 0) return;
    kill(b->pid, SIGKILL);
    waitpid(b->pid, NULL, 0);
    b->pid = 0;
}

void broker_stop(struct broker *b) {
    broker_kill(b);
    run("rm -rf %s", b->folder);
}
