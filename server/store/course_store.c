#include "server/store/course_store.h"

#include <assert.h>

#include "server/store/db_query.h"

#define LIVE "('requested', 'starting', 'running', 'paused', 'waiting')"
#define DAY(date) "(" date " - date '1970-01-01')"
#define DATE(day) "(date '1970-01-01' + " day "::int)"
#define TODAY "(now() AT TIME ZONE s.timezone)::date"
#define STARTS(date) "((" date " + make_interval(mins => c.time_min)) AT TIME ZONE s.timezone)"

#define HEAD                                                                                                 \
    "c.id, c.site_id, c.device_id, c.created_by, c.guest, c.template, c.name, c.routine_slug,"               \
    " c.override_reason, c.time_min, c.duration_ms, c.sequence, c.calendar_hash IS NOT NULL,"                \
    " " DAY("c.start_on") ", c.count, c.interval_days, c.rounds, c.break_days, c.break_min_days,"            \
                          " c.break_max_days, c.intensity_from, c.intensity_to, c.count_min, "               \
                          "c.twice_a_day, c.state, c.version,"                                               \
                          " c.created_at, c.updated_at, s.name, s.timezone, s.version, " DAY(                \
                              TODAY) ", p.done::int, p.missed::int,"                                         \
                                     " p.skipped::int, p.planned::int, p.next_n, " DAY(                      \
                                         "p.next_on") ", p.next_intensity,"                                  \
                                                      " " DAY("p.last_on") ", " STARTS("p.next_on")
#define PROGRESS                                                                                             \
    " JOIN site s ON s.id = c.site_id CROSS JOIN LATERAL (SELECT count(*) FILTER (WHERE state = 'done') AS"  \
    " done, count(*) FILTER (WHERE state = 'missed') AS missed, count(*) FILTER (WHERE state = 'skipped')"   \
    " AS skipped, count(*) FILTER (WHERE state = 'planned') AS planned, min(n) FILTER (WHERE"                \
    " state = 'planned') AS next_n, min(planned_on) FILTER (WHERE state = 'planned') AS next_on,"            \
    " (array_agg(intensity ORDER BY n) FILTER (WHERE state = 'planned'))[1] AS next_intensity,"              \
    " max(planned_on) FILTER (WHERE state IN ('planned', 'done')) AS last_on FROM course_session"            \
    " WHERE course_id = c.id) p "
/* $10 to $14: number, date, pin, round and intensity of each row; $15: states. */
#define NEW_ROWS(from)                                                                                       \
    "INSERT INTO course_session (course_id, n, planned_on, pinned_on, round, intensity, state)"              \
    " SELECT c.id, u.n, " DATE("u.planned") ", CASE WHEN u.pin > 0 THEN " DATE(                              \
        "u.pin") " END,"                                                                                     \
                 " u.round, u.intensity, (ARRAY['planned', 'done', 'missed', 'skipped'])[u.state + 1] FROM " \
                 "c,"                                                                                        \
                 " unnest(" from ") AS u (n, planned, pin, round, intensity, state)"

