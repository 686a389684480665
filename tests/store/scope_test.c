/* A token of one site sees and touches that site's things only, in every store. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "base/clock.h"
#include "pg_fixture.h"
#include "server/store/audit_store.h"
#include "server/store/cleaning_store.h"
#include "server/store/device_store.h"
#include "server/store/routine_store.h"
#include "server/store/site_store.h"
#include "server/store/telemetry_store.h"
#include "server/store/token_store.h"

/* Every noun once at each site. */
static struct seen {
    struct uuid site, device, session, command, cleaning, token;
    char routine[16];
} at[2];

static struct scope of_a, of_none = {.n = 0};

static void setup(void) {
    pg_fixture_setup();
    of_a = pg_scope_of(&pg_site_a);
    for (int i = 0; i < 2; i++) {
        struct session_row session;
        struct seen *s = &at[i];
        s->site = i == 0 ? pg_site_a : pg_site_b;
        s->device = i == 0 ? pg_device_a : pg_device_b;
        struct cleaning_row cleaning = {.id = uuid_new(), .device_id = s->device, .kind = "after_client"};
        cr_assert_eq(cleaning_create(pg_fixture_db(), &pg_scope_all, &pg_actor, &cleaning), ERR_OK);
        s->cleaning = cleaning.id;
        struct command_row start = pg_session(&s->device, 1, &session);
        s->session = session.id;
        s->command = start.id;
        struct token_row token = {
            .id = uuid_new(), .name = "t", .role = ROLE_VIEWER, .sites = pg_scope_of(&s->site)};
        cr_assert_eq(token_create(pg_fixture_db(), &pg_scope_all, &pg_actor, &token), ERR_OK);
        s->token = token.id;
        snprintf(s->routine, sizeof s->routine, "of-%c", 'a' + i);
        struct routine_row routine;
        cr_assert_eq(routine_put_draft(pg_fixture_db(), &pg_scope_all, &pg_actor, s->routine, &s->site, "R",
                                       "{}", &routine),
                     ERR_OK);
        routine_row_done(&routine);
        cr_assert_eq(routine_publish(pg_fixture_db(), &pg_scope_all, &pg_actor, s->routine, 1, &routine),
                     ERR_OK);
        routine_row_done(&routine);
    }
}

TestSuite(scope, .init = setup, .fini = pg_fixture_teardown);

/* ---- reading one: each gives the answer for the thing at site i ---- */

#define DB pg_fixture_db()
static enum err get_site(const struct scope *sc, const struct seen *s) {
    return site_get(DB, sc, &s->site, &(struct site_row){0});
}
static enum err get_device(const struct scope *sc, const struct seen *s) {
    return device_get(DB, sc, &s->device, &(struct device_row){0});
}
static enum err get_session(const struct scope *sc, const struct seen *s) {
    struct session_row row = {0};
    enum err err = session_get(DB, sc, &s->session, &row);
    session_row_done(&row);
    return err;
}
static enum err get_program(const struct scope *sc, const struct seen *s) {
    auto_free char *json = NULL, *trial = NULL;
    return session_get_program(DB, sc, &s->session, &json, &trial);
}
static enum err get_command(const struct scope *sc, const struct seen *s) {
    struct command_row row = {0};
    enum err err = command_get(DB, sc, &s->command, &row);
    command_row_done(&row);
    return err;
}
static enum err get_cleaning(const struct scope *sc, const struct seen *s) {
    return cleaning_get(DB, sc, &s->cleaning, &(struct cleaning_row){0});
}
static enum err get_routine(const struct scope *sc, const struct seen *s) {
    struct routine_row row = {0};
    enum err err = routine_get(DB, sc, s->routine, 0, &row);
    routine_row_done(&row);
    return err;
}
static enum err get_routine_version(const struct scope *sc, const struct seen *s) {
    struct routine_row row = {0};
    enum err err = routine_get(DB, sc, s->routine, 1, &row);
    routine_row_done(&row);
    return err;
}
static enum err read_telemetry(const struct scope *sc, const struct seen *s) {
    struct telemetry_query q = {.device_id = s->device, .to = clock_wall_ms(), .limit = 1};
    struct telemetry_point p;
    int32_t n;
    return telemetry_read(DB, sc, &q, &p, &n);
}

