#include "server/api/course_draft.h"

#include <stdio.h>

#include "server/api/catalogue_cache.h"
#include "server/api/lookup.h"
#include "server/api/prepare.h"

/* Bounds that no template and no override goes beyond. */
const struct field course_body_fields[] = {
    FIELD_UUID(struct course_body, site_id, FIELD_REQUIRED),
    FIELD_STR(struct course_body, guest, 1, FIELD_REQUIRED),
    FIELD_STR(struct course_body, template, 1, FIELD_REQUIRED),
    FIELD_STR(struct course_body, routine, 1, FIELD_NULLABLE),
    FIELD_STR(struct course_body, start_on, 1, FIELD_REQUIRED),
    FIELD_STR(struct course_body, time_of_day, 1, FIELD_REQUIRED),
    FIELD_INT_HAS(struct course_body, count, 1, COURSE_SESSIONS_MAX, FIELD_NULLABLE, has_count),
    FIELD_INT_HAS(struct course_body, interval_days, 1, 60, FIELD_NULLABLE, has_interval_days),
    FIELD_INT_HAS(struct course_body, rounds, 1, 12, FIELD_NULLABLE, has_rounds),
    FIELD_INT_HAS(struct course_body, break_days, 0, 180, FIELD_NULLABLE, has_break_days),
    FIELD_INT_HAS(struct course_body, intensity_from, 1, 100, FIELD_NULLABLE, has_intensity_from),
    FIELD_INT_HAS(struct course_body, intensity_to, 1, 100, FIELD_NULLABLE, has_intensity_to),
    FIELD_UUID(struct course_body, device_id, FIELD_NULLABLE),
    FIELD_BOOL(struct course_body, override, 0),
    FIELD_STR_HAS(struct course_body, reason, 1, FIELD_NULLABLE, has_reason),
    FIELD_END};

static const char *const fault_words[] = {
    [COURSE_OK] = "",
    [COURSE_NO_OPEN_DAY] = "the site has no open day to lay a session on",
    [COURSE_BREAK_TOO_LONG] = "the site's closed days would make a break longer than the template allows; "
                              "begin on another day, or ask for a shorter break",
    [COURSE_NOT_ACTIVE] = "the course is not active",
    [COURSE_NOT_PLANNED] = "there is no such session, or it is done, missed or skipped already",
    [COURSE_GOING_ON] = "a session of this course is going on",
    [COURSE_CLOSED] = "the site is closed on that day",
    [COURSE_PAST] = "that day is over at the site",
    [COURSE_TOO_CLOSE] = "too close to the session before: the interval or the break would not be kept",
    [COURSE_TOO_MANY] = "the course has as many appointments as it can have",
    [COURSE_TOO_FEW] = "the round would have fewer sessions than the template's least; it takes override "
                       "and a reason",
    [COURSE_ALL_DONE] = "no session of the course is left",
};

enum err course_fail(struct request *rq, enum err e, const char *pointer, enum course_fault fault) {
    if (pointer) return request_fail_at(rq, e, pointer, "not_possible", "%s", fault_words[fault]);
    return request_fail(rq, e, "%s", fault_words[fault]);
}

/* What the field table cannot see. */
static enum err check_texts(struct request *rq, const struct course_body *b, struct course_row *row) {
    struct field_errors errors = {0};
    bool ok = line_check(b->guest, COURSE_GUEST_MAX, "/guest", &errors);
    if (b->has_reason) ok = line_check(b->reason, COURSE_REASON_MAX, "/reason", &errors) && ok;
    if (!date_parse(b->start_on, &row->course.rules.start_on))
        field_errors_add(&errors, FIELD_BAD_FORMAT, "/start_on", "must be a date such as 2026-11-26");
    if (!date_parse_time(b->time_of_day, &row->head.time_min))
        field_errors_add(&errors, FIELD_BAD_FORMAT, "/time_of_day", "must be a time such as 09:30");
    return ok && errors.n == 0 ? ERR_OK : lookup_fail_all(rq, ERR_INVALID_BODY, &errors);
}

static enum err unknown_template(struct request *rq) {
    char names[200];
    struct buf b;
    buf_init_fixed(&b, names, sizeof names);
    const struct course_template *t;
    for (int i = 0; (t = course_template_at(i)) != NULL; i++) buf_fmt(&b, "%s%s", i ? ", " : "", t->id);
    return request_fail_at(rq, ERR_UNPROCESSABLE, "/template", field_fault_code(FIELD_NOT_ONE_OF),
                           "must be one of %s", names);
}

/* The template as the site has it. */
static enum err find_template(struct request *rq, void *worker, const struct course_body *b,
                              const struct course_template **ret) {
    struct catalogue_cache *cache = app_of(rq)->catalogue;
    const struct course_template *product = course_template_find(b->template);
    const struct catalogue_view *view = NULL;
    if (!product) return unknown_template(rq);
    *ret = product;
    enum err e = catalogue_cache_get(cache, db_of(worker), scope_of(rq), &b->site_id, &view);
    if (e == ERR_NOT_FOUND) return request_fail_at(rq, e, "/site_id", "not_found", "there is no such site");
    if (e) return e;
    const struct catalogue_item *item = catalogue_view_find(view, CATALOGUE_COURSE_TEMPLATES, product->id);
    if (item && item->copy_version) {
        struct course_template_copy *copy = request_alloc(rq, sizeof *copy);
        course_template_take(product, item->content, copy);
        *ret = &copy->template;
    }
    catalogue_cache_give_back(cache, view);
    return ERR_OK;
}

