#include "server/api/screen.h"

#include <string.h>

#include "base/log.h"
#include "server/api/catalogue_cache.h"
#include "server/api/lookup.h"
#include "server/api/prepare.h"
#include "server/api/programs.h"
#include "server/domain/technique.h"
#include "server/store/screening_store.h"

void screened_done(struct screened *s) {
    buf_done(&s->intake_json);
    buf_done(&s->result_json);
    buf_done(&s->clearances_json);
}

/* A copy that is laxer than the rule compiled in, after an upgrade perhaps, is as if it were not there. */
static void take_copies(struct request *rq, const struct catalogue_view *view,
                        const struct screening_rules **ret) {
    struct screening_rules *own = NULL;
    for (int32_t i = 0; i < view->n; i++) {
        const struct catalogue_item *item = &view->items[i];
        if (item->kind != CATALOGUE_SCREENING_RULES || item->copy_version == 0) continue;
        if (!own) {
            own = request_alloc(rq, sizeof(*own));
            *own = screening_rule_product;
        }
        struct field_errors errors = {0};
        if (!screening_rule_override(own, item->content, strlen(item->content), &errors))
            log_warn("api", "a site's rule does not count|rule=%s pointer=%s detail=\"%s\"", item->id,
                     errors.list[0].pointer, errors.list[0].detail);
    }
    *ret = own ? own : &screening_rule_product;
}

enum err screen_rules(struct request *rq, void *worker, const struct uuid *site_id,
                      const struct screening_rules **ret) {
    const struct catalogue_view *view;
    *ret = &screening_rule_product;
    if (uuid_is_zero(site_id)) return ERR_OK;
    enum err e = catalogue_cache_get(app_of(rq)->catalogue, db_of(worker), scope_of(rq), site_id, &view);
    if (e == ERR_NOT_FOUND) return request_fail_at(rq, e, "/site_id", "not_found", "there is no such site");
    if (e) return e;
    take_copies(rq, view, ret);
    catalogue_cache_give_back(app_of(rq)->catalogue, view);
    return ERR_OK;
}

/* ---- the routine ---- */

static enum err facts_of(struct request *rq, const struct routine_row *row, struct routine_facts *ret) {
    struct programs *programs = app_of(rq)->programs;
    bool fixed = !routine_row_is_draft(row); /* a draft changes under the same number */
    if (fixed && programs_facts_find(programs, row->slug, row->version, ret)) return ERR_OK;
    auto_free struct routine *r = xcalloc(1, sizeof(*r));
    if (!prepare_parse(row, r)) return ERR_INTERNAL;
    routine_facts_of(r, ret);
    if (fixed) programs_facts_put(programs, row->slug, row->version, ret);
    return ERR_OK;
}

enum err screen_routine(struct request *rq, void *worker, const struct uuid *site_id, const char *slug,
                        int32_t version, struct routine_row *ret_row, struct routine_facts *ret) {
    struct routine_row row;
    enum err e = routine_get(db_of(worker), scope_of(rq), slug, version, &row);
    bool elsewhere =
        !e && !uuid_is_zero(&row.site_id) && !uuid_is_zero(site_id) && !uuid_equal(&row.site_id, site_id);
    bool other = !e && version && !routine_row_is_draft(&row);
    if (elsewhere || other) routine_row_done(&row);
    if (version && (elsewhere || other || e == ERR_NOT_FOUND))
        return request_fail_at(
            rq, ERR_NOT_FOUND, "/version", "not_found",
            "the site has no such draft of the routine; what is published needs no version");
    if (elsewhere || e == ERR_NOT_FOUND)
        return request_fail_at(rq, ERR_NOT_FOUND, "/routine", "not_found",
                               "the site has no such published routine");
    if (e) return e;
    e = facts_of(rq, &row, ret);
    if (e)
        routine_row_done(&row);
    else
        *ret_row = row;
    return e;
}

/* ---- what stands in the way ---- */

