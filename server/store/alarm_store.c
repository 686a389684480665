#include "server/store/alarm_store.h"

#include "server/store/db_query.h"

#define COLUMNS                                                                                              \
    "id, device_id, site_id, session_id, kind, severity, fault, detail, raised_at, acknowledged_at, "        \
    "cleared_at, gone_at, acknowledged_by, cleared_by, acknowledged_name, cleared_name, note, version"
#define STATE                                                                                                \
    "(CASE WHEN cleared_at IS NOT NULL THEN 'cleared' WHEN acknowledged_at IS NOT NULL THEN 'acknowledged'"  \
    " ELSE 'open' END)"
/* clang-format off */
#define PAGE(where)                                                                                          \
    "SELECT " COLUMNS " FROM (SELECT " COLUMNS " FROM alarm WHERE id < $1 AND " DB_IN_SCOPE(2, "site_id")    \
    " AND ($4::text[] IS NULL OR kind = ANY ($4)) AND ($5::text[] IS NULL OR severity = ANY ($5))"           \
    " AND ($6::text[] IS NULL OR " STATE " = ANY ($6)) AND ($7::uuid IS NULL OR site_id = $7)" where         \
    " ORDER BY id DESC LIMIT 201) page LIMIT $3::int"
/* clang-format on */

enum { LIST, LIST_DEVICE, GET, ACKNOWLEDGE, CLEAR, GOING_ON, RAISE, END, SILENT };
extern const struct db_statement alarm_store_statements[];
/* clang-format off */
const struct db_statement alarm_store_statements[] = {
    [LIST] = {"alarm_list", PAGE("")},
    [LIST_DEVICE] = {"alarm_list_device", PAGE(" AND device_id = $8")},
    [GET] = {"alarm_get", "SELECT " COLUMNS " FROM alarm WHERE id = $1 AND " DB_IN_SCOPE(2, "site_id")},
    [ACKNOWLEDGE] = {
        "alarm_acknowledge",
        "WITH a AS (UPDATE alarm SET acknowledged_at = now(), acknowledged_by = $2, acknowledged_name = $3,"
        " version = version + 1 WHERE id = $6 AND " DB_IN_SCOPE(5, "site_id")
        " AND acknowledged_at IS NULL AND cleared_at IS NULL RETURNING " COLUMNS "),"
        " aud AS (" DB_AUDIT "'alarm.acknowledge', 'alarm', id::text, site_id,"
        " jsonb_build_object('kind', kind, 'device_id', device_id) FROM a) SELECT " COLUMNS " FROM a"},
    [CLEAR] = {
        "alarm_clear",
        "WITH a AS (UPDATE alarm SET cleared_at = now(), cleared_by = $2, cleared_name = $3, note = $7,"
        " gone_at = CASE WHEN kind = ANY ($8::text[]) THEN now() END, version = version + 1"
        " WHERE id = $6 AND " DB_IN_SCOPE(5, "site_id") " AND cleared_at IS NULL RETURNING " COLUMNS "),"
        " aud AS (" DB_AUDIT "'alarm.clear', 'alarm', id::text, site_id,"
        " jsonb_build_object('kind', kind, 'device_id', device_id, 'note', note) FROM a)"
        " SELECT " COLUMNS " FROM a"},
    [GOING_ON] = {
        "alarm_list_going_on",
        "SELECT " COLUMNS " FROM alarm WHERE gone_at IS NULL ORDER BY id LIMIT $1::int"},
    [RAISE] = {
        "alarm_raise",
        "INSERT INTO alarm (kind, fault, severity, device_id, site_id, session_id, detail)"
        " SELECT $1, $2, $3, id, site_id, $5::uuid, $6 FROM device WHERE id = $4 AND service <> 'retired'"
        " ON CONFLICT (device_id, kind, fault) WHERE gone_at IS NULL DO NOTHING RETURNING id"},
    [END] = {
        "alarm_end",
        "UPDATE alarm SET gone_at = now(), cleared_at = COALESCE(cleared_at, now()), version = version + 1"
        " WHERE id = $1 AND gone_at IS NULL RETURNING id"},
    [SILENT] = {
        "alarm_list_silent",
        "SELECT s.device_id, s.id FROM session s WHERE s.device_id = ANY ($1::uuid[])"
        " AND s.state IN ('requested', 'starting', 'running', 'paused', 'waiting') AND s.state <> 'requested'"
        " AND NOT EXISTS (SELECT FROM telemetry t WHERE t.device_id = s.device_id"
        " AND t.at > $2 AND t.at < $2::timestamptz + interval '2 minutes')"},
    {0}};
/* clang-format on */

static void read_row(const struct pg_result *result, int i, struct alarm_row *row) {
    struct db_reader r = db_reader_at(result, i);
    row->id = db_get_uuid(&r);
    row->device_id = db_get_uuid(&r);
    row->site_id = db_get_uuid(&r);
    row->session_id = db_get_uuid(&r);
    row->kind = db_get_name(&r, alarm_kind_names);
    row->severity = db_get_name(&r, alarm_severity_names);
    db_get_text(&r, row->fault, sizeof row->fault);
    db_get_text(&r, row->detail, sizeof row->detail);
    row->raised_at = db_get_time(&r);
    row->acknowledged_at = db_get_time(&r);
    row->cleared_at = db_get_time(&r);
    row->gone_at = db_get_time(&r);
    row->acknowledged_by = db_get_uuid(&r);
    row->cleared_by = db_get_uuid(&r);
    db_get_text(&r, row->acknowledged_name, sizeof row->acknowledged_name);
    db_get_text(&r, row->cleared_name, sizeof row->cleared_name);
    db_get_text(&r, row->note, sizeof row->note);
    row->version = db_get_i64(&r);
    row->state = alarm_state_of(row->acknowledged_at, row->cleared_at);
}