static enum err find_site(struct request *rq, void *worker, const struct course_body *b,
                          struct course_row *row) {
    struct course_head *h = &row->head;
    enum err e =
        course_get_calendar(db_of(worker), scope_of(rq), &b->site_id, &row->calendar, h->timezone, &h->today);
    if (e == ERR_NOT_FOUND) return request_fail_at(rq, e, "/site_id", "not_found", "there is no such site");
    if (e) return e;
    if (row->course.rules.start_on < h->today)
        return request_fail_at(rq, ERR_UNPROCESSABLE, "/start_on", field_fault_code(FIELD_OUT_OF_RANGE),
                               "that day is over at the site");
    if (uuid_is_zero(&b->device_id)) return ERR_OK;
    struct device_row device;
    e = lookup_device(rq, worker, &b->device_id, &device);
    if (e && e != ERR_NOT_FOUND) return e;
    if (e || !uuid_equal(&device.site_id, &b->site_id))
        return request_fail_at(rq, ERR_NOT_FOUND, "/device_id", "not_found", "the site has no such device");
    return ERR_OK;
}

static enum err find_routine(struct request *rq, void *worker, const struct course_template *t,
                             const struct course_body *b, struct course_row *row) {
    const char *slug = b->routine[0] ? b->routine : t->routine;
    if (!slug[0])
        return request_fail_at(rq, ERR_UNPROCESSABLE, "/routine", field_fault_code(FIELD_MISSING),
                               "the template leaves the routine open: name one");
    if (t->routine[0] && strcmp(slug, t->routine) != 0 && !b->override)
        return request_fail_at(rq, ERR_UNPROCESSABLE, "/routine", field_fault_code(FIELD_NOT_ONE_OF),
                               "the template says %s", t->routine);
    struct routine_row found;
    enum err e = routine_get(db_of(worker), scope_of(rq), slug, 0, &found);
    if (e && e != ERR_NOT_FOUND) return e;
    bool elsewhere = !e && !uuid_is_zero(&found.site_id) && !uuid_equal(&found.site_id, &b->site_id);
    if (e || elsewhere) {
        if (!e) routine_row_done(&found);
        return request_fail_at(rq, ERR_NOT_FOUND, "/routine", "not_found",
                               "the site has no published routine %s%s", slug,
                               b->routine[0] ? "" : ", which the template names");
    }
    auto_free struct routine *routine = xmalloc(sizeof *routine);
    bool readable = prepare_parse(&found, routine);
    routine_row_done(&found);
    if (!readable) return ERR_INTERNAL;
    snprintf(row->head.routine, sizeof row->head.routine, "%s", slug);
    row->head.duration_ms = (int32_t)routine_total_ms(routine);
    return ERR_OK;
}

static uint32_t take_given(const struct course_body *b, struct course_rules *rules) {
    uint32_t given = 0, bit = 1;
#define X(member)                                                                                            \
    if (b->has_##member) rules->member = b->member, given |= bit;                                            \
    bit <<= 1;
    COURSE_BOUNDS(X)
#undef X
    return given;
}

static enum err check_rules(struct request *rq, const struct course_template *t, const struct course_body *b,
                            struct course_rules *rules) {
    struct field_errors errors = {0};
    course_rules_complete(t, take_given(b, rules), rules);
    if (b->override && !b->has_reason)
        field_errors_add(&errors, FIELD_MISSING, "/reason",
                         "an override needs its reason, which is recorded");
    bool ok = course_rules_check(rules, &errors);
    if (!b->override) ok = course_template_check(t, rules, &errors) && ok;
    if (ok && errors.n == 0) return ERR_OK;
    lookup_fail_all(rq, ERR_UNPROCESSABLE, &errors);
    return request_fail(rq, ERR_UNPROCESSABLE, "%s: %s%s", t->name, errors.list[0].detail,
                        b->override ? "" : "; beyond its bounds it takes override: true and a reason");
}

enum err course_draft(struct request *rq, void *worker, const struct course_body *body,
                      struct course_row **ret) {
    struct course_row *row = request_alloc(rq, sizeof *row);
    enum err e = check_texts(rq, body, row);
    if (e) return e;
    const struct course_template *t = NULL;
    e = find_template(rq, worker, body, &t);
    if (!e) e = find_site(rq, worker, body, row);
    if (!e) e = find_routine(rq, worker, t, body, row);
    if (!e) e = check_rules(rq, t, body, &row->course.rules);
    if (e) return e;
    enum course_fault fault = course_lay(&row->course, &row->calendar, !body->override);
    if (fault) return course_fail(rq, ERR_UNPROCESSABLE, "/start_on", fault);
    struct course_head *h = &row->head;
    h->site_id = body->site_id;
    h->device_id = body->device_id;
    h->rules = row->course.rules;
    lookup_copy(h->guest, body->guest);
    lookup_copy(h->template, body->template);
    snprintf(h->name, sizeof h->name, "%s", t->name);
    if (body->override) lookup_copy(h->reason, body->reason);
    *ret = row;
    return ERR_OK;
}
