#include "fleet_fixture.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/jsonw.h"
#include "base/log.h"
#include "server/base/crypto.h"
#include "server/fleet/outbox.h"

#define EVENTS_MAX 4096

struct fleet *fleet;
struct broker broker;

static pthread_mutex_t events_lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
    char type[16];
    char json[600];
} events[EVENTS_MAX];
static int n_events;
static char role[64], url[1200];

static void on_event(void *ctx, const struct uuid *site, const char *type, const char *json, size_t len) {
    (void)ctx;
    cr_assert(!uuid_is_zero(site));
    pthread_mutex_lock(&events_lock);
    if (n_events < EVENTS_MAX) {
        snprintf(events[n_events].type, sizeof events[0].type, "%s", type);
        snprintf(events[n_events++].json, sizeof events[0].json, "%.*s", (int)len, json);
    }
    pthread_mutex_unlock(&events_lock);
}

/* A role of the fleet's own, so that the database can be away for it alone. */
static void make_role(void) {
    snprintf(role, sizeof role, "fleet_%s", pg_text("SELECT current_database()"));
    pg_sql("CREATE ROLE %s SUPERUSER LOGIN", role);
    snprintf(url, sizeof url, "%s user='%s'", pg_fixture_url(), role);
}

void fleet_fixture_start(void) {
    struct fleet_config config = {.database_url = url,
                                  .mqtt_host = "127.0.0.1",
                                  .mqtt_port = broker.port,
                                  .mqtt_username = broker.accounts ? BROKER_USER : NULL,
                                  .mqtt_password = broker.accounts ? BROKER_PASSWORD : NULL,
                                  .device_secret = broker.accounts ? FIXTURE_SECRET : NULL,
                                  .publish = on_event};
    cr_assert_eq(fleet_start(&config, &fleet), ERR_OK);
    for (int64_t until = clock_mono_ms() + FAKE_DEADLINE_MS; !fleet_fixture_status().broker_connected;
         usleep(5000))
        cr_assert_lt(clock_mono_ms(), until, "the fleet does not find the broker");
}

void fleet_fixture_stop(void) {
    fleet_stop(fleet, 10000);
    fleet = NULL;
}

static void setup(bool accounts) {
    if (!getenv("PEDILUVE_TEST_LOG")) log_set_level(LOG_LEVEL_ERROR);
    cr_assert(crypto_init());
    pg_fixture_setup();
    make_role();
    broker_start(&broker, accounts);
    fleet_fixture_start();
}
void fleet_fixture_setup(void) { setup(false); }
void fleet_fixture_setup_accounts(void) { setup(true); }

void fleet_fixture_teardown(void) {
    fleet_fixture_stop();
    broker_stop(&broker);
    pg_sql("DROP ROLE %s", role);
    pg_fixture_teardown();
}

void fleet_fixture_database(bool up) {
    pg_sql("ALTER ROLE %s %s", role, up ? "LOGIN" : "NOLOGIN");
    if (!up)
        pg_sql("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = '%s'", role);
}

struct fleet_status fleet_fixture_status(void) {
    struct fleet_status s;
    fleet_status(fleet, &s);
    return s;
}

struct live_device fleet_fixture_live(const struct uuid *device) {
    struct live_device d;
    cr_assert(live_get(fleet_live(fleet), device, clock_wall_ms(), &d));
    return d;
}

bool fleet_fixture_is_ready(const struct uuid *device) {
    int64_t epoch;
    return live_ready(fleet_live(fleet), device, &epoch);
}

static bool is_ready(void *arg) {
    struct fake_device *d = arg;
    int64_t epoch;
    return live_ready(fleet_live(fleet), &d->id, &epoch) && epoch == d->epoch;
}

void fleet_fixture_wait_ready(struct fake_device *d) { fake_device_wait(d, is_ready, d, "readiness"); }

void fleet_fixture_wait_sql(struct fake_device *d, int64_t value, const char *sql) {
    int64_t seen;
    for (int64_t until = clock_mono_ms() + FAKE_DEADLINE_MS; (seen = pg_int("%s", sql)) != value;
         fake_device_hear(d, 20))
        cr_assert_lt(clock_mono_ms(), until, "%s gives %lld, not %lld", sql, (long long)seen,
                     (long long)value);
}

int fleet_fixture_events(const char *type, const char *text) {
    int n = 0;
    pthread_mutex_lock(&events_lock);
    for (int i = 0; i < n_events; i++)
        if (strcmp(events[i].type, type) == 0 && strstr(events[i].json, text)) n++;
    pthread_mutex_unlock(&events_lock);
    return n;
}

struct sought {
    const char *type, *text;
};
static bool has_event(void *arg) {
    const struct sought *s = arg;
    return fleet_fixture_events(s->type, s->text) > 0;
}
void fleet_fixture_wait_event(struct fake_device *d, const char *type, const char *text) {
    struct sought s = {type, text};
    fake_device_wait(d, has_event, &s, text);
}

static char *program_text(void) {
    static struct program p;
    p = (struct program){
        .model = "spa-pro",
        .model_version = 1,
        .intensity_max = 100,
        .water_max_mdegc = 40000,
        .total_max_ms = 600000,
        .n_steps = 2,
        .steps = {{.kind = STEP_RUN, .ms = 60000, .water_mdegc = 38000}, {.kind = STEP_REST, .ms = 10000}}};
    struct buf out = BUF_INIT;
    struct jsonw w;
    jsonw_init(&w, &out);
    program_write(&w, NULL, &p);
    return buf_take(&out, NULL);
}

struct command_row fleet_fixture_session(int64_t epoch) {
    struct session_row session;
    struct command_row command;
    auto_free char *program = program_text();
    struct session_new wanted = {.id = uuid_new(),
                                 .command_id = uuid_new(),
                                 .device_id = pg_device_a,
                                 .routine = "relax-10",
                                 .routine_version = 1,
                                 .intake = "{\"none_apply\": true}",
                                 .screening = "{\"outcome\": \"cleared\"}",
                                 .program = program,
                                 .step_count = 2,
                                 .intensity = 100,
                                 .target_mdegc = 38000,
                                 .expires_at = clock_wall_ms() + 30000,
                                 .epoch = epoch};
    enum err e = session_create(pg_fixture_db(), &pg_scope_all, &pg_actor, &wanted, &session, &command);
    cr_assert_eq(e, ERR_OK, "%s", db_last_error(pg_fixture_db()));
    command.program = steal(&program);
    return command;
}

struct command_row fleet_fixture_order(const struct uuid *session, const char *type, int64_t epoch) {
    struct command_row command;
    bool stop = strcmp(type, "stop") == 0;
    struct session_order order = {.command_id = uuid_new(),
                                  .session_id = *session,
                                  .type = type,
                                  .expires_at = stop ? 0 : clock_wall_ms() + 30000,
                                  .epoch = epoch};
    enum err e = session_command(pg_fixture_db(), &pg_scope_all, &pg_actor, &order, &command);
    cr_assert_eq(e, ERR_OK, "%s", db_last_error(pg_fixture_db()));
    return command;
}

void fleet_fixture_send(const struct command_row *row) {
    static struct message_command m;
    cr_assert(outbox_message_from_row(row, row->epoch, &m));
    fleet_send_command(fleet, &row->device_id, &m);
}
