/* The asking side of the status socket. It knows nothing but the JSON. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "device-agent/runtime/status.h"

#define DEFAULT_CONFIG "/etc/pediluve/agent.json"

static const char usage[] =
    "usage: pediluve-agent status [--config FILE | --socket PATH] [--json]\n"
    "  exits 0 when all is well, 1 when the agent does not answer, 3 when the device is in fault\n";

static bool ask(const char *path, char answer[STATUS_MAX], size_t *ret_len) {
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    struct timeval deadline = {.tv_sec = STATUS_DEADLINE_MS / 1000};
    auto_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || strlen(path) >= sizeof at.sun_path) return false;
    memcpy(at.sun_path, path, strlen(path));
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof deadline);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &deadline, sizeof deadline);
    if (connect(fd, (struct sockaddr *)&at, sizeof at) != 0) return false;
    *ret_len = 0;
    for (ssize_t n; *ret_len < STATUS_MAX; *ret_len += (size_t)n) {
        n = recv(fd, answer + *ret_len, STATUS_MAX - *ret_len, 0);
        if (n == 0) return *ret_len > 0;
        if (n < 0) return false;
    }
    return false; /* longer than it may be */
}

/* ---- for people ---- */

static const char *text(const json_t *o, const char *key) {
    const char *s = json_string_value(json_object_get(o, key));
    return s ? s : "-";
}
static long long number(const json_t *o, const char *key) {
    return (long long)json_integer_value(json_object_get(o, key));
}
static bool is(const json_t *o, const char *key) { return json_is_true(json_object_get(o, key)); }

static void show_sensor(const char *name, const json_t *sensor, double scale, const char *unit) {
    if (!sensor) return;
    const json_t *value = json_object_get(sensor, "value");
    if (json_is_integer(value))
        printf("  %-12s %.1f %s, %lld ms ago\n", name, (double)json_integer_value(value) / scale, unit,
               number(sensor, "age_ms"));
    else
        printf("  %-12s does not answer\n", name);
}

static void show_inputs(json_t *s) {
    const char *name;
    json_t *each;
    json_object_foreach(json_object_get(s, "contacts"), name, each) printf(
        "  %-12s %s, %lld ms ago\n", name, number(each, "value") ? "ACTIVE" : "well", number(each, "age_ms"));
    json_object_foreach(json_object_get(s, "motion_permille"), name, each)
        show_sensor(name, each, 10, "% of its speed");
}

static void show_state(const json_t *state) {
    const json_t *session = json_object_get(state, "session"), *faults = json_object_get(state, "faults"),
                 *each;
    size_t i;
    printf("mode      %s\n", text(state, "mode"));
    if (strcmp(text(session, "state"), "none") != 0)
        printf("session   %s: %s, step %lld of %lld, %lld s of the program%s%s\n", text(session, "id"),
               text(session, "state"), number(session, "step") + 1, number(session, "step_count"),
               number(session, "elapsed_ms") / 1000, strcmp(text(session, "reason"), "none") ? ", " : "",
               strcmp(text(session, "reason"), "none") ? text(session, "reason") : "");
    else
        puts("session   none yet");
    fputs("faults   ", stdout);
    json_array_foreach((json_t *)faults, i, each) printf(" %s", json_string_value(each));
    puts(json_array_size(faults) ? "" : " none");
}

static void show(json_t *s) {
    const json_t *sensors = json_object_get(s, "sensors"), *link = json_object_get(s, "link");
    const json_t *spool = json_object_get(s, "spool"), *journal = json_object_get(s, "journal");
    const json_t *control = json_object_get(s, "control");
    printf("agent     %s, up %lld s, board %s, model %s version %lld\n", text(s, "version"),
           number(s, "uptime_ms") / 1000, text(s, "board"), text(s, "model"), number(s, "model_version"));
    printf("device    %s\n", text(s, "device_id"));
    show_state(json_object_get(s, "state"));
    puts("sensors");
    show_sensor("water", json_object_get(sensors, "water_0_mdegc"), 1000, "C");
    show_sensor("water, 2nd", json_object_get(sensors, "water_1_mdegc"), 1000, "C");
    show_sensor("level", json_object_get(sensors, "level_permille"), 10, "%");
    show_sensor("current", json_object_get(sensors, "current_ma"), 1000, "A");
    show_inputs(s);
    printf("link      %s:%lld%s: %s, connection %lld\n", text(link, "host"), number(link, "port"),
           is(link, "tls") ? " with TLS" : "",
           is(link, "ready")       ? "ready"
           : is(link, "connected") ? "connected, the server has not answered"
                                   : "not connected",
           number(link, "epoch"));
    printf("spool     %s, %lld samples, %lld of %lld KiB, %lld given up\n",
           is(spool, "ok") ? "good" : "FAILS", number(spool, "samples"), number(spool, "bytes") / 1024,
           number(spool, "bytes_max") / 1024, number(spool, "given_up"));
    printf("journal   %s, %lld writes, %lld of them waited for the disk%s\n",
           is(journal, "ok") ? "good" : "FAILS", number(journal, "writes"), number(journal, "syncs"),
           number(journal, "waiting_ms") ? "; one does now" : "");
    printf("control   every %lld ms, %lld turns, at worst %lld ms late\n", number(control, "tick_ms"),
           number(control, "turns"), number(control, "late_ms_max"));
}

static int print_answer(const char *answer, size_t len, bool raw) {
    json_t *s = json_loadb(answer, len, 0, NULL);
    if (!s) {
        fputs("pediluve: the answer cannot be read\n", stderr);
        return 1;
    }
    int status = strcmp(text(json_object_get(s, "state"), "mode"), "fault") ? 0 : 3;
    if (raw)
        fwrite(answer, 1, len, stdout);
    else
        show(s);
    json_decref(s);
    return status;
}

int status_main(int argc, char **argv) {
    static struct config config;
    char answer[STATUS_MAX];
    const char *file = DEFAULT_CONFIG, *path = NULL;
    bool raw = false;
    size_t len = 0;
    for (int i = 1; i < argc; i++) {
        const char **value = !strcmp(argv[i], "--config")   ? &file
                             : !strcmp(argv[i], "--socket") ? &path
                                                            : NULL;
        if (value && i + 1 < argc) {
            *value = argv[++i];
        } else if (!strcmp(argv[i], "--json")) {
            raw = true;
        } else {
            fputs(usage, stderr);
            return 2;
        }
    }
    if (!path) {
        if (!config_load_agent(&config, file)) return 2;
        path = config.status;
        config_done(&config);
    }
    if (ask(path, answer, &len)) return print_answer(answer, len, raw);
    fprintf(stderr, "pediluve: no agent answers at %s\n", path);
    return 1;
}
