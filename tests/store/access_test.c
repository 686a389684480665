/* Tokens, the audit log, ETag versions and idempotency keys. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "base/clock.h"
#include "pg_fixture.h"
#include "server/store/audit_store.h"
#include "server/store/device_store.h"
#include "server/store/housekeeping_store.h"
#include "server/store/idempotency_store.h"
#include "server/store/site_store.h"
#include "server/store/token_store.h"

TestSuite(access, .init = pg_fixture_setup, .fini = pg_fixture_teardown);

/* ---- tokens ---- */

Test(access, a_token_comes_back_as_it_was_made) {
    struct db *db = pg_fixture_db();
    struct token_row t = {.id = uuid_new(),
                          .name = "front desk",
                          .secret_hash = {1, 2, 3, [31] = 9},
                          .role = ROLE_OPERATOR,
                          .sites = {.n = 2, .sites = {pg_site_a, pg_site_b}},
                          .expires_at = 1900000000000};
    struct token_row got;
    cr_assert_eq(token_create(db, &pg_scope_all, &pg_actor, &t), ERR_OK, "%s", db_last_error(db));
    cr_assert_eq(token_get(db, &t.id, &got), ERR_OK);
    cr_assert_str_eq(got.name, "front desk");
    cr_assert_arr_eq(got.secret_hash, t.secret_hash, TOKEN_HASH_LEN);
    cr_assert_eq(got.role, ROLE_OPERATOR);
    cr_assert_not(got.sites.all);
    cr_assert_eq(got.sites.n, 2);
    cr_assert(uuid_equal(&got.sites.sites[1], &pg_site_b));
    cr_assert_eq(got.expires_at, 1900000000000);
    cr_assert_eq(got.revoked_at, 0);
    cr_assert_gt(got.created_at, 0);
}

Test(access, a_token_of_no_site_or_of_all_is_kept_so) {
    struct db *db = pg_fixture_db();
    struct token_row none = {.id = uuid_new(), .name = "none", .role = ROLE_OWNER}, all = none, got;
    all.id = uuid_new();
    all.sites.all = true;
    cr_assert_eq(token_create(db, &pg_scope_all, &pg_actor, &none), ERR_OK);
    cr_assert_eq(token_create(db, &pg_scope_all, &pg_actor, &all), ERR_OK);
    cr_assert_eq(token_get(db, &none.id, &got), ERR_OK);
    cr_assert(!got.sites.all && got.sites.n == 0);
    cr_assert_eq(token_get(db, &all.id, &got), ERR_OK);
    cr_assert(got.sites.all);
}

Test(access, a_token_of_an_unknown_site_is_refused) {
    struct token_row t = {.id = uuid_new(), .name = "x", .role = ROLE_VIEWER, .sites = {.n = 1}};
    t.sites.sites[0] = uuid_new();
    cr_assert_eq(token_create(pg_fixture_db(), &pg_scope_all, &pg_actor, &t), ERR_UNPROCESSABLE);
    struct uuid none = uuid_new();
    cr_assert_eq(token_get(pg_fixture_db(), &none, &t), ERR_NOT_FOUND);
}

Test(access, revoking_is_once_and_audited_once) {
    struct db *db = pg_fixture_db();
    struct token_row t = {.id = uuid_new(), .name = "x", .role = ROLE_VIEWER}, first, second;
    cr_assert_eq(token_create(db, &pg_scope_all, &pg_actor, &t), ERR_OK);
    cr_assert_eq(token_revoke(db, &pg_scope_all, &pg_actor, &t.id, &first), ERR_OK);
    cr_assert_gt(first.revoked_at, 0);
    cr_assert_eq(token_revoke(db, &pg_scope_all, &pg_actor, &t.id, &second), ERR_OK);
    cr_assert_eq(second.revoked_at, first.revoked_at);
    cr_assert_eq(pg_int("SELECT count(*) FROM audit_log WHERE action = 'token.revoke'"), 1);
}

/* ---- audit ---- */

Test(access, an_audit_entry_says_who_what_when_and_in_which_request) {
    struct db *db = pg_fixture_db();
    struct audit_row rows[PAGE_ROWS_MAX];
    struct site_row site = {.id = uuid_new(), .name = "Site C"};
    int32_t n;
    cr_assert_eq(site_create(db, &pg_scope_all, &pg_actor, &site), ERR_OK);
    cr_assert_str_eq(site.timezone, "UTC");
    cr_assert_eq(audit_list(db, &pg_scope_all, &(struct audit_filter){.subject_id = pg_uuid(&site.id)},
                            &(struct page){.limit = 10}, rows, &n),
                 ERR_OK);
    cr_assert_eq(n, 1);
    cr_assert_str_eq(rows[0].action, "site.create");
    cr_assert_str_eq(rows[0].subject_type, "site");
    cr_assert_str_eq(rows[0].actor_name, "tester");
    cr_assert(uuid_equal(&rows[0].actor_id, &pg_actor.token_id));
    cr_assert(uuid_equal(&rows[0].site_id, &site.id));
    cr_assert_str_eq(rows[0].request_id, "req-1");
    cr_assert_str_eq(rows[0].detail, "{\"name\": \"Site C\"}");
    cr_assert_gt(rows[0].at, clock_wall_ms() - 60000);
    audit_row_done(&rows[0]);
}