/* ---- changing one ---- */

static enum err change_site(const struct scope *sc, const struct seen *s) {
    struct site_change c = {.has_name = true};
    snprintf(c.name, sizeof c.name, "New %d", s->device.b[15]);
    return site_update(DB, sc, &pg_actor, &s->site, 0, &c, &(struct site_row){0});
}
static enum err change_device(const struct scope *sc, const struct seen *s) {
    struct device_change c = {.has_name = true, .name = "New"};
    return device_update(DB, sc, &pg_actor, &s->device, 0, &c, &(struct device_row){0});
}
static enum err move_device_there(const struct scope *sc, const struct seen *s) {
    struct device_change c = {.has_site_id = true, .site_id = s->site};
    pg_sql("UPDATE session SET state = 'stopped' WHERE state = 'requested'");
    return device_update(DB, sc, &pg_actor, &pg_device_a, 0, &c, &(struct device_row){0});
}
static enum err make_device(const struct scope *sc, const struct seen *s) {
    struct device_row row = {.id = uuid_new(), .site_id = s->site, .model = "spa-pro", .name = "x"};
    snprintf(row.serial, sizeof row.serial, "%s", pg_uuid(&row.id));
    return device_create(DB, sc, &pg_actor, &row);
}
static enum err make_session(const struct scope *sc, const struct seen *s) {
    struct session_row row;
    pg_sql("UPDATE session SET state = 'rejected' WHERE state = 'requested'");
    pg_sql("UPDATE device SET cleaning = 'clean'");
    struct session_new wanted = {.id = uuid_new(),
                                 .command_id = uuid_new(),
                                 .device_id = s->device,
                                 .routine = "relax-10",
                                 .routine_version = 1,
                                 .intake = "{}",
                                 .screening = "{\"outcome\": \"cleared\"}",
                                 .program = "{}",
                                 .expires_at = clock_wall_ms()};
    return session_create(DB, sc, &pg_actor, &wanted, &row, NULL);
}
static enum err command_session(const struct scope *sc, const struct seen *s) {
    struct command_row row = {0};
    struct session_order o = {.command_id = uuid_new(), .session_id = s->session, .type = "stop"};
    enum err err = session_command(DB, sc, &pg_actor, &o, &row);
    command_row_done(&row);
    return err;
}
static enum err make_cleaning(const struct scope *sc, const struct seen *s) {
    pg_sql("UPDATE session SET state = 'rejected' WHERE state = 'requested'");
    struct cleaning_row row = {.id = uuid_new(), .device_id = s->device, .kind = "after_client"};
    return cleaning_create(DB, sc, &pg_actor, &row);
}
static enum err revoke_token(const struct scope *sc, const struct seen *s) {
    return token_revoke(DB, sc, &pg_actor, &s->token, &(struct token_row){0});
}
static enum err retire_routine(const struct scope *sc, const struct seen *s) {
    struct routine_row row = {0};
    enum err err = routine_retire(DB, sc, &pg_actor, s->routine, 1, &row);
    routine_row_done(&row);
    return err;
}

static const struct {
    const char *name;
    enum err (*attempt)(const struct scope *scope, const struct seen *s);
} attempts[] = {
    {"get site", get_site},
    {"get device", get_device},
    {"get session", get_session},
    {"get program", get_program},
    {"get command", get_command},
    {"get cleaning", get_cleaning},
    {"get routine", get_routine},
    {"get routine version", get_routine_version},
    {"read telemetry", read_telemetry},
    {"change site", change_site},
    {"change device", change_device},
    {"move a device there", move_device_there},
    {"make device", make_device},
    {"command session", command_session},
    {"make session", make_session},
    {"make cleaning", make_cleaning},
    {"revoke token", revoke_token},
    {"retire routine", retire_routine},
};

Test(scope, what_is_of_another_site_is_not_found_and_what_is_of_ones_own_is) {
    for (size_t i = 0; i < COUNT_OF(attempts); i++) {
        cr_assert_eq(attempts[i].attempt(&of_a, &at[1]), ERR_NOT_FOUND, "%s elsewhere", attempts[i].name);
        cr_assert_eq(attempts[i].attempt(&of_none, &at[0]), ERR_NOT_FOUND, "%s with no site",
                     attempts[i].name);
        enum err err = attempts[i].attempt(&of_a, &at[0]);
        cr_assert(err == ERR_OK || (err == ERR_WRONG_STATE && attempts[i].attempt == command_session),
                  "%s at home: %d %s", attempts[i].name, err, db_last_error(DB));
        cr_assert_eq(attempts[i].attempt(&pg_scope_all, &at[0]) == ERR_NOT_FOUND, 0, "%s for all",
                     attempts[i].name);
    }
}