static enum err incomplete(struct request *rq, const struct screened *s, const char *prefix) {
    struct field_errors errors = {0};
    screening_errors(s->rules, &s->result, prefix, &errors);
    lookup_fail_all(rq, ERR_SCREENING_INCOMPLETE, &errors);
    return request_fail(
        rq, ERR_SCREENING_INCOMPLETE,
        "open questions: %d. Ask them, then send the answers, or none_apply: true if nothing applies",
        (int)s->result.n_open);
}

/* One error for each reason of this outcome: at its answer, or at the routine that asks for it. */
static void explain(struct request *rq, const struct screened *s, const char *prefix, enum err e,
                    int32_t outcome) {
    for (int32_t i = 0; i < s->result.n_reasons; i++) {
        const struct screening_reason *r = &s->result.reasons[i];
        if (r->outcome != outcome) continue;
        char pointer[96];
        struct buf b;
        buf_init_fixed(&b, pointer, sizeof(pointer));
        if (r->rule >= 0)
            buf_fmt(&b, "%s/answers/%s", prefix, r->id);
        else
            buf_str(&b, "/routine");
        request_fail_at(rq, e, pointer, screening_rule_outcome_names[outcome], "%s%s", r->words,
                        r->conflict ? " This routine cannot do without that." : "");
    }
}

static enum err needs_clearance(struct request *rq, const struct screened *s, const char *prefix) {
    char pointer[64], words[CLEARANCE_WORDS_MAX];
    struct buf b;
    buf_init_fixed(&b, pointer, sizeof(pointer));
    buf_fmt(&b, "%s/clearances", prefix);
    explain(rq, s, prefix, ERR_SCREENING_NEEDS_CLEARANCE, SCREENING_NEEDS_CLEARANCE);
    for (int k = 0; k < CLEARANCE_KIND_COUNT; k++)
        if (s->result.lacking & 1u << k)
            request_fail_at(rq, ERR_SCREENING_NEEDS_CLEARANCE, pointer, clearance_kind_names[k],
                            "%s, at most %d days old", clearance_kind_words[k], (int)clearance_kind_days[k]);
    clearance_words(s->result.lacking, words);
    return request_fail(rq, ERR_SCREENING_NEEDS_CLEARANCE, "only with %s. %s", words, screening_disclaimer);
}

static enum err unacknowledged(struct request *rq, const struct screened *s, const char *prefix) {
    char pointer[64];
    struct buf b;
    buf_init_fixed(&b, pointer, sizeof(pointer));
    buf_fmt(&b, "%s/acknowledged", prefix);
    for (int32_t i = 0; i < s->result.n_warnings; i++) {
        const struct screening_rule *r = &s->rules->rule[s->result.warnings[i]];
        request_fail_at(rq, ERR_SCREENING_UNACKNOWLEDGED, pointer, r->id, "%s", r->why);
    }
    return request_fail(rq, ERR_SCREENING_UNACKNOWLEDGED,
                        "tell the guest, then name the warning in acknowledged");
}

static enum err judge(struct request *rq, const struct screened *s, const char *prefix) {
    switch ((enum screening_outcome)s->result.outcome) {
    case SCREENING_REFUSED:
        explain(rq, s, prefix, ERR_SCREENING_REFUSED, SCREENING_REFUSED);
        return request_fail(rq, ERR_SCREENING_REFUSED, "%s", screening_disclaimer);
    case SCREENING_NEEDS_CLEARANCE: return needs_clearance(rq, s, prefix);
    case SCREENING_LIMITED:
    case SCREENING_CLEARED:
    case SCREENING_OUTCOME_COUNT: break;
    }
    return s->result.n_warnings > 0 ? unacknowledged(rq, s, prefix) : ERR_OK;
}

/* ---- what was answered ---- */

static enum err run(struct request *rq, const struct routine_facts *facts, const char *prefix,
                    struct screened *s) {
    screening_run(s->rules, &s->intake, facts, &s->result);
    return s->result.n_open ? incomplete(rq, s, prefix) : ERR_OK;
}

