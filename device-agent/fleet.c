/* pediluve-fleet: many devices in one process, the same agents on simulated boards: for demonstrations, load
 * and fault tests. */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "device-agent/runtime/runtime.h"

#define TICK_MS 100 /* coarser than on a device: hundreds of them share one core */
#define STEP_MS 100
#define FAST_TICK_MS 50

static const char usage[] =
    "usage: pediluve-fleet --config FILE --models DIR --journal DIR [--speed N]\n"
    "                      [--mqtt-host H] [--mqtt-port P]\n"
    "\n"
    "  --config   {\"mqtt\":{\"host\",\"port\"},\"devices\":[{\"device_id\",\"password\",\"model\"}]}\n"
    "  --models   folder of the models' JSON files\n"
    "  --journal  folder for the devices' journal\n"
    "  --speed    how many times faster the devices' own time runs, 1 to 1000\n";

struct options {
    const char *config, *models, *journal, *host;
    int32_t port, speed;
};

static bool whole(const char *text, int32_t least, int32_t most, int32_t *ret) {
    char *end;
    long value = strtol(text, &end, 10);
    if (end == text || *end || value < least || value > most) return false;
    *ret = (int32_t)value;
    return true;
}

static bool read_options(int argc, char **argv, struct options *o) {
    for (int i = 1; i < argc; i += 2) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        bool ok = value != NULL;
        if (ok && !strcmp(argv[i], "--config"))
            o->config = value;
        else if (ok && !strcmp(argv[i], "--models"))
            o->models = value;
        else if (ok && !strcmp(argv[i], "--journal"))
            o->journal = value;
        else if (ok && !strcmp(argv[i], "--mqtt-host"))
            o->host = value;
        else if (ok && !strcmp(argv[i], "--mqtt-port"))
            ok = whole(value, 1, 65535, &o->port);
        else if (ok && !strcmp(argv[i], "--speed"))
            ok = whole(value, 1, CONFIG_SPEED_MAX, &o->speed);
        else
            ok = false;
        if (!ok) return config_fail("%s is not understood", argv[i]);
    }
    return o->config && o->models && o->journal;
}

/* A connection each, and some files. */
static void allow_files(void) {
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
}

int main(int argc, char **argv) {
    static struct config config;
    struct options o = {.speed = 1};
    if (!read_options(argc, argv, &o)) {
        fputs(usage, stderr);
        return 2;
    }
    if (!config_load_fleet(&config, o.config)) return 2;
    snprintf(config.models_dir, sizeof config.models_dir, "%s", o.models);
    snprintf(config.journal, sizeof config.journal, "%s/fleet.db", o.journal);
    if (o.host) snprintf(config.mqtt.host, sizeof config.mqtt.host, "%s", o.host);
    if (o.port) config.mqtt.port = o.port;
    config.speed = o.speed;
    allow_files();
    runtime_block_signals();
    struct runtime *runtime = runtime_new(&config, config.speed > 1 ? FAST_TICK_MS : TICK_MS, STEP_MS);
    int status = runtime ? runtime_run(runtime) : 1;
    if (!runtime_free(runtime)) _exit(status);
    config_done(&config);
    return status;
}