/* ---- lists ---- */

static int32_t n_sites(const struct scope *sc) {
    static struct site_row rows[PAGE_ROWS_MAX];
    int32_t n;
    cr_assert_eq(site_list(DB, sc, &(struct page){.limit = 50}, rows, &n), ERR_OK);
    return n;
}
static int32_t n_devices(const struct scope *sc) {
    static struct device_row rows[PAGE_ROWS_MAX];
    int32_t n, m;
    cr_assert_eq(device_list(DB, sc, &(struct device_filter){0}, &(struct page){.limit = 50}, rows, &n),
                 ERR_OK);
    cr_assert_eq(device_list(DB, sc, &(struct device_filter){.site_id = pg_site_a},
                             &(struct page){.limit = 50}, rows, &m),
                 ERR_OK);
    cr_assert_eq(m, n > 0 ? 1 : 0);
    return n;
}
static int32_t n_sessions(const struct scope *sc) {
    static struct session_row rows[PAGE_ROWS_MAX];
    const struct session_filter elsewhere[] = {{.site_id = pg_site_b}, {.device_id = pg_device_b}};
    int32_t n, m;
    for (size_t i = 0; i < COUNT_OF(elsewhere); i++) {
        cr_assert_eq(session_list(DB, sc, &elsewhere[i], &(struct page){.limit = 50}, rows, &m), ERR_OK);
        cr_assert_eq(m, sc->all ? 1 : 0, "filter %zu", i);
    }
    cr_assert_eq(session_list(DB, sc, &(struct session_filter){0}, &(struct page){.limit = 50}, rows, &n),
                 ERR_OK);
    return n;
}
static int32_t n_commands(const struct scope *sc) {
    static struct command_row rows[PAGE_ROWS_MAX];
    const struct command_filter elsewhere[] = {
        {.site_id = pg_site_b}, {.device_id = pg_device_b}, {.session_id = at[1].session}};
    int32_t n, m;
    for (size_t i = 0; i < COUNT_OF(elsewhere); i++) {
        cr_assert_eq(command_list(DB, sc, &elsewhere[i], &(struct page){.limit = 50}, rows, &m), ERR_OK);
        cr_assert_eq(m, sc->all ? 1 : 0, "filter %zu", i);
        for (int32_t k = 0; k < m; k++) command_row_done(&rows[k]);
    }
    cr_assert_eq(command_list(DB, sc, &(struct command_filter){0}, &(struct page){.limit = 50}, rows, &n),
                 ERR_OK);
    for (int32_t k = 0; k < n; k++) command_row_done(&rows[k]);
    return n;
}
static int32_t n_cleanings(const struct scope *sc) {
    static struct cleaning_row rows[PAGE_ROWS_MAX];
    const struct cleaning_filter elsewhere[] = {{.site_id = pg_site_b}, {.device_id = pg_device_b}};
    int32_t n, m;
    for (size_t i = 0; i < COUNT_OF(elsewhere); i++) {
        cr_assert_eq(cleaning_list(DB, sc, &elsewhere[i], &(struct page){.limit = 50}, rows, &m), ERR_OK);
        cr_assert_eq(m, sc->all ? 1 : 0, "filter %zu", i);
    }
    cr_assert_eq(cleaning_list(DB, sc, &(struct cleaning_filter){0}, &(struct page){.limit = 50}, rows, &n),
                 ERR_OK);
    return n;
}
static int32_t n_tokens(const struct scope *sc) {
    static struct token_row rows[PAGE_ROWS_MAX];
    int32_t n;
    cr_assert_eq(token_list(DB, sc, &(struct page){.limit = 50}, rows, &n), ERR_OK);
    return n;
}
static int32_t n_audit(const struct scope *sc) { /* of sessions: one at each site */
    static struct audit_row rows[PAGE_ROWS_MAX];
    int32_t n, m;
    cr_assert_eq(audit_list(DB, sc, &(struct audit_filter){.site_id = pg_site_b}, &(struct page){.limit = 50},
                            rows, &m),
                 ERR_OK);
    for (int32_t k = 0; k < m; k++) audit_row_done(&rows[k]);
    cr_assert_eq(m > 0, sc->all);
    cr_assert_eq(audit_list(DB, sc, &(struct audit_filter){.subject_type = "token"},
                            &(struct page){.limit = 50}, rows, &m),
                 ERR_OK);
    for (int32_t k = 0; k < m; k++) audit_row_done(&rows[k]);
    cr_assert_eq(m > 0, sc->all, "what is of no one site");
    cr_assert_eq(audit_list(DB, sc, &(struct audit_filter){.action = "session.create"},
                            &(struct page){.limit = 50}, rows, &n),
                 ERR_OK);
    for (int32_t k = 0; k < n; k++) audit_row_done(&rows[k]);
    return n;
}
static int32_t n_routines(const struct scope *sc) { /* without the one for all */
    static struct routine_row rows[PAGE_ROWS_MAX];
    int32_t n, of_all = 0;
    cr_assert_eq(routine_list(DB, sc, &(struct routine_filter){0}, "", 50, rows, &n), ERR_OK);
    for (int32_t k = 0; k < n; k++) {
        of_all += uuid_is_zero(&rows[k].site_id);
        routine_row_done(&rows[k]);
    }
    cr_assert_eq(of_all, 1);
    return n - of_all;
}
static int32_t n_versions(const struct scope *sc) {
    static struct routine_row rows[PAGE_ROWS_MAX];
    int32_t n = 0, m;
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(routine_versions(DB, sc, at[i].routine, 0, 50, rows, &m), ERR_OK);
        for (int32_t k = 0; k < m; k++) routine_row_done(&rows[k]);
        n += m;
    }
    return n;
}

