/* /api/v1/devices/{id}/hygiene, /out-of-use and /cleanings/start: what a device owes by the rules of its
 * site. */
#include "server/api/hygiene.h"

#include <string.h>

#include "server/api/call.h"
#include "server/api/lookup.h"
#include "server/api/publish.h"
#include "server/api/render.h"

#define OUT_SHOWN 50

static enum err handle_get(struct request *rq, void *worker);
static enum err handle_note(struct request *rq, void *worker);
static enum err handle_start(struct request *rq, void *worker);
static enum err handle_cancel(struct request *rq, void *worker);

struct note {
    char from[DATE_TEXT_LEN + 1], to[DATE_TEXT_LEN + 1], reason[LINE_SIZE(HYGIENE_REASON_MAX)];
};
static const struct field note_fields[] = {FIELD_STR(struct note, from, DATE_TEXT_LEN, FIELD_REQUIRED),
                                           FIELD_STR(struct note, to, DATE_TEXT_LEN, FIELD_REQUIRED),
                                           FIELD_STR(struct note, reason, 1, FIELD_REQUIRED), FIELD_END};

/* All but a rinse, which has no contact time. */
static const char *const timed_kinds[] = {"after_client", "end_of_day", "weekly", "biweekly_soak", NULL};
struct start {
    int kind; /* index of timed_kinds */
};
static const struct field start_fields[] = {FIELD_ENUM(struct start, kind, timed_kinds, 0), FIELD_END};

static const struct route rows[] = {
    ROUTE(GET, "/api/v1/devices/{id}/hygiene", READ, 0, handle_get),
    ROUTE(POST, "/api/v1/devices/{id}/out-of-use", OPERATE, ROUTE_IDEMPOTENT, handle_note,
          ROUTE_BODY(struct note, note_fields)),
    ROUTE(POST, "/api/v1/devices/{id}/cleanings/start", OPERATE, ROUTE_IDEMPOTENT | ROUTE_BODY_OPTIONAL,
          handle_start, ROUTE_BODY(struct start, start_fields)),
    ROUTE(DELETE, "/api/v1/devices/{id}/cleanings/start", OPERATE, 0, handle_cancel),
};
const struct route_table hygiene_routes = ROUTE_TABLE(rows);

static void render_day(struct jsonw *w, const char *key, int32_t day) {
    char text[DATE_TEXT_LEN + 1];
    date_format(day, text);
    jsonw_str(w, key, text);
}

/* ---- what it owes ---- */

static void render_words(struct jsonw *w, const char *key, const char *words) {
    jsonw_array(w, key);
    while (*words) {
        size_t n = strcspn(words, " ");
        jsonw_strn(w, NULL, words, n);
        words += n + (words[n] == ' ');
    }
    jsonw_array_end(w);
}

static const struct hygiene_due *due_of(const struct hygiene_row *h, enum cleaning_kind kind) {
    for (int32_t i = 0; i < h->n_due; i++)
        if (h->due[i].kind == (int32_t)kind) return &h->due[i];
    return NULL;
}

static void render_kind(struct jsonw *w, const struct hygiene_row *h, const struct hygiene_kind *k) {
    static const char *const needs[] = {"disinfectant", "epa_number", "initials", "note"};
    const struct hygiene_due *due = due_of(h, (enum cleaning_kind)k->kind);
    jsonw_object(w, NULL);
    jsonw_str(w, "kind", cleaning_kind_names[k->kind]);
    jsonw_int(w, "every_days", k->every_days);
    jsonw_int(w, "contact_minutes", k->contact_min_minutes);
    jsonw_array(w, "needs");
    for (size_t i = 0; i < COUNT_OF(needs); i++)
        if (k->needs & 1u << i) jsonw_str(w, NULL, needs[i]);
    jsonw_array_end(w);
    render_words(w, "steps", k->steps);
    if (due)
        render_day(w, "due_on", due->due_on);
    else
        jsonw_null(w, "due_on");
    jsonw_bool(w, "overdue", due && due->overdue);
    jsonw_time(w, "last_at", h->last_at[k->kind]);
    jsonw_object_end(w);
}