Test(access, the_server_itself_may_act_without_a_token) {
    struct actor server = {.name = "housekeeping"};
    cr_assert_eq(audit_add(pg_fixture_db(), &server, "x.y", "x", "1", &pg_site_a, "{\"a\": 1}"), ERR_OK);
    cr_assert_eq(pg_int("SELECT count(*) FROM audit_log WHERE actor_id IS NULL AND request_id = ''"), 1);
}

/* ---- versions ---- */

Test(access, an_update_needs_the_version_it_was_made_from) {
    struct db *db = pg_fixture_db();
    struct device_row d;
    struct device_change change = {.has_name = true, .name = "New name"};
    cr_assert_eq(device_get(db, &pg_scope_all, &pg_device_a, &d), ERR_OK);
    cr_assert_eq(device_update(db, &pg_scope_all, &pg_actor, &d.id, d.version + 1, &change, &d),
                 ERR_PRECONDITION_FAILED);
    cr_assert_eq(device_update(db, &pg_scope_all, &pg_actor, &d.id, d.version, &change, &d), ERR_OK);
    cr_assert_str_eq(d.name, "New name");
    cr_assert_str_eq(d.serial, "S-A");
    cr_assert_eq(d.version, 2);
    cr_assert_eq(device_update(db, &pg_scope_all, &pg_actor, &d.id, 1, &change, &d), ERR_PRECONDITION_FAILED);
    cr_assert_eq(pg_int("SELECT count(*) FROM audit_log WHERE action = 'device.update'"), 1);

    struct site_row s;
    struct site_change site_change = {.has_timezone = true, .timezone = "Europe/Berlin"};
    cr_assert_eq(site_update(db, &pg_scope_all, &pg_actor, &pg_site_a, 7, &site_change, &s),
                 ERR_PRECONDITION_FAILED);
    cr_assert_eq(site_update(db, &pg_scope_all, &pg_actor, &pg_site_a, 1, &site_change, &s), ERR_OK);
    cr_assert_str_eq(s.timezone, "Europe/Berlin");
    cr_assert_str_eq(s.name, "Site A");
}

Test(access, commands_and_cleanings_do_not_change_the_version_people_see) {
    struct device_row before, after;
    cr_assert_eq(device_get(pg_fixture_db(), &pg_scope_all, &pg_device_a, &before), ERR_OK);
    pg_session(&pg_device_a, 1, NULL);
    cr_assert_eq(device_get(pg_fixture_db(), &pg_scope_all, &pg_device_a, &after), ERR_OK);
    cr_assert_eq(after.version, before.version);
    cr_assert_eq(after.last_seq, 1);
}

Test(access, what_is_there_already_conflicts_and_what_is_not_is_unprocessable) {
    struct db *db = pg_fixture_db();
    struct device_row d = {
        .id = uuid_new(), .site_id = pg_site_a, .model = "spa-pro", .name = "x", .serial = "S-A"};
    struct site_row s = {.id = uuid_new(), .name = "Site A"};
    cr_assert_eq(device_create(db, &pg_scope_all, &pg_actor, &d), ERR_CONFLICT);
    snprintf(d.serial, sizeof d.serial, "S-C");
    snprintf(d.model, sizeof d.model, "no-such");
    cr_assert_eq(device_create(db, &pg_scope_all, &pg_actor, &d), ERR_UNPROCESSABLE);
    snprintf(d.model, sizeof d.model, "spa-pro");
    cr_assert_eq(device_create(db, &pg_scope_all, &pg_actor, &d), ERR_OK);
    cr_assert_str_eq(d.service, "in_service");
    cr_assert_str_eq(d.cleaning, "clean");
    cr_assert_eq(d.credential_version, 1);
    cr_assert_eq(site_create(db, &pg_scope_all, &pg_actor, &s), ERR_CONFLICT);
    struct device_change rotate = {.rotate_credential = true};
    cr_assert_eq(device_update(db, &pg_scope_all, &pg_actor, &d.id, 0, &rotate, &d), ERR_OK);
    cr_assert_eq(d.credential_version, 2);
}

/* ---- idempotency ---- */

static const struct uuid token = {{7}};
static const uint8_t hash[IDEMPOTENCY_HASH_LEN] = {1}, other_hash[IDEMPOTENCY_HASH_LEN] = {2};

static enum idempotency_outcome look(struct db *db, const uint8_t *h, struct idempotency_reply *reply) {
    enum idempotency_outcome out;
    enum err err = idempotency_begin(db, &token, "key-1", h, &out, reply);
    cr_assert_eq(err, ERR_OK, "%s", db_last_error(db));
    return out;
}