static const struct {
    const char *name;
    int32_t (*count)(const struct scope *scope);
} lists[] = {
    {"sites", n_sites},         {"devices", n_devices},   {"sessions", n_sessions},
    {"commands", n_commands},   {"audit", n_audit},       {"tokens", n_tokens},
    {"cleanings", n_cleanings}, {"routines", n_routines}, {"routine versions", n_versions},
};

Test(scope, a_list_holds_one_of_each_site_seen) {
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        cr_assert_eq(lists[i].count(&pg_scope_all), 2, "%s for all", lists[i].name);
        cr_assert_eq(lists[i].count(&of_a), 1, "%s of site A", lists[i].name);
        cr_assert_eq(lists[i].count(&of_none), 0, "%s of no site", lists[i].name);
    }
}

Test(scope, no_one_gives_more_than_he_has) {
    struct token_row token = {.id = uuid_new(), .name = "t", .role = ROLE_VIEWER, .sites = pg_scope_all};
    struct site_row site = {.id = uuid_new(), .name = "C"};
    struct routine_row routine;
    cr_assert_eq(token_create(DB, &of_a, &pg_actor, &token), ERR_FORBIDDEN);
    token.sites = pg_scope_of(&pg_site_b);
    cr_assert_eq(token_create(DB, &of_a, &pg_actor, &token), ERR_FORBIDDEN);
    token.sites = of_a;
    cr_assert_eq(token_create(DB, &of_a, &pg_actor, &token), ERR_OK, "%s", db_last_error(DB));
    cr_assert_eq(site_create(DB, &of_a, &pg_actor, &site), ERR_FORBIDDEN);
    cr_assert_eq(routine_put_draft(DB, &of_a, &pg_actor, "mine", NULL, "R", "{}", &routine), ERR_FORBIDDEN);
    cr_assert_eq(routine_put_draft(DB, &of_a, &pg_actor, "mine", &pg_site_b, "R", "{}", &routine),
                 ERR_FORBIDDEN);
    cr_assert_eq(routine_put_draft(DB, &of_a, &pg_actor, "of-b", &pg_site_a, "R", "{}", &routine),
                 ERR_NOT_FOUND);
    cr_assert_eq(routine_put_draft(DB, &of_a, &pg_actor, "relax-10", &pg_site_a, "R", "{}", &routine),
                 ERR_NOT_FOUND);
}