enum {
    LIST,
    GET,
    BY_CALENDAR,
    LOCK,
    LOCK_FREE,
    ROWS,
    CALENDAR,
    INSTANTS,
    CREATE,
    SAVE,
    LINK,
    SET_CALENDAR,
    UNSETTLED,
    OF_SESSION
};
extern const struct db_statement course_store_statements[];
/* clang-format off */
const struct db_statement course_store_statements[] = {
    [LIST] = {
        "course_list",
        "SELECT " HEAD " FROM (SELECT * FROM (SELECT * FROM course WHERE id < $1 AND " DB_IN_SCOPE(2, "site_id")
        " AND ($4::text[] IS NULL OR state = ANY ($4)) AND ($5::uuid IS NULL OR site_id = $5)"
        " AND ($6::text = '' OR guest = $6) ORDER BY id DESC LIMIT 201) page LIMIT $3::int) c" PROGRESS "ORDER BY c.id DESC"},
    [GET] = {
        "course_get",
        "SELECT " HEAD " FROM course c" PROGRESS "WHERE c.id = $1 AND " DB_IN_SCOPE(2, "c.site_id")},
    [BY_CALENDAR] = {"course_by_calendar", "SELECT id FROM course WHERE calendar_hash = $1"},
    /* Apart from reading: what is read after the lock was got is what stands. */
    [LOCK] = {
        "course_lock",
        "SELECT id FROM course WHERE id = $1 AND " DB_IN_SCOPE(2, "site_id") " FOR UPDATE"},
    [LOCK_FREE] = {
        "course_lock_free",
        "SELECT id FROM course WHERE id = $1 AND " DB_IN_SCOPE(2, "site_id") " FOR UPDATE SKIP LOCKED"},
    [ROWS] = {
        "course_rows",
        "SELECT r.n, " DAY("r.planned_on") ", r.round, r.intensity, r.state, " DAY("r.pinned_on") ","
        " x.state IS NOT NULL AND r.state = 'planned', r.session_id, " STARTS("r.planned_on") ", r.ended_at,"
        " r.sequence FROM course c JOIN site s ON s.id = c.site_id JOIN course_session r ON"
        " r.course_id = c.id LEFT JOIN session x ON x.id = r.session_id AND x.state IN " LIVE
        " WHERE c.id = $1 ORDER BY r.n"},
    [CALENDAR] = {
        "course_calendar",
        "SELECT s.open_days, s.timezone, " DAY(TODAY) ", " DAY("d") " FROM site s LEFT JOIN LATERAL"
        " unnest(s.closed_dates) AS d ON true WHERE s.id = $1 AND " DB_IN_SCOPE(2, "s.id") " ORDER BY d"},
    [INSTANTS] = {
        "course_instants",
        "SELECT (" DATE("u.day") " + make_interval(mins => $2::int)) AT TIME ZONE $1::text"
        " FROM unnest($3::bigint[]) WITH ORDINALITY AS u (day, i) ORDER BY u.i"},
    [CREATE] = {
        "course_create",
        "WITH c AS (INSERT INTO course (id, site_id, device_id, guest, template, name, routine_slug, start_on,"
        " time_min, count, interval_days, rounds, break_days, break_min_days, break_max_days, intensity_from,"
        " intensity_to, count_min, twice_a_day, duration_ms, override_reason, created_by)"
        " SELECT $6, s.id, $8, $9, $16, $17, $18, " DATE("$19") ", $20, $21, $22, $23, $24, $25, $26, $27, $28,"
        " $29, $30, $31, $32, $2 FROM site s WHERE s.id = $7 AND " DB_IN_SCOPE(5, "s.id")
        " RETURNING id, site_id, template, routine_slug, override_reason),"
        " r AS (" NEW_ROWS("$10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[],"
        " $15::bigint[]") "),"
        " aud AS (" DB_AUDIT "'course.create', 'course', id::text, site_id, jsonb_strip_nulls("
        "jsonb_build_object('template', template, 'routine', routine_slug, 'override_reason',"
        " NULLIF(override_reason, ''))) FROM c) SELECT id FROM c"},
    [SAVE] = {
        "course_save",
        "WITH c AS (UPDATE course SET sequence = sequence + CASE WHEN (state, time_min) IS DISTINCT FROM"
        " ($7, $8::int) THEN 1 ELSE 0 END, state = $7, time_min = $8, version = version + 1,"
        " updated_at = now() WHERE id = $6 AND " DB_IN_SCOPE(5, "site_id") " RETURNING id, site_id, state),"
        " r AS (" NEW_ROWS("$10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[],"
        " $15::bigint[]")
        " ON CONFLICT (course_id, n) DO UPDATE SET planned_on = EXCLUDED.planned_on, pinned_on ="
        " EXCLUDED.pinned_on, round = EXCLUDED.round, intensity = EXCLUDED.intensity, state = EXCLUDED.state,"
        " sequence = course_session.sequence + CASE WHEN (course_session.planned_on, course_session.state)"
        " IS DISTINCT FROM (EXCLUDED.planned_on, EXCLUDED.state) THEN 1 ELSE 0 END"
        " WHERE (course_session.planned_on, course_session.pinned_on, course_session.round,"
        " course_session.intensity, course_session.state) IS DISTINCT FROM (EXCLUDED.planned_on,"
        " EXCLUDED.pinned_on, EXCLUDED.round, EXCLUDED.intensity, EXCLUDED.state)),"
        " aud AS (" DB_AUDIT "$9::text, 'course', id::text, site_id, jsonb_strip_nulls(jsonb_build_object("
        "'state', state, 'session', NULLIF($16::int, 0), 'reason', NULLIF($17::text, ''))) FROM c)"
        " SELECT id FROM c"},
    [LINK] = {
        "course_link",
        "UPDATE course_session SET session_id = $3 WHERE course_id = $1 AND n = $2 RETURNING course_id"},
    [SET_CALENDAR] = {
        "course_set_calendar",
        "WITH c AS (UPDATE course SET calendar_hash = $7, version = version + 1, updated_at = now()"
        " WHERE id = $6 AND " DB_IN_SCOPE(5, "site_id") " RETURNING id, site_id),"
        " aud AS (" DB_AUDIT "'course.calendar_link', 'course', id::text, site_id, '{}'::jsonb FROM c)"
        " SELECT id FROM c"},
    [UNSETTLED] = {
        "course_list_unsettled",
        "SELECT c.id FROM course c JOIN site s ON s.id = c.site_id WHERE c.state = 'active' AND EXISTS ("
        "SELECT FROM course_session r WHERE r.course_id = c.id AND r.state = 'planned'"
        " AND (r.planned_on < " TODAY " OR r.planned_on = ANY (s.closed_dates)"
        " OR s.open_days & (1 << (extract(isodow FROM r.planned_on)::int - 1)) = 0)"
        " AND NOT EXISTS (SELECT FROM session x WHERE x.id = r.session_id AND x.state IN " LIVE "))"
        " ORDER BY c.id LIMIT $1::int"},
    [OF_SESSION] = {
        "course_of_session",
        "SELECT " HEAD " FROM course c" PROGRESS
        "WHERE c.id = (SELECT course_id FROM course_session WHERE session_id = $1)"},
    {0}};