static enum err run_rows(struct db *db, int which, const struct db_params *p, struct alarm_row rows[],
                         int32_t *ret_n) {
    auto_result struct pg_result *result = NULL;
    enum err err = db_run(db, &alarm_store_statements[which], p, &result);
    if (err != ERR_OK) return err;
    *ret_n = db_rows(result);
    for (int32_t i = 0; i < *ret_n; i++) read_row(result, i, &rows[i]);
    return ERR_OK;
}

static enum err run_one(struct db *db, int which, const struct db_params *p, struct alarm_row *ret) {
    int32_t n = 0;
    enum err err = run_rows(db, which, p, ret, &n);
    return err == ERR_OK && n == 0 ? ERR_NOT_FOUND : err;
}

enum err alarm_list(struct db *db, const struct scope *scope, const struct alarm_filter *filter,
                    const struct page *page, struct alarm_row rows[], int32_t *ret_n) {
    auto_params struct db_params p = {0};
    bool by_device = !uuid_is_zero(&filter->device_id);
    db_put_before(&p, &page->after);
    db_put_scope(&p, scope);
    db_put_i32(&p, page->limit);
    db_put_names(&p, alarm_kind_names, filter->kinds);
    db_put_names(&p, alarm_severity_names, filter->severities);
    db_put_names(&p, alarm_state_names, filter->states);
    db_put_uuid(&p, &filter->site_id);
    if (by_device) db_put_uuid(&p, &filter->device_id);
    return run_rows(db, by_device ? LIST_DEVICE : LIST, &p, rows, ret_n);
}

enum err alarm_get(struct db *db, const struct scope *scope, const struct uuid *id, struct alarm_row *ret) {
    auto_params struct db_params p = {0};
    db_put_uuid(&p, id);
    db_put_scope(&p, scope);
    return run_one(db, GET, &p, ret);
}

enum err alarm_acknowledge(struct db *db, const struct scope *scope, const struct actor *actor,
                           const struct uuid *id, struct alarm_row *ret) {
    auto_params struct db_params p = {0};
    db_put_actor(&p, actor);
    db_put_scope(&p, scope);
    db_put_uuid(&p, id);
    enum err err = run_one(db, ACKNOWLEDGE, &p, ret);
    if (err != ERR_NOT_FOUND) return err;
    err = alarm_get(db, scope, id, ret);
    return err == ERR_OK && ret->cleared_at ? ERR_CONFLICT : err;
}

enum err alarm_clear(struct db *db, const struct scope *scope, const struct actor *actor,
                     const struct uuid *id, const char *note, struct alarm_row *ret) {
    auto_params struct db_params p = {0};
    uint32_t momentary = 0;
    for (int k = 0; k < ALARM_KIND_COUNT; k++)
        if (!alarm_kind_get((enum alarm_kind)k)->ends) momentary |= 1u << k;
    db_put_actor(&p, actor);
    db_put_scope(&p, scope);
    db_put_uuid(&p, id);
    db_put_text(&p, note);
    db_put_names(&p, alarm_kind_names, momentary);
    enum err err = run_one(db, CLEAR, &p, ret);
    if (err != ERR_NOT_FOUND) return err;
    err = alarm_get(db, scope, id, ret);
    return err == ERR_OK ? ERR_CONFLICT : err;
}

/* ---- for housekeeping ---- */

enum err alarm_list_going_on(struct db *db, struct alarm_row rows[], int32_t *ret_n) {
    auto_params struct db_params p = {0};
    db_put_i32(&p, ALARM_OPEN_MAX);
    return run_rows(db, GOING_ON, &p, rows, ret_n);
}

enum err alarm_raise(struct db *db, enum alarm_kind kind, const char *fault, const struct uuid *device_id,
                     const struct uuid *session_id, const char *detail, bool *ret_raised) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    const struct alarm_kind_info *info = alarm_kind_get(kind);
    db_put_text(&p, info->name);
    db_put_text(&p, fault);
    db_put_text(&p, alarm_severity_names[info->severity]);
    db_put_uuid(&p, device_id);
    db_put_uuid(&p, session_id);
    db_put_text(&p, detail);
    enum err err = db_run(db, &alarm_store_statements[RAISE], &p, &result);
    if (err == ERR_OK) *ret_raised = db_rows(result) > 0;
    return err;
}

enum err alarm_end(struct db *db, const struct uuid *id) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    db_put_uuid(&p, id);
    return db_run(db, &alarm_store_statements[END], &p, &result);
}

enum err alarm_list_silent(struct db *db, const struct uuid devices[], int32_t n, int64_t now,
                           struct alarm_silent out[], int32_t *ret_n) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    db_put_uuids(&p, devices, n, sizeof devices[0]);
    db_put_time(&p, now - ALARM_SILENT_MS);
    enum err err = db_run(db, &alarm_store_statements[SILENT], &p, &result);
    if (err != ERR_OK) return err;
    *ret_n = db_rows(result);
    for (int32_t i = 0; i < *ret_n && i < n; i++) {
        struct db_reader r = db_reader_at(result, i);
        out[i].device_id = db_get_uuid(&r);
        out[i].session_id = db_get_uuid(&r);
    }
    return ERR_OK;
}
