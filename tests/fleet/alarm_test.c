/* The alarm keeper on a database, with a live view and a clock of the test's own. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "pg_fixture.h"
#include "server/fleet/alarm_keeper.h"
#include "server/store/alarm_store.h"

#define SECOND INT64_C(1000)
#define MINUTE INT64_C(60000)

static struct context ctx, other; /* of two servers */
static struct alarm_keeper *keeper, *others;
static int64_t now;
static int told;

static void on_event(void *arg, const struct uuid *site, const char *type, const char *json, size_t len) {
    (void)arg, (void)site, (void)json, (void)len;
    if (strcmp(type, "alarm") == 0) told++;
}

static void take(void *arg, const struct device_row *row) { live_put_device(arg, row); }

static void setup(void) {
    pg_fixture_setup();
    now = 1764146096123;
    struct context *both[] = {&ctx, &other};
    for (int i = 0; i < 2; i++) {
        both[i]->live = live_new();
        cr_assert_eq(device_each(pg_fixture_db(), take, both[i]->live), ERR_OK);
    }
    ctx.publish = on_event;
    keeper = alarm_keeper_new(&ctx, now);
    others = alarm_keeper_new(&other, now);
}

static void teardown(void) {
    alarm_keeper_free(keeper);
    alarm_keeper_free(others);
    live_free(ctx.live);
    live_free(other.live);
    pg_fixture_teardown();
}

TestSuite(alarms, .init = setup, .fini = teardown);

static void run_at(struct alarm_keeper *k, int64_t at) {
    cr_assert_eq(alarm_keeper_run(k, pg_fixture_db(), at), ERR_OK, "%s", db_last_error(pg_fixture_db()));
}

/* Rounds a second apart, as housekeeping makes them. */
static void rounds(int n) {
    for (int i = 0; i < n; i++) run_at(keeper, now += SECOND);
}

static struct message_state state(int64_t n) {
    return (struct message_state){
        .boot_id = pg_device_a, .epoch = 1, .n = n, .values = {.water_mdegc = 38000, .level_permille = 900}};
}

static void say(struct live *live, const struct message_state *s) {
    cr_assert(live_put_state(live, &pg_device_a, s, now, NULL));
}

#define OPEN "SELECT count(*) FROM alarm WHERE cleared_at IS NULL AND kind = "

static struct session_row running(void) {
    struct session_row row;
    pg_session(&pg_device_a, 1, &row);
    pg_sql("UPDATE session SET state = 'running' WHERE id = '%s'", pg_uuid(&row.id));
    return row;
}

Test(alarms, a_fault_seen_by_two_servers_is_one_alarm) {
    struct message_state s = state(1);
    s.n_faults = 1;
    s.faults[0] = REASON_LEVEL_LOW;
    say(ctx.live, &s);
    say(other.live, &s);
    run_at(keeper, now);
    run_at(others, now);
    rounds(2);
    cr_assert_eq(pg_int("SELECT count(*) FROM alarm"), 1);
    cr_assert_str_eq(pg_text("SELECT fault FROM alarm"), "level_low");
    cr_assert_eq(pg_int("SELECT count(*) FROM audit_log WHERE action = 'alarm.raise'"), 1);
    cr_assert_eq(atomic_load(&ctx.alarms_open), 1);
    s = state(2);
    say(ctx.live, &s);
    rounds(1);
    cr_assert_eq(pg_int(OPEN "'device_fault'"), 1, "the other server may not have heard yet");
    rounds(3);
    cr_assert_eq(pg_int(OPEN "'device_fault'"), 0);
    cr_assert_eq(pg_int("SELECT count(*) FROM audit_log WHERE action = 'alarm.clear'"), 1);
    cr_assert_eq(atomic_load(&ctx.alarms_open), 0);
}

Test(alarms, silence_proves_nothing) {
    struct message_state s = state(1);
    s.n_faults = 1;
    s.faults[0] = REASON_LEVEL_LOW;
    say(ctx.live, &s);
    rounds(2);
    alarm_keeper_free(keeper);
    live_free(ctx.live);
    ctx.live = live_new(); /* the server starts anew and has heard nothing */
    cr_assert_eq(device_each(pg_fixture_db(), take, ctx.live), ERR_OK);
    keeper = alarm_keeper_new(&ctx, now);
    rounds(5);
    cr_assert_eq(pg_int(OPEN "'device_fault'"), 1);
}

Test(alarms, a_device_with_a_session_that_falls_silent_is_an_alarm_until_it_is_heard) {
    running();
    struct message_state s = state(1);
    say(ctx.live, &s);
    run_at(keeper, now);
    run_at(keeper, now += ALARM_SILENT_MS);
    cr_assert_eq(pg_int(OPEN "'offline_in_session'"), 0);
    told = 0;
    rounds(1);
    cr_assert_eq(pg_int(OPEN "'offline_in_session' AND session_id IS NOT NULL AND severity = 'critical'"), 1);
    cr_assert_eq(told, 1);
    rounds(3);
    cr_assert_eq(told, 1, "told once");
    s = state(2);
    say(ctx.live, &s);
    rounds(4);
    cr_assert_eq(pg_int(OPEN "'offline_in_session'"), 0);
    cr_assert_eq(told, 2);
}

