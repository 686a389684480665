#include "server/store/hygiene_store.h"

#include "server/store/db_query.h"

#define DAY(date) "(" date " - date '1970-01-01')"
#define DATE(n) "(date '1970-01-01' + $" #n "::int)"
#define LOCAL_DAY(t) "(" t " AT TIME ZONE s.timezone)::date"
#define OUT                                                                                                  \
    "o.id, o.device_id, o.site_id, o.noted_by, " DAY("o.from_on") ", " DAY(                                  \
        "o.to_on") ", o.reason, o.noted_name, o.noted_at"

enum { GET, DUE, USED, NOTE, LIST, DISINFECT, OVERDUE, LOCK };
extern const struct db_statement hygiene_store_statements[];
/* clang-format off */
const struct db_statement hygiene_store_statements[] = {
    [GET] = {
        "hygiene_get",
        "SELECT s.jurisdiction, s.timezone, " DAY(LOCAL_DAY("now()")) ", device_is_live(d.id), d.used_since,"
        " d.soaked_at, c.kind, c.done_at FROM device d JOIN site s ON s.id = d.site_id LEFT JOIN LATERAL ("
        "SELECT kind, max(done_at) AS done_at FROM cleaning WHERE device_id = d.id GROUP BY kind) c ON true"
        " WHERE d.id = $1 AND " DB_IN_SCOPE(2, "d.site_id")},
    [DUE] = {
        "hygiene_due",
        "SELECT kind, " DAY("due_on") ", due_on < today FROM hygiene_due($1, now()) ORDER BY due_on"},
    [USED] = {
        "hygiene_used",
        "SELECT " DAY("min(" LOCAL_DAY("x.started_at") ")") " FROM session x JOIN site s ON s.id = x.site_id"
        " WHERE x.device_id = $1 AND " DB_IN_SCOPE(2, "x.site_id") " AND x.started_at IS NOT NULL"
        " AND " LOCAL_DAY("x.started_at") " BETWEEN " DATE(3) " AND " DATE(4)},
    [NOTE] = {
        "hygiene_note_out_of_use",
        "WITH o AS (INSERT INTO out_of_use (id, device_id, site_id, from_on, to_on, reason, noted_by, noted_name)"
        " SELECT $6, id, site_id, " DATE(8) ", " DATE(9) ", $10, $2, $3 FROM device WHERE id = $7 AND "
        DB_IN_SCOPE(5, "site_id") " RETURNING *),"
        " aud AS (" DB_AUDIT "'device.out_of_use', 'device', o.device_id::text, o.site_id, jsonb_build_object('from',"
        " o.from_on, 'to', o.to_on, 'reason', o.reason) FROM o) SELECT " OUT " FROM o"},
    [LIST] = {
        "hygiene_list_out_of_use",
        "SELECT " OUT " FROM out_of_use o WHERE o.device_id = $1 AND " DB_IN_SCOPE(2, "o.site_id")
        " ORDER BY o.from_on DESC, o.id DESC LIMIT $3::int"},
    [DISINFECT] = {
        "hygiene_disinfect",
        "WITH cur AS (SELECT id, device_is_live(id) AS live FROM device WHERE id = $6 AND " DB_IN_SCOPE(5, "site_id")
        " FOR NO KEY UPDATE),"
        " d AS (UPDATE device d SET disinfecting_kind = $7, disinfecting_at = CASE WHEN $7 IS NOT NULL THEN now()"
        " END FROM cur WHERE d.id = cur.id AND NOT cur.live AND ($7::text IS NULL) = (d.disinfecting_at IS NOT NULL)"
        " RETURNING d.id, d.site_id),"
        " aud AS (" DB_AUDIT "CASE WHEN $7 IS NULL THEN 'cleaning.cancel' ELSE 'cleaning.start' END, 'device',"
        " id::text, site_id, jsonb_strip_nulls(jsonb_build_object('kind', $7)) FROM d)"
        " SELECT cur.live, d.id IS NOT NULL FROM cur LEFT JOIN d ON true"},
    [OVERDUE] = {
        "hygiene_list_overdue",
        "SELECT h.device_id, h.kind, " DAY("h.due_on") " FROM hygiene_due(now()) h JOIN device d ON d.id = h.device_id"
        " WHERE h.due_on < h.today AND d.service = 'in_service' ORDER BY h.device_id LIMIT $1::int"},
    [LOCK] = {
        "hygiene_lock_overdue",
        "WITH late AS MATERIALIZED (SELECT device_id FROM hygiene_due(now()) WHERE due_on < today)"
        " UPDATE device SET cleaning = 'due' WHERE id IN (SELECT d.id FROM device d WHERE d.cleaning = 'clean'"
        " AND d.id IN (SELECT device_id FROM late) ORDER BY d.id LIMIT $1::int FOR NO KEY UPDATE SKIP LOCKED)"
        " RETURNING id"},
    {0}};
/* clang-format on */