void hygiene_why(const struct hygiene_row *h, struct buf *out) {
    for (int32_t i = 0; i < h->n_due; i++) {
        char day[DATE_TEXT_LEN + 1];
        if (!h->due[i].overdue) continue;
        date_format(h->due[i].due_on, day);
        buf_fmt(out, "%sthe disinfection %s (%s) was due on %s", out->len ? "; " : "",
                cleaning_kind_get((enum cleaning_kind)h->due[i].kind)->words,
                cleaning_kind_names[h->due[i].kind], day);
    }
    if (h->device.disinfecting_at) buf_fmt(out, "%sa disinfection is going on", out->len ? "; " : "");
    if (!out->len && strcmp(h->device.cleaning, "clean") != 0)
        buf_str(out, "it is to be disinfected after its last use");
}

static void render_out(struct jsonw *w, const struct out_of_use *o) {
    jsonw_object(w, NULL);
    jsonw_uuid(w, "id", &o->id);
    jsonw_uuid(w, "device_id", &o->device_id);
    render_day(w, "from", o->from_on);
    render_day(w, "to", o->to_on);
    jsonw_str(w, "reason", o->reason);
    jsonw_uuid(w, "noted_by", &o->noted_by);
    jsonw_str(w, "noted_name", o->noted_name);
    jsonw_time(w, "noted_at", o->noted_at);
    jsonw_object_end(w);
}

static enum err handle_get(struct request *rq, void *worker) {
    const struct uuid *id = request_param_uuid(rq, 0);
    struct hygiene_row *h = request_alloc(rq, sizeof *h);
    struct out_of_use *out = request_alloc(rq, sizeof *out * OUT_SHOWN);
    auto_buf struct buf why = BUF_INIT;
    int32_t n = 0;
    enum err e = hygiene_get(db_of(worker), scope_of(rq), id, h);
    if (!e) e = hygiene_list_out_of_use(db_of(worker), scope_of(rq), id, OUT_SHOWN, out, &n);
    if (e) return e;
    hygiene_why(h, &why);
    struct jsonw *w = request_json(rq);
    jsonw_object(w, NULL);
    jsonw_uuid(w, "device_id", id);
    jsonw_str(w, "jurisdiction", hygiene_rules_names[h->rules]);
    jsonw_str(w, "timezone", h->timezone);
    render_day(w, "today", h->today);
    jsonw_str(w, "cleaning", h->device.cleaning);
    jsonw_bool(w, "locked", why.len > 0);
    jsonw_str(w, "why", why.len ? why.data : NULL);
    jsonw_str(w, "disinfecting", h->device.disinfecting_at ? h->device.disinfecting_kind : NULL);
    jsonw_time(w, "disinfecting_since", h->device.disinfecting_at);
    jsonw_time(w, "used_since", h->used_since);
    jsonw_time(w, "soaked_at", h->soaked_at);
    jsonw_int(w, "retention_years", hygiene_retention_years((enum hygiene_rules)h->rules));
    jsonw_array(w, "kinds");
    for (int k = 0; k < CLEANING_KIND_COUNT; k++) {
        const struct hygiene_kind *kind =
            hygiene_kind_get((enum hygiene_rules)h->rules, (enum cleaning_kind)k);
        if (kind) render_kind(w, h, kind);
    }
    jsonw_array_end(w);
    jsonw_array(w, "out_of_use");
    for (int32_t i = 0; i < n; i++) render_out(w, &out[i]);
    jsonw_array_end(w);
    jsonw_object_end(w);
    request_reply(rq, 200);
    return ERR_OK;
}

/* ---- days out of use ---- */