/* clang-format on */

/* ---- reading ---- */

static void read_rules(struct db_reader *r, struct course_rules *rules) {
    rules->start_on = db_get_i32(r);
    rules->count = db_get_i32(r);
    rules->interval_days = db_get_i32(r);
    rules->rounds = db_get_i32(r);
    rules->break_days = db_get_i32(r);
    rules->break_min_days = db_get_i32(r);
    rules->break_max_days = db_get_i32(r);
    rules->intensity_from = db_get_i32(r);
    rules->intensity_to = db_get_i32(r);
    rules->count_min = db_get_i32(r);
    rules->twice_a_day = db_get_bool(r);
}

static void read_head(struct db_reader *r, struct course_head *h) {
    h->id = db_get_uuid(r);
    h->site_id = db_get_uuid(r);
    h->device_id = db_get_uuid(r);
    h->created_by = db_get_uuid(r);
    db_get_text(r, h->guest, sizeof h->guest);
    db_get_text(r, h->template, sizeof h->template);
    db_get_text(r, h->name, sizeof h->name);
    db_get_text(r, h->routine, sizeof h->routine);
    db_get_text(r, h->reason, sizeof h->reason);
    h->time_min = db_get_i32(r);
    h->duration_ms = db_get_i32(r);
    h->sequence = db_get_i32(r);
    h->has_calendar = db_get_bool(r);
    read_rules(r, &h->rules);
    h->state = db_get_name(r, course_state_names);
    h->version = db_get_i64(r);
    h->created_at = db_get_time(r);
    h->updated_at = db_get_time(r);
    db_get_text(r, h->site_name, sizeof h->site_name);
    db_get_text(r, h->timezone, sizeof h->timezone);
    h->site_version = db_get_i64(r);
    h->today = db_get_i32(r);
    h->done = db_get_i32(r);
    h->missed = db_get_i32(r);
    h->skipped = db_get_i32(r);
    h->left = db_get_i32(r);
    h->next_n = db_get_i32(r);
    h->next_on = db_get_i32(r);
    h->next_intensity = db_get_i32(r);
    h->last_on = db_get_i32(r);
    h->next_at = db_get_time(r);
}

enum err course_list(struct db *db, const struct scope *scope, const struct course_filter *filter,
                     const struct page *page, struct course_head rows[], int32_t *ret_n) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    db_put_before(&p, &page->after);
    db_put_scope(&p, scope);
    db_put_i32(&p, page->limit);
    db_put_names(&p, course_state_names, filter->states);
    db_put_uuid(&p, &filter->site_id);
    db_put_text(&p, filter->guest ? filter->guest : "");
    enum err err = db_run(db, &course_store_statements[LIST], &p, &result);
    if (err != ERR_OK) return err;
    *ret_n = db_rows(result);
    for (int32_t i = 0; i < *ret_n; i++) {
        struct db_reader r = db_reader_at(result, i);
        read_head(&r, &rows[i]);
    }
    return ERR_OK;
}