enum err hygiene_get(struct db *db, const struct scope *scope, const struct uuid *device_id,
                     struct hygiene_row *ret) {
    auto_params struct db_params p = {0}, of_device = {0};
    auto_result struct pg_result *facts = NULL, *due = NULL;
    db_put_uuid(&p, device_id);
    db_put_scope(&p, scope);
    db_put_uuid(&of_device, device_id);
    *ret = (struct hygiene_row){0};
    enum err err = device_get(db, scope, device_id, &ret->device);
    if (err == ERR_OK) err = db_run(db, &hygiene_store_statements[GET], &p, &facts);
    if (err == ERR_OK) err = db_run(db, &hygiene_store_statements[DUE], &of_device, &due);
    if (err != ERR_OK) return err;
    if (db_rows(facts) == 0) return ERR_NOT_FOUND;
    for (int32_t i = 0; i < db_rows(facts); i++) {
        struct db_reader r = db_reader_at(facts, i);
        ret->rules = db_get_name(&r, hygiene_rules_names);
        db_get_text(&r, ret->timezone, sizeof ret->timezone);
        ret->today = db_get_i32(&r);
        ret->in_session = db_get_bool(&r);
        ret->used_since = db_get_time(&r);
        ret->soaked_at = db_get_time(&r);
        if (db_next_is_null(&r)) continue;
        int32_t kind = db_get_name(&r, cleaning_kind_names);
        ret->last_at[kind] = db_get_time(&r);
    }
    for (ret->n_due = 0; ret->n_due < db_rows(due) && ret->n_due < HYGIENE_DUE_MAX; ret->n_due++) {
        struct db_reader r = db_reader_at(due, ret->n_due);
        struct hygiene_due *d = &ret->due[ret->n_due];
        d->kind = db_get_name(&r, cleaning_kind_names);
        d->due_on = db_get_i32(&r);
        d->overdue = db_get_bool(&r);
    }
    return ERR_OK;
}

/* ---- days out of use ---- */

static void read_out(const struct pg_result *result, int i, struct out_of_use *row) {
    struct db_reader r = db_reader_at(result, i);
    row->id = db_get_uuid(&r);
    row->device_id = db_get_uuid(&r);
    row->site_id = db_get_uuid(&r);
    row->noted_by = db_get_uuid(&r);
    row->from_on = db_get_i32(&r);
    row->to_on = db_get_i32(&r);
    db_get_text(&r, row->reason, sizeof row->reason);
    db_get_text(&r, row->noted_name, sizeof row->noted_name);
    row->noted_at = db_get_time(&r);
}

static enum err find_use(struct db *db, const struct scope *scope, const struct out_of_use *row,
                         int32_t *ret_used) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    db_put_uuid(&p, &row->device_id);
    db_put_scope(&p, scope);
    db_put_i32(&p, row->from_on);
    db_put_i32(&p, row->to_on);
    enum err err = db_run(db, &hygiene_store_statements[USED], &p, &result);
    if (err != ERR_OK) return err;
    struct db_reader r = db_reader_at(result, 0);
    *ret_used = db_get_i32(&r);
    return ERR_OK;
}

enum err hygiene_note_out_of_use(struct db *db, const struct scope *scope, const struct actor *actor,
                                 struct out_of_use *row, int32_t *ret_used) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    enum err err = find_use(db, scope, row, ret_used);
    if (err != ERR_OK || *ret_used) return err;
    db_put_actor(&p, actor);
    db_put_scope(&p, scope);
    db_put_uuid(&p, &row->id);
    db_put_uuid(&p, &row->device_id);
    db_put_i32(&p, row->from_on);
    db_put_i32(&p, row->to_on);
    db_put_text(&p, row->reason);
    err = db_run(db, &hygiene_store_statements[NOTE], &p, &result);
    if (err != ERR_OK) return err;
    if (db_rows(result) == 0) return ERR_NOT_FOUND;
    read_out(result, 0, row);
    return ERR_OK;
}

enum err hygiene_list_out_of_use(struct db *db, const struct scope *scope, const struct uuid *device_id,
                                 int32_t limit, struct out_of_use rows[], int32_t *ret_n) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    db_put_uuid(&p, device_id);
    db_put_scope(&p, scope);
    db_put_i32(&p, limit);
    enum err err = db_run(db, &hygiene_store_statements[LIST], &p, &result);
    if (err != ERR_OK) return err;
    *ret_n = db_rows(result);
    for (int32_t i = 0; i < *ret_n; i++) read_out(result, i, &rows[i]);
    return ERR_OK;
}

/* ---- a disinfection that goes on ---- */

enum err hygiene_disinfect(struct db *db, const struct scope *scope, const struct actor *actor,
                           const struct uuid *device_id, const char *kind, struct device_row *ret) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    db_put_actor(&p, actor);
    db_put_scope(&p, scope);
    db_put_uuid(&p, device_id);
    db_put_text(&p, kind);
    enum err err = db_run(db, &hygiene_store_statements[DISINFECT], &p, &result);
    if (err != ERR_OK) return err;
    if (db_rows(result) == 0) return ERR_NOT_FOUND;
    struct db_reader r = db_reader_at(result, 0);
    bool live = db_get_bool(&r);
    if (!db_get_bool(&r)) return live ? ERR_DEVICE_BUSY : ERR_CONFLICT;
    return device_get(db, scope, device_id, ret);
}

/* ---- for housekeeping ---- */

enum err hygiene_list_overdue(struct db *db, struct hygiene_overdue out[], int32_t cap, int32_t *ret_n) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    db_put_i32(&p, cap);
    enum err err = db_run(db, &hygiene_store_statements[OVERDUE], &p, &result);
    if (err != ERR_OK) return err;
    *ret_n = db_rows(result);
    for (int32_t i = 0; i < *ret_n; i++) {
        struct db_reader r = db_reader_at(result, i);
        out[i].device_id = db_get_uuid(&r);
        out[i].kind = db_get_name(&r, cleaning_kind_names);
        out[i].due_on = db_get_i32(&r);
    }
    return ERR_OK;
}

enum err hygiene_lock_overdue(struct db *db, struct uuid ids[], int32_t cap, int32_t *ret_n) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    db_put_i32(&p, cap);
    enum err err = db_run(db, &hygiene_store_statements[LOCK], &p, &result);
    if (err != ERR_OK) return err;
    *ret_n = db_rows(result);
    for (int32_t i = 0; i < *ret_n; i++) {
        struct db_reader r = db_reader_at(result, i);
        ids[i] = db_get_uuid(&r);
    }
    return ERR_OK;
}