static void answer(struct db *db, int32_t status, const char *body) {
    struct idempotency_reply reply = {
        .status = status, .headers = (char *)"Location: /x", .body = (char *)body, .body_len = strlen(body)};
    cr_assert_eq(idempotency_finish(db, &token, "key-1", &reply), ERR_OK);
}

Test(access, a_key_is_new_once_and_then_gives_the_same_answer) {
    struct db *db = pg_fixture_db();
    struct idempotency_reply reply = {0};
    db_begin(db);
    cr_assert_eq(look(db, hash, &reply), IDEMPOTENCY_NEW);
    int64_t before = db_round_trips(db);
    answer(db, 201, "{\"id\": 1}");
    cr_assert_eq(db_commit(db), ERR_OK);
    cr_assert_eq(db_round_trips(db) - before, 1, "the answer travels with the commit");
    for (int i = 0; i < 2; i++) {
        db_begin(db);
        cr_assert_eq(look(db, hash, &reply), IDEMPOTENCY_REPLAY);
        db_rollback(db);
        cr_assert_eq(reply.status, 201);
        cr_assert_eq(reply.body_len, 9);
        cr_assert_str_eq(reply.body, "{\"id\": 1}");
        cr_assert_str_eq(reply.headers, "Location: /x");
        idempotency_reply_done(&reply);
    }
    db_begin(db);
    cr_assert_eq(look(db, other_hash, &reply), IDEMPOTENCY_REUSED);
    db_rollback(db);
}

Test(access, a_second_request_is_told_at_once_that_the_first_is_at_work) {
    struct db *first = pg_fixture_db();
    auto_db struct db *second = pg_fixture_open();
    struct idempotency_reply reply = {0};
    db_begin(first);
    cr_assert_eq(look(first, hash, &reply), IDEMPOTENCY_NEW);
    db_begin(second);
    cr_assert_eq(look(second, hash, &reply), IDEMPOTENCY_IN_FLIGHT);
    db_rollback(second);
    answer(first, 201, "{}");
    cr_assert_eq(db_commit(first), ERR_OK);
    db_begin(second);
    cr_assert_eq(look(second, hash, &reply), IDEMPOTENCY_REPLAY);
    db_rollback(second);
    idempotency_reply_done(&reply);
}

Test(access, a_request_that_failed_leaves_its_key_unused) {
    struct db *db = pg_fixture_db();
    struct idempotency_reply reply = {0};
    db_begin(db);
    cr_assert_eq(look(db, hash, &reply), IDEMPOTENCY_NEW);
    db_rollback(db);
    db_begin(db);
    cr_assert_eq(look(db, other_hash, &reply), IDEMPOTENCY_NEW);
    db_rollback(db);
}

Test(access, a_committed_key_without_an_answer_is_in_flight_until_it_has_one) {
    struct db *db = pg_fixture_db();
    struct idempotency_reply reply = {0};
    db_begin(db);
    cr_assert_eq(look(db, hash, &reply), IDEMPOTENCY_NEW);
    cr_assert_eq(db_commit(db), ERR_OK);
    db_begin(db);
    cr_assert_eq(look(db, hash, &reply), IDEMPOTENCY_IN_FLIGHT);
    db_rollback(db);
    answer(db, 202, "later");
    db_begin(db);
    cr_assert_eq(look(db, hash, &reply), IDEMPOTENCY_REPLAY);
    db_rollback(db);
    cr_assert_str_eq(reply.body, "later");
    idempotency_reply_done(&reply);
}

Test(access, old_keys_are_forgotten) {
    struct db *db = pg_fixture_db();
    struct idempotency_reply reply = {0};
    int32_t n;
    db_begin(db);
    cr_assert_eq(look(db, hash, &reply), IDEMPOTENCY_NEW);
    cr_assert_eq(db_commit(db), ERR_OK);
    cr_assert_eq(housekeeping_idempotency(db, clock_wall_ms(), 24, &n), ERR_OK);
    cr_assert_eq(n, 0);
    cr_assert_eq(housekeeping_idempotency(db, clock_wall_ms() + 25 * 3600000, 24, &n), ERR_OK);
    cr_assert_eq(n, 1);
}

Test(access, the_counts_for_metrics_are_those_of_the_tables) {
    struct housekeeping_counts counts;
    pg_session(&pg_device_a, 0, NULL);
    pg_session(&pg_device_b, 1, NULL);
    pg_sql("UPDATE command SET state = 'unknown' WHERE state = 'sent'");
    cr_assert_eq(housekeeping_count(pg_fixture_db(), &counts), ERR_OK);
    cr_assert_eq(counts.pending_commands, 1);
    cr_assert_eq(counts.unknown_commands, 1);
    cr_assert_eq(counts.live_sessions, 2);
    cr_assert_eq(counts.stray_samples, 0);
}