static enum err read_rows(struct db *db, const struct uuid *id, struct course_row *ret) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    db_put_uuid(&p, id);
    enum err err = db_run(db, &course_store_statements[ROWS], &p, &result);
    if (err != ERR_OK) return err;
    ret->course.n = db_rows(result);
    assert(ret->course.n <= COURSE_ROWS_MAX); /* the schema's check */
    for (int32_t i = 0; i < ret->course.n; i++) {
        struct db_reader r = db_reader_at(result, i);
        struct course_session *s = &ret->course.rows[i];
        struct course_row_more *more = &ret->more[i];
        db_skip(&r, 1);
        s->on = db_get_i32(&r);
        s->round = db_get_i32(&r);
        s->intensity = db_get_i32(&r);
        s->state = db_get_name(&r, course_session_state_names);
        s->pin = db_get_i32(&r);
        s->live = db_get_bool(&r);
        more->session_id = db_get_uuid(&r);
        more->starts_at = db_get_time(&r);
        more->ended_at = db_get_time(&r);
        more->sequence = db_get_i32(&r);
    }
    return ERR_OK;
}

enum err course_get_calendar(struct db *db, const struct scope *scope, const struct uuid *site_id,
                             struct course_calendar *ret, char ret_timezone[65], int32_t *ret_today) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    db_put_uuid(&p, site_id);
    db_put_scope(&p, scope);
    enum err err = db_run(db, &course_store_statements[CALENDAR], &p, &result);
    if (err != ERR_OK) return err;
    if (db_rows(result) == 0) return ERR_NOT_FOUND;
    ret->n_closed = 0;
    for (int32_t i = 0; i < db_rows(result) && i < COURSE_CLOSED_MAX; i++) {
        struct db_reader r = db_reader_at(result, i);
        ret->open_days = (uint32_t)db_get_i32(&r);
        db_get_text(&r, ret_timezone, 65);
        *ret_today = db_get_i32(&r);
        if (!db_next_is_null(&r)) ret->closed[ret->n_closed++] = db_get_i32(&r);
    }
    return ERR_OK;
}

enum err course_get(struct db *db, const struct scope *scope, const struct uuid *id, struct course_row *ret) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    char timezone[65];
    int32_t today;
    db_put_uuid(&p, id);
    db_put_scope(&p, scope);
    enum err err = db_run(db, &course_store_statements[GET], &p, &result);
    if (err != ERR_OK) return err;
    if (db_rows(result) == 0) return ERR_NOT_FOUND;
    struct db_reader r = db_reader_at(result, 0);
    read_head(&r, &ret->head);
    ret->course.rules = ret->head.rules;
    ret->course.state = ret->head.state;
    err = read_rows(db, id, ret);
    return err ? err : course_get_calendar(db, scope, &ret->head.site_id, &ret->calendar, timezone, &today);
}

static enum err one_id(struct db *db, int which, const struct db_params *p, struct uuid *ret) {
    auto_result struct pg_result *result = NULL;
    enum err err = db_run(db, &course_store_statements[which], p, &result);
    if (err != ERR_OK) return err;
    if (db_rows(result) == 0) return ERR_NOT_FOUND;
    struct db_reader r = db_reader_at(result, 0);
    *ret = db_get_uuid(&r);
    return ERR_OK;
}

enum err course_get_by_calendar(struct db *db, const uint8_t hash[32], struct course_row *ret) {
    static const struct scope everything = {.all = true};
    auto_params struct db_params p = {0};
    struct uuid id;
    db_put_bytes(&p, hash, 32);
    enum err err = one_id(db, BY_CALENDAR, &p, &id);
    return err ? err : course_get(db, &everything, &id, ret);
}

enum err course_lock(struct db *db, const struct scope *scope, const struct uuid *id, bool wait,
                     struct course_row *ret) {
    auto_params struct db_params p = {0};
    struct uuid found;
    db_put_uuid(&p, id);
    db_put_scope(&p, scope);
    enum err err = one_id(db, wait ? LOCK : LOCK_FREE, &p, &found);
    return err ? err : course_get(db, scope, id, ret);
}

enum err course_instants(struct db *db, const char *timezone, int32_t time_min, const int32_t days[],
                         int32_t n, size_t stride, int64_t ret_at[]) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    auto_free int64_t *wide = xcalloc((size_t)n + 1, sizeof *wide);
    for (int32_t i = 0; i < n; i++) wide[i] = *(const int32_t *)((const char *)days + (size_t)i * stride);
    db_put_text(&p, timezone);
    db_put_i32(&p, time_min);
    db_put_i64s(&p, wide, n, sizeof *wide);
    enum err err = db_run(db, &course_store_statements[INSTANTS], &p, &result);
    if (err != ERR_OK) return err;
    for (int32_t i = 0; i < db_rows(result); i++) {
        struct db_reader r = db_reader_at(result, i);
        ret_at[i] = db_get_time(&r);
    }
    return ERR_OK;
}

