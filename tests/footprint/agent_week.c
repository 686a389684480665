/* A week of one device in some seconds: the agent's own code with a real journal and spool, a clock that is
 * given to it and a server played here. Eight sessions a day; on the third day nobody is there. Prints the
 * memory in use after the first day and after the last as JSON, for test_footprint.py. usage: agent_week
 * MODEL.json FOLDER */
#include <malloc.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "device-agent/runtime/unit.h"

#define STEP_MS 100
#define DAY_MS 86400000LL
#define DAYS 7
#define OFFLINE_DAY 2 /* counted from 0 */
#define WARM_DAY 4    /* by its end the caches have been full once */
#define SESSION_EVERY_MS (3 * 3600000LL)
#define SESSION_MS 1200000
#define SERVER_MS 1000 /* between two answers of the server */
#define WALL_MS 1790000000000LL

struct week {
    struct unit_parts parts;
    struct unit unit;
    struct model model;
    struct moment now;
    int64_t seq, samples;
    uint32_t connection;
};
static struct week w;

static void keep(void) {
    struct keeper_result result;
    while (keeper_turn(w.parts.keeper))
        while (keeper_take(w.parts.keeper, &result)) {
            w.samples += result.type == KEEPER_SAMPLE && result.ok;
            unit_kept(&w.unit, &w.parts, &w.now, &result);
        }
}

static void give(enum link_event_type type, enum topic_channel channel, struct buf *text) {
    struct link_event e = {.type = type, .connection = w.connection, .channel = channel};
    if (text) e.payload = buf_take(text, &e.len);
    unit_take(&w.unit, &w.parts, &w.now, &e);
}

static void answer(void) {
    struct buf text = BUF_INIT;
    const struct uplink *u = &w.unit.agent.uplink;
    struct message_committed m = {.boot_id = w.unit.boot_id,
                                  .epoch = w.unit.agent.ledger.epoch,
                                  .n = u->head.set ? u->head.next - 1 : 0,
                                  .at = w.now.wall_ms};
    message_committed_write(&text, &m);
    give(LINK_MESSAGE, TOPIC_COMMITTED, &text);
}

static void start_session(void) {
    static struct message_command m;
    struct buf text = BUF_INIT;
    m = (struct message_command){.id = uuid_new(),
                                 .seq = ++w.seq,
                                 .epoch = w.unit.agent.ledger.epoch,
                                 .type = COMMAND_START,
                                 .session_id = uuid_new(),
                                 .expires_at = w.now.wall_ms + 60000,
                                 .has_program = true};
    struct program *p = &m.program;
    *p = (struct program){.model_version = w.model.version,
                          .intensity_max = 60,
                          .water_max_mdegc = 40000,
                          .total_max_ms = w.model.session_max_ms,
                          .n_steps = 1};
    snprintf(p->model, sizeof p->model, "%s", w.model.id);
    p->steps[0] =
        (struct program_step){.kind = STEP_RUN, .ms = SESSION_MS, .water_mdegc = 36000, .n_sets = 1};
    p->steps[0].sets[0] = (struct setpoint){
        .channel = (int8_t)(w.model.n_actuators - 1), .level = 50, .duty_permille = 1000, .ramp_ms = 2000};
    message_command_write(&text, &m);
    give(LINK_MESSAGE, TOPIC_COMMAND, &text);
    unit_feed(&w.unit, &w.parts, &w.now);
}

static void step(int64_t at_ms) {
    bool online = at_ms / DAY_MS != OFFLINE_DAY;
    w.now.control_ms += STEP_MS;
    w.now.mono_ms += STEP_MS;
    w.now.wall_ms += STEP_MS;
    if (online != (w.unit.connection != 0)) {
        w.connection += online;
        give(online ? LINK_CONNECTED : LINK_DISCONNECTED, TOPIC_CHANNEL_COUNT, NULL);
    }
    unit_tick(&w.unit, &w.parts, &w.now);
    keep();
    unit_head(&w.unit, &w.parts, &w.now);
    keep();
    if (online && at_ms % SERVER_MS == 0) answer();
    if (online && at_ms % SESSION_EVERY_MS == SESSION_EVERY_MS / 2) start_session();
}

static int64_t resident_kib(void) {
    char line[128];
    long kib = 0;
    FILE *f = fopen("/proc/self/status", "re");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "VmRSS: %ld", &kib) == 1) break;
    if (f) fclose(f);
    return kib;
}

static bool begin(const char *model, const char *folder) {
    char text[16384], path[512], error[256];
    struct field_errors errors;
    FILE *f = fopen(model, "re");
    size_t len = f ? fread(text, 1, sizeof text, f) : 0;
    if (f) fclose(f);
    if (!model_parse(text, len, &w.model, &errors)) return false;
    w.now = (struct moment){.control_ms = 1000, .mono_ms = 1000, .wall_ms = WALL_MS};
    snprintf(path, sizeof path, "%s/week.db", folder);
    w.parts.journal = journal_open(path, error);
    snprintf(path, sizeof path, "%s/week.db.spool", folder);
    w.parts.spool = spool_open(path, SPOOL_BYTES, error);
    if (!w.parts.journal || !w.parts.spool) return false;
    w.parts.keeper = keeper_new(w.parts.journal, w.parts.spool, 1);
    w.parts.command = xcalloc(1, sizeof *w.parts.command);
    w.parts.link = link_new(&(struct link_config){.host = "127.0.0.1", .port = 1, .n_clients = 1});
    struct uuid device = uuid_new();
    if (!unit_init(&w.unit, &w.parts, 0, &device, &w.model, &w.now)) return false;
    link_add(w.parts.link, 0, &device, "", &w.unit.boot_id, 1);
    w.unit.wants_head = true;
    w.connection = 1; /* never one that the link has: what is published goes nowhere */
    return true;
}

int main(int argc, char **argv) {
    int64_t heap[2] = {0}, resident[2] = {0};
    log_set_level(LOG_LEVEL_ERROR);
    if (argc != 3 || !begin(argv[1], argv[2])) return 2;
    for (int64_t at_ms = 0; at_ms < DAYS * DAY_MS; at_ms += STEP_MS) {
        step(at_ms);
        bool first = at_ms == WARM_DAY * DAY_MS - STEP_MS, last = at_ms == DAYS * DAY_MS - STEP_MS;
        if (!first && !last) continue;
        heap[last] = (int64_t)mallinfo2().uordblks;
        resident[last] = resident_kib();
    }
    printf("{\"sessions\":%ld,\"samples\":%ld,\"uncommitted\":%ld,\"heap_bytes\":[%ld,%ld],\"resident_kib\":["
           "%ld,%ld]}\n",
           (long)w.seq, (long)w.samples, (long)uplink_uncommitted(&w.unit.agent.uplink), (long)heap[0],
           (long)heap[1], (long)resident[0], (long)resident[1]);
    unit_done(&w.unit);
    return 0;
}