/* Against the site's calendar: what is dated tomorrow here may be dated today there. */
static enum err check_age(struct request *rq, void *worker, const struct uuid *site_id,
                          const struct intake *intake) {
    int32_t today = 0;
    struct field_errors errors = {0};
    if (intake->n_clearances == 0) return ERR_OK;
    enum err e = screening_today(db_of(worker), scope_of(rq), site_id, &today);
    if (e || intake_check_age(intake, today, "/intake", &errors)) return e;
    return lookup_fail_all(rq, ERR_UNPROCESSABLE, &errors);
}

enum err screen_intake(struct request *rq, void *worker, const struct uuid *site_id,
                       const struct intake *intake, const struct routine_facts *facts, struct screened *ret) {
    struct field_errors errors = {0};
    enum err e = screen_rules(rq, worker, site_id, &ret->rules);
    if (e) return e;
    if (!intake_check(intake, ret->rules, "/intake", &errors))
        return lookup_fail_all(rq, ERR_INVALID_BODY, &errors);
    ret->intake = *intake;
    ret->accepted_by = *principal_id(request_principal(rq));
    e = check_age(rq, worker, site_id, intake);
    return e ? e : run(rq, facts, "/intake", ret);
}

static bool parse_stored(const struct screening_row *row, struct intake *ret) {
    struct field_errors errors = {0};
    if (field_parse(row->intake, strlen(row->intake), intake_fields, 0, ret, sizeof(*ret), NULL, &errors))
        return true;
    log_error("api", "an intake in the database cannot be read|pointer=%s detail=\"%s\"",
              errors.list[0].pointer, errors.list[0].detail);
    return false;
}

static enum err check_stored(struct request *rq, const struct screening_row *row, const struct uuid *site_id,
                             const char *guest) {
    if (!uuid_equal(&row->site_id, site_id))
        return request_fail_at(rq, ERR_SCREENING_MISMATCH, "/screening_id", "other_site",
                               "is of another site than the device");
    if (guest[0] && strcmp(guest, row->guest) != 0)
        return request_fail_at(rq, ERR_SCREENING_MISMATCH, "/guest", "other_guest",
                               "is not whom the screening names: screen this guest");
    if (!row->today)
        return request_fail_at(rq, ERR_SCREENING_NOT_TODAY, "/screening_id", "not_today",
                               "was valid until the end of its day: screen the guest again");
    return ERR_OK;
}

static enum err screen_stored(struct request *rq, void *worker, const struct uuid *site_id,
                              const struct screen_ask *ask, const struct routine_facts *facts,
                              struct screened *ret) {
    struct screening_row row;
    enum err e = screening_get(db_of(worker), scope_of(rq), &ask->screening_id, &row);
    if (e == ERR_NOT_FOUND)
        return request_fail_at(rq, e, "/screening_id", "not_found", "there is no such screening");
    if (e) return e;
    e = check_stored(rq, &row, site_id, ask->guest);
    if (!e) e = screen_rules(rq, worker, site_id, &ret->rules);
    if (!e && !parse_stored(&row, &ret->intake)) e = ERR_INTERNAL;
    ret->screening_id = row.id;
    ret->accepted_by = row.created_by;
    lookup_copy(ret->guest, row.guest);
    screening_row_done(&row);
    return e ? e : run(rq, facts, "/screening_id", ret);
}

enum err screen_session(struct request *rq, void *worker, const struct uuid *site_id,
                        const struct screen_ask *ask, const struct routine_facts *facts,
                        struct screened *ret) {
    enum err e = ask->intake ? screen_intake(rq, worker, site_id, ask->intake, facts, ret)
                             : screen_stored(rq, worker, site_id, ask, facts, ret);
    return e ? e : judge(rq, ret, ask->intake ? "/intake" : "/screening_id");
}