static enum err check_note(struct request *rq, const struct note *body, int32_t today,
                           struct out_of_use *ret) {
    struct field_errors errors = {0};
    if (!date_parse(body->from, &ret->from_on))
        field_errors_add(&errors, FIELD_BAD_FORMAT, "/from", "must be a date such as 2026-11-26");
    if (!date_parse(body->to, &ret->to_on))
        field_errors_add(&errors, FIELD_BAD_FORMAT, "/to", "must be a date such as 2026-11-26");
    bool line = line_check(body->reason, HYGIENE_REASON_MAX, "/reason", &errors);
    if (errors.n || !line) return lookup_fail_all(rq, ERR_INVALID_BODY, &errors);
    if (ret->to_on >= today)
        field_errors_add(&errors, FIELD_OUT_OF_RANGE, "/to",
                         "must be over at the site: days to come are what maintenance is for");
    if (ret->from_on > ret->to_on || ret->to_on - ret->from_on >= HYGIENE_OUT_DAYS_MAX)
        field_errors_add(&errors, FIELD_OUT_OF_RANGE, "/from",
                         "must not be after to, nor more than a year before");
    return errors.n ? lookup_fail_all(rq, ERR_UNPROCESSABLE, &errors) : ERR_OK;
}

static enum err handle_note(struct request *rq, void *worker) {
    const struct note *body = request_body(rq);
    struct actor actor = actor_of(rq);
    struct hygiene_row *h = request_alloc(rq, sizeof *h);
    struct out_of_use row = {.id = uuid_new(), .device_id = *request_param_uuid(rq, 0)};
    int32_t used = 0;
    lookup_copy(row.reason, body->reason);
    enum err e = hygiene_get(db_of(worker), scope_of(rq), &row.device_id, h);
    if (!e) e = check_note(rq, body, h->today, &row);
    if (!e) e = hygiene_note_out_of_use(db_of(worker), scope_of(rq), &actor, &row, &used);
    if (e) return e;
    if (used) {
        char day[DATE_TEXT_LEN + 1];
        date_format(used, day);
        return request_fail_at(rq, ERR_UNPROCESSABLE, "/from", field_fault_code(FIELD_OUT_OF_RANGE),
                               "a session began on the device on %s", day);
    }
    render_out(request_json(rq), &row);
    request_reply(rq, 201);
    return ERR_OK;
}

/* ---- the clock of a disinfection ---- */

static void after_change(struct request *rq, void *arg) {
    const struct device_row *device = arg;
    struct api *api = app_of(rq);
    if (live_put_cleaning(fleet_live(api->parts.fleet), device)) publish_cleaning(api, device);
}

static enum err change(struct request *rq, void *worker, const char *kind, const char *why_not,
                       struct device_row **ret) {
    struct actor actor = actor_of(rq);
    struct device_row *device = request_alloc(rq, sizeof *device);
    enum err e =
        hygiene_disinfect(db_of(worker), scope_of(rq), &actor, request_param_uuid(rq, 0), kind, device);
    if (e == ERR_DEVICE_BUSY) return request_fail(rq, e, "a session is live on the device");
    if (e == ERR_CONFLICT) return request_fail(rq, e, "%s", why_not);
    if (e) return e;
    call_after_commit(rq, after_change, device);
    *ret = device;
    return ERR_OK;
}

static enum err handle_start(struct request *rq, void *worker) {
    static const struct start after_client;
    const struct start *body = request_body(rq);
    struct device_row *device;
    if (!body) body = &after_client;
    enum err e = change(rq, worker, timed_kinds[body->kind], "a disinfection is going on already", &device);
    if (e) return e;
    struct jsonw *w = request_json(rq);
    jsonw_object(w, NULL);
    jsonw_uuid(w, "device_id", &device->id);
    jsonw_str(w, "kind", device->disinfecting_kind);
    jsonw_time(w, "started_at", device->disinfecting_at);
    jsonw_object_end(w);
    request_reply(rq, 201);
    return ERR_OK;
}

static enum err handle_cancel(struct request *rq, void *worker) {
    struct device_row *device;
    enum err e = change(rq, worker, NULL, "no disinfection is going on", &device);
    if (!e) request_reply_empty(rq, 204);
    return e;
}