Test(alarms, a_silent_device_without_a_session_is_none) {
    struct message_state s = state(1);
    say(ctx.live, &s);
    run_at(keeper, now += 2 * ALARM_SILENT_MS);
    cr_assert_eq(pg_int("SELECT count(*) FROM alarm"), 0);
    struct session_row session = running();
    rounds(1);
    cr_assert_eq(pg_int(OPEN "'offline_in_session'"), 1);
    pg_sql("UPDATE session SET state = 'aborted' WHERE id = '%s'", pg_uuid(&session.id));
    rounds(5);
    cr_assert_eq(pg_int(OPEN "'offline_in_session'"), 0, "no session runs there any more");
}

Test(alarms, a_device_that_another_server_hears_is_not_silent) {
    struct session_row session = running();
    pg_sql("SELECT telemetry_ensure(date '2025-11-20', date '2025-11-30')");
    pg_sql(
        "INSERT INTO telemetry (device_id, boot_id, session_id, n, at, step, elapsed_ms, target_mdegc,"
        " current_ma, heater_permille, intensity) VALUES ('%s', '%s', '%s', 1, to_timestamp(%lld), 0, 0, 0,"
        " 0, 0, 0)",
        pg_uuid(&pg_device_a), pg_uuid(&pg_device_a), pg_uuid(&session.id),
        (long long)(now + 2 * ALARM_SILENT_MS) / 1000 - 5);
    run_at(keeper, now + 2 * ALARM_SILENT_MS);
    cr_assert_eq(pg_int("SELECT count(*) FROM alarm"), 0);
    run_at(keeper, now + 4 * ALARM_SILENT_MS);
    cr_assert_eq(pg_int("SELECT count(*) FROM alarm"), 1);
}

Test(alarms, water_that_does_not_hold_its_temperature_is_one) {
    struct session_row session = running();
    struct message_state s = state(1);
    s.session = (struct message_session){.id = session.id, .state = DSESSION_RUNNING, .target_mdegc = 38000};
    say(ctx.live, &s);
    s.n = 2;
    s.values.water_mdegc = 35500;
    now += SECOND;
    say(ctx.live, &s);
    now += 2 * MINUTE;
    s.n = 3;
    say(ctx.live, &s);
    run_at(keeper, now);
    cr_assert_eq(pg_int("SELECT count(*) FROM alarm"), 0);
    rounds(1);
    cr_assert_eq(pg_int(OPEN "'temperature_drift' AND severity = 'warning'"), 1);
    cr_assert_str_eq(pg_text("SELECT detail FROM alarm"), "the water has 35.5 °C and should have 38.0 °C");
    s.n = 4;
    s.values.water_mdegc = 37500;
    say(ctx.live, &s);
    rounds(4);
    cr_assert_eq(pg_int(OPEN "'temperature_drift'"), 0);
}

Test(alarms, an_outcome_that_is_not_known_is_one_until_the_device_says) {
    struct session_row session;
    struct command_row start = pg_session(&pg_device_a, 1, &session);
    pg_sql("UPDATE command SET state = 'unknown' WHERE id = '%s'", pg_uuid(&start.id));
    cr_assert_eq(pg_int(OPEN "'command_unknown' AND session_id = '%s'", pg_uuid(&session.id)), 1);
    rounds(4);
    cr_assert_eq(pg_int(OPEN "'command_unknown'"), 1);
    pg_sql("UPDATE command SET state = 'running' WHERE id = '%s'", pg_uuid(&start.id));
    cr_assert_eq(pg_int(OPEN "'command_unknown'"), 0);
    pg_sql("UPDATE command SET state = 'unknown' WHERE id = '%s'", pg_uuid(&start.id));
    cr_assert_eq(pg_int("SELECT count(*) FROM alarm WHERE kind = 'command_unknown'"), 2);
}

Test(alarms, what_was_said_of_one_does_not_change) {
    pg_sql("INSERT INTO alarm (kind, severity, device_id, site_id) VALUES ('samples_lost', 'warning', '%s', "
           "'%s')",
           pg_uuid(&pg_device_a), pg_uuid(&pg_site_a));
    pg_sql("UPDATE alarm SET acknowledged_at = now(), acknowledged_name = 'Anna'");
    cr_assert_str_eq(pg_refusal("UPDATE alarm SET acknowledged_at = now() + interval '1 s'"), "PD007");
    pg_sql("UPDATE alarm SET cleared_at = now(), cleared_name = 'Bea', note = 'Dry'");
    cr_assert_str_eq(pg_refusal("UPDATE alarm SET note = 'Wet'"), "PD007");
    pg_sql("UPDATE alarm SET gone_at = now()");
    cr_assert_str_eq(pg_refusal("UPDATE alarm SET version = 7"), "PD007");
}

Test(alarms, a_retired_device_has_none) {
    struct message_state s = state(1);
    s.n_faults = 1;
    s.faults[0] = REASON_LEVEL_LOW;
    say(ctx.live, &s);
    rounds(2);
    pg_sql("UPDATE device SET service = 'retired', version = version + 1 WHERE id = '%s'",
           pg_uuid(&pg_device_a));
    cr_assert_eq(device_each(pg_fixture_db(), take, ctx.live), ERR_OK);
    rounds(5);
    cr_assert_eq(pg_int(OPEN "'device_fault'"), 0);
    cr_assert_eq(pg_int("SELECT count(*) FROM alarm"), 1);
}
