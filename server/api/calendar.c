/* A course as an iCalendar feed: with a token, or by a link whose secret is all that a calendar program has.
 */
#include <stdio.h>

#include "server/api/auth.h"
#include "server/api/call.h"
#include "server/api/course_change.h"
#include "server/api/publish.h"
#include "server/base/crypto.h"
#include "server/domain/icalendar.h"

static enum err handle_feed(struct request *rq, void *worker);
static enum err handle_link(struct request *rq, void *worker);
static enum err handle_linked(struct request *rq, void *worker);

#define SECRET_BYTES 32
#define SECRET_TEXT 43

static const struct route rows[] = {
    ROUTE(GET, "/api/v1/courses/{id}/calendar.ics", READ, 0, handle_feed),
    ROUTE(POST, "/api/v1/courses/{id}/calendar-link", OPERATE, ROUTE_IDEMPOTENT, handle_link),
    ROUTE(GET, "/api/v1/calendars/{secret}", PUBLIC, 0, handle_linked),
};
const struct route_table calendar_routes = ROUTE_TABLE(rows);

/* ---- the feed ---- */

static enum icalendar_status status_of(const struct course *c, const struct course_session *s) {
    if (s->state == COURSE_SESSION_DONE) return ICALENDAR_CONFIRMED;
    if (s->state != COURSE_SESSION_PLANNED || c->state == COURSE_ENDED) return ICALENDAR_CANCELLED;
    return c->state == COURSE_PAUSED ? ICALENDAR_TENTATIVE : ICALENDAR_CONFIRMED;
}

/* What is said of the guest is the name that staff gave the course's guest, and nothing else. */
static void write_feed(struct buf *out, const struct course_row *row) {
    const struct course_head *h = &row->head;
    char id[UUID_TEXT_LEN + 1], uid[UUID_TEXT_LEN + 24], name[600], summary[700];
    uuid_format(&h->id, id);
    snprintf(name, sizeof name, "%s: %s", h->guest, h->name);
    icalendar_begin(out, name);
    for (int32_t i = 0; i < row->course.n; i++) {
        const struct course_session *s = &row->course.rows[i];
        snprintf(uid, sizeof uid, "%s-%d@pediluve", id, (int)i + 1);
        snprintf(summary, sizeof summary, "%s (%d)", name, (int)i + 1);
        const struct icalendar_event event = {.uid = uid,
                                              .sequence = h->sequence + row->more[i].sequence,
                                              .changed_at = h->updated_at,
                                              .starts_at = row->more[i].starts_at,
                                              .duration_s = h->duration_ms / 1000,
                                              .summary = summary,
                                              .location = h->site_name,
                                              .status = status_of(&row->course, s)};
        icalendar_event(out, &event);
    }
    icalendar_end(out);
}

static enum err reply_feed(struct request *rq, const struct course_row *row) {
    auto_buf struct buf feed = BUF_INIT;
    request_set_etag(rq, "v%lld.%lld", (long long)row->head.version, (long long)row->head.site_version);
    request_set_header(rq, "Cache-Control", "private, no-cache");
    if (request_is_unchanged(rq)) {
        request_reply_empty(rq, 304);
        return ERR_OK;
    }
    write_feed(&feed, row);
    request_reply_data(rq, 200, "text/calendar; charset=utf-8", feed.data, feed.len);
    return ERR_OK;
}

static enum err handle_feed(struct request *rq, void *worker) {
    struct course_row *row = request_alloc(rq, sizeof *row);
    enum err e = course_get(db_of(worker), scope_of(rq), request_param_uuid(rq, 0), row);
    return e ? e : reply_feed(rq, row);
}

/* ---- the link ---- */

static void after_link(struct request *rq, void *arg) {
    const struct course_row *row = arg;
    publish_course(app_of(rq), &row->head);
}

static enum err handle_link(struct request *rq, void *worker) {
    struct actor actor = actor_of(rq);
    struct db *db = db_of(worker);
    const struct uuid *id = request_param_uuid(rq, 0);
    uint8_t secret[SECRET_BYTES], hash[CRYPTO_SHA256_LEN];
    char text[SECRET_TEXT + 1];
    crypto_random(secret, sizeof secret);
    if (!crypto_base64url(secret, sizeof secret, text, sizeof text)) return ERR_INTERNAL;
    crypto_wipe(secret, sizeof secret);
    crypto_sha256(text, SECRET_TEXT, hash);
    if (!db_in_transaction(db)) db_begin(db);
    struct course_row *row = request_alloc(rq, sizeof *row);
    enum err e = course_set_calendar(db, scope_of(rq), &actor, id, hash);
    if (!e) e = course_get(db, scope_of(rq), id, row);
    if (e) return e;
    call_seal(rq);
    call_after_commit(rq, after_link, row);
    request_set_header(rq, "Cache-Control", "no-store");
    struct jsonw *w = request_json(rq);
    char url[sizeof "/api/v1/calendars/" + SECRET_TEXT];
    snprintf(url, sizeof url, "/api/v1/calendars/%s", text);
    jsonw_object(w, NULL);
    jsonw_str(w, "url", url);
    jsonw_object_end(w);
    request_reply(rq, 201);
    return ERR_OK;
}

static enum err handle_linked(struct request *rq, void *worker) {
    struct auth *auth = app_of(rq)->auth;
    const char *secret = request_param(rq, 0);
    uint8_t hash[CRYPTO_SHA256_LEN];
    if (strlen(secret) != SECRET_TEXT) return ERR_NOT_FOUND;
    if (!auth_may_look_up_link(auth)) return ERR_TOO_MANY_REQUESTS;
    struct course_row *row = request_alloc(rq, sizeof *row);
    crypto_sha256(secret, SECRET_TEXT, hash);
    enum err e = course_get_by_calendar(db_of(worker), hash, row);
    if (e == ERR_NOT_FOUND) auth_missed_link(auth);
    return e ? e : reply_feed(rq, row);
}