enum err course_list_unsettled(struct db *db, struct uuid ids[], int32_t cap, int32_t *ret_n) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    db_put_i32(&p, cap);
    enum err err = db_run(db, &course_store_statements[UNSETTLED], &p, &result);
    if (err != ERR_OK) return err;
    *ret_n = db_rows(result);
    for (int32_t i = 0; i < *ret_n; i++) {
        struct db_reader r = db_reader_at(result, i);
        ids[i] = db_get_uuid(&r);
    }
    return ERR_OK;
}

enum err course_of_session(struct db *db, const struct uuid *session_id, struct course_head *ret) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    db_put_uuid(&p, session_id);
    enum err err = db_run(db, &course_store_statements[OF_SESSION], &p, &result);
    if (err != ERR_OK) return err;
    if (db_rows(result) == 0) return ERR_NOT_FOUND;
    struct db_reader r = db_reader_at(result, 0);
    read_head(&r, ret);
    return ERR_OK;
}

/* ---- writing ---- */

/* Puts $10 to $15: the rows, a column at a time. */
static void put_rows(struct db_params *p, const struct course *c) {
    enum { COLUMNS = 6 };
    auto_free int64_t(*cells)[COLUMNS] = xcalloc((size_t)c->n + 1, sizeof *cells);
    for (int32_t i = 0; i < c->n; i++) {
        const struct course_session *s = &c->rows[i];
        const int64_t row[COLUMNS] = {i + 1, s->on, s->pin, s->round, s->intensity, s->state};
        memcpy(cells[i], row, sizeof row);
    }
    for (int column = 0; column < COLUMNS; column++) db_put_i64s(p, &cells[0][column], c->n, sizeof *cells);
}

static void put_rules(struct db_params *p, const struct course_rules *r) {
    db_put_i32(p, r->count);
    db_put_i32(p, r->interval_days);
    db_put_i32(p, r->rounds);
    db_put_i32(p, r->break_days);
    db_put_i32(p, r->break_min_days);
    db_put_i32(p, r->break_max_days);
    db_put_i32(p, r->intensity_from);
    db_put_i32(p, r->intensity_to);
    db_put_i32(p, r->count_min);
    db_put_bool(p, r->twice_a_day);
}

enum err course_create(struct db *db, const struct scope *scope, const struct actor *actor,
                       const struct course_row *row) {
    auto_params struct db_params p = {0};
    const struct course_head *h = &row->head;
    struct uuid made;
    db_put_actor(&p, actor);
    db_put_scope(&p, scope);
    db_put_uuid(&p, &h->id);
    db_put_uuid(&p, &h->site_id);
    db_put_uuid(&p, &h->device_id);
    db_put_text(&p, h->guest);
    put_rows(&p, &row->course);
    db_put_text(&p, h->template);
    db_put_text(&p, h->name);
    db_put_text(&p, h->routine);
    db_put_i32(&p, row->course.rules.start_on);
    db_put_i32(&p, h->time_min);
    put_rules(&p, &row->course.rules);
    db_put_i32(&p, h->duration_ms);
    db_put_text(&p, h->reason);
    return one_id(db, CREATE, &p, &made);
}

enum err course_save(struct db *db, const struct scope *scope, const struct actor *actor, const char *action,
                     int32_t number, const char *reason, const struct course_row *row) {
    auto_params struct db_params p = {0};
    struct uuid saved;
    db_put_actor(&p, actor);
    db_put_scope(&p, scope);
    db_put_uuid(&p, &row->head.id);
    db_put_text(&p, course_state_names[row->course.state]);
    db_put_i32(&p, row->head.time_min);
    db_put_text(&p, action);
    put_rows(&p, &row->course);
    db_put_i32(&p, number);
    db_put_text(&p, reason);
    return one_id(db, SAVE, &p, &saved);
}

enum err course_link(struct db *db, const struct uuid *course_id, int32_t number,
                     const struct uuid *session_id) {
    auto_params struct db_params p = {0};
    struct uuid linked;
    db_put_uuid(&p, course_id);
    db_put_i32(&p, number);
    db_put_uuid(&p, session_id);
    return one_id(db, LINK, &p, &linked);
}

enum err course_set_calendar(struct db *db, const struct scope *scope, const struct actor *actor,
                             const struct uuid *id, const uint8_t hash[32]) {
    auto_params struct db_params p = {0};
    struct uuid set;
    db_put_actor(&p, actor);
    db_put_scope(&p, scope);
    db_put_uuid(&p, id);
    db_put_bytes(&p, hash, 32);
    return one_id(db, SET_CALENDAR, &p, &set);
}
