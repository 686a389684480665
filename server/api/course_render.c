#include "server/api/course_render.h"

#include "server/api/render.h"

static void render_day(struct jsonw *w, const char *key, int32_t day) {
    char text[DATE_TEXT_LEN + 1];
    date_format(day, text);
    jsonw_str(w, key, text);
}

static void render_rules(struct jsonw *w, const struct course_head *h) {
    const struct course_rules *r = &h->rules;
    char time[DATE_TIME_OF_DAY_LEN + 1];
    date_format_time(h->time_min, time);
    jsonw_str(w, "template", h->template);
    jsonw_str(w, "name", h->name);
    jsonw_str(w, "routine", h->routine);
    jsonw_uuid(w, "device_id", &h->device_id);
    render_day(w, "start_on", r->start_on);
    jsonw_str(w, "time_of_day", time);
    jsonw_str(w, "timezone", h->timezone);
    jsonw_int(w, "count", r->count);
    jsonw_int(w, "interval_days", r->interval_days);
    jsonw_int(w, "rounds", r->rounds);
    jsonw_int(w, "break_days", r->break_days);
    jsonw_int(w, "intensity_from", r->intensity_from);
    jsonw_int(w, "intensity_to", r->intensity_to);
    jsonw_milli(w, "duration_s", h->duration_ms);
    render_text(w, "override_reason", h->reason);
}

static void render_next(struct jsonw *w, const struct course_head *h) {
    if (!h->next_n || h->state == COURSE_ENDED) {
        jsonw_null(w, "next");
        return;
    }
    jsonw_object(w, "next");
    jsonw_int(w, "number", h->next_n);
    render_day(w, "date", h->next_on);
    jsonw_time(w, "starts_at", h->next_at);
    jsonw_int(w, "intensity", h->next_intensity);
    jsonw_object_end(w);
}

static void render_progress(struct jsonw *w, const struct course_head *h) {
    int32_t all = h->done + h->left;
    jsonw_object(w, "progress");
    jsonw_int(w, "done", h->done);
    jsonw_int(w, "missed", h->missed);
    jsonw_int(w, "skipped", h->skipped);
    jsonw_int(w, "left", h->left);
    jsonw_int(w, "percent", all ? h->done * 100 / all : 100);
    render_next(w, h);
    if (all)
        render_day(w, "last_date", h->last_on);
    else
        jsonw_null(w, "last_date");
    jsonw_object_end(w);
}

static void render_head(struct jsonw *w, const struct course_head *h) {
    jsonw_uuid(w, "id", &h->id);
    jsonw_uuid(w, "site_id", &h->site_id);
    jsonw_str(w, "state", course_state_names[h->state]);
    jsonw_str(w, "guest", h->guest);
    render_rules(w, h);
    render_progress(w, h);
    jsonw_bool(w, "calendar_link", h->has_calendar);
    jsonw_uuid(w, "created_by", &h->created_by);
    jsonw_time(w, "created_at", h->created_at);
    jsonw_time(w, "updated_at", h->updated_at);
    jsonw_int(w, "version", h->version);
}

void course_render_head(struct jsonw *w, const char *key, const struct course_head *h) {
    jsonw_object(w, key);
    render_head(w, h);
    jsonw_object_end(w);
}

static void render_slot(struct jsonw *w, int32_t number, const struct course_session *s,
                        const struct course_row_more *more) {
    jsonw_int(w, "number", number);
    render_day(w, "date", s->on);
    jsonw_time(w, "starts_at", more->starts_at);
    jsonw_int(w, "round", s->round);
    jsonw_int(w, "intensity", s->intensity);
}

void course_render(struct jsonw *w, const char *key, const struct course_row *row) {
    jsonw_object(w, key);
    render_head(w, &row->head);
    jsonw_array(w, "sessions");
    for (int32_t i = 0; i < row->course.n; i++) {
        const struct course_session *s = &row->course.rows[i];
        const struct course_row_more *more = &row->more[i];
        jsonw_object(w, NULL);
        render_slot(w, i + 1, s, more);
        jsonw_str(w, "state", course_session_state_names[s->state]);
        jsonw_bool(w, "moved", s->pin > 0);
        jsonw_bool(w, "live", s->live);
        jsonw_uuid(w, "session_id", &more->session_id);
        jsonw_time(w, "ended_at", more->ended_at);
        jsonw_object_end(w);
    }
    jsonw_array_end(w);
    jsonw_object_end(w);
}

void course_render_plan(struct jsonw *w, const char *key, const struct course_row *row) {
    jsonw_object(w, key);
    jsonw_uuid(w, "site_id", &row->head.site_id);
    jsonw_str(w, "guest", row->head.guest);
    render_rules(w, &row->head);
    jsonw_array(w, "sessions");
    for (int32_t i = 0; i < row->course.n; i++) {
        jsonw_object(w, NULL);
        render_slot(w, i + 1, &row->course.rows[i], &row->more[i]);
        jsonw_object_end(w);
    }
    jsonw_array_end(w);
    jsonw_object_end(w);
}

enum err course_reply(struct request *rq, int status, const struct course_row *row) {
    /* The site's time zone is in the representation, too; If-Match compares the course's version alone. */
    request_set_etag(rq, "v%lld.%lld", (long long)row->head.version, (long long)row->head.site_version);
    course_render(request_json(rq), NULL, row);
    request_reply(rq, status);
    return ERR_OK;
}
