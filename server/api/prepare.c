#include "server/api/prepare.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "server/api/lookup.h"
#include "server/api/models.h"
#include "server/domain/held.h"
#include "server/domain/screening_rule.h"
#include "server/domain/technique.h"

void prepared_done(struct prepared *p) {
    programs_give_back(p->programs, p->lowered);
    free(p->trial_content);
    screened_done(&p->screened);
}

bool prepare_parse(const struct routine_row *row, struct routine *ret) {
    struct field_errors errors = {0};
    if (field_parse(row->content, strlen(row->content), routine_fields, 0, ret, sizeof(*ret), NULL,
                    &errors) &&
        routine_check(ret, &errors))
        return true;
    log_error("api",
              "a routine in the database cannot be read|routine=%s version=%d pointer=%s detail=\"%s\"",
              row->slug, (int)row->version, errors.list[0].pointer, errors.list[0].detail);
    return false;
}

/* ---- lowering ---- */

struct runners { /* the models that could run what this one cannot: as words and as a JSON array */
    char words[200];
    struct buf text, json;
    int more;
};

static void add_runner(void *arg, const struct model *m) {
    struct runners *r = arg;
    buf_fmt(&r->json, "%s\"%s\"", r->json.len > 1 ? "," : "", m->id);
    if (r->text.len + strlen(m->name) + 24 < sizeof(r->words))
        buf_fmt(&r->text, "%s%s", r->text.len ? ", " : "", m->name);
    else
        r->more++;
}

static void find_runners(struct request *rq, const struct lowering *p, const struct lowering_caps *caps,
                         struct runners *ret) {
    buf_init_fixed(&ret->text, ret->words, sizeof(ret->words));
    buf_chr(&ret->json, '[');
    models_each_running(app_of(rq)->models, &p->routine, caps, add_runner, ret);
    buf_chr(&ret->json, ']');
    if (ret->more) buf_fmt(&ret->text, " and %d more", ret->more);
    request_fail_member(rq, "models", ret->json.data);
}

static void write_names(struct jsonw *w, const char *key, uint32_t mask, const char *const names[]) {
    jsonw_array(w, key);
    for (int i = 0; names[i]; i++)
        if (mask & 1u << i) jsonw_str(w, NULL, names[i]);
    jsonw_array_end(w);
}

/* Percent, degrees or seconds, as the note's kind has it. */
static void write_amount(struct jsonw *w, const char *key, const struct lowering_note *n, int32_t amount) {
    switch ((enum lowering_note_kind)n->note) {
    case NOTE_INTENSITY_CAPPED:
    case NOTE_INTENSITY_SHORT: jsonw_int(w, key, amount); break;
    case NOTE_WATER_CAPPED:
    case NOTE_TOO_LONG: jsonw_milli(w, key, amount); break;
    default: jsonw_null(w, key);
    }
}

void prepare_write_note(struct jsonw *w, const struct lowering *p, const struct lowering_note *n) {
    char words[LOWERING_WORDS_MAX];
    enum zone zone = lowering_note_zone(n, &p->routine);
    const struct routine_step *step = n->step < 0 ? NULL : &p->routine.steps[n->step];
    lowering_note_words(n, &p->routine, &p->model, words);
    jsonw_object(w, NULL);
    if (step)
        jsonw_int(w, "routine_step", n->step);
    else
        jsonw_null(w, "routine_step");
    jsonw_str(w, "technique", step ? technique_names[step->technique] : NULL);
    jsonw_str(w, "code", lowering_note_names[n->note]);
    jsonw_str(w, "detail", words);
    jsonw_str(w, "by", n->note == NOTE_OTHER_ACTUATOR ? actuator_kind_names[n->kind] : NULL);
    write_names(w, "missing", n->missing, actuator_kind_names);
    write_names(w, "barred", n->barred, screening_rule_trait_names);
    jsonw_str(w, "zone", zone == ZONE_COUNT ? NULL : zone_names[zone]);
    write_amount(w, "from", n, n->from);
    write_amount(w, "to", n, n->to);
    jsonw_object_end(w);
}

/* What stands in the way, for programs: the words are in detail and errors[]. */
static void tell_notes(struct request *rq, const struct lowering *p) {
    auto_buf struct buf json = BUF_INIT;
    struct jsonw w;
    jsonw_init(&w, &json);
    jsonw_str(&w, NULL, p->model.id);
    request_fail_member(rq, "model", json.data);
    buf_reset(&json);
    jsonw_init(&w, &json);
    jsonw_array(&w, NULL);
    for (int32_t i = 0; i < p->report.n; i++)
        if (lowering_note_blocks(&p->report.notes[i])) prepare_write_note(&w, p, &p->report.notes[i]);
    jsonw_array_end(&w);
    request_fail_member(rq, "notes", json.data);
}

/* One blocking note: which step, which technique, what is missing, and which models could. */
static void explain(struct request *rq, const struct lowering *p, const struct lowering_note *n,
                    const char *models) {
    char words[LOWERING_WORDS_MAX], pointer[48];
    lowering_note_words(n, &p->routine, &p->model, words);
    struct buf b;
    buf_init_fixed(&b, pointer, sizeof(pointer));
    buf_fmt(&b, "/routine/steps/%d", n->step);
    const char *code = n->note == NOTE_NO_ACTUATOR ? "missing_actuator" : lowering_note_names[n->note];
    request_fail_at(rq, ERR_CANNOT_RUN, pointer, code, "%s%s%s", words,
                    models[0] ? "; the routine can be run by " : "; no model can run the routine", models);
}

static enum err cannot_run(struct request *rq, const struct lowering *p, const struct lowering_caps *caps) {
    char first[LOWERING_WORDS_MAX] = "";
    struct runners models = {.json = BUF_INIT};
    find_runners(rq, p, caps, &models);
    buf_done(&models.json);
    tell_notes(rq, p);
    for (int32_t i = 0; i < p->report.n; i++) {
        const struct lowering_note *n = &p->report.notes[i];
        if (!lowering_note_blocks(n)) continue;
        if (!first[0]) lowering_note_words(n, &p->routine, &p->model, first);
        explain(rq, p, n, models.words);
    }
    return request_fail(rq, ERR_CANNOT_RUN, "%s cannot run %s: %s%s. %s%s", p->model.name, p->routine.name,
                        first, p->report.n_blocking > 1 ? ", and more in errors" : "",
                        models.words[0] ? "It can be run by " : "No model that is known here can run it",
                        models.words);
}

/* Milliseconds as people say them, rounded up: "8 min", "1 min 30 s". */
static void span(int64_t ms, char out[24]) {
    struct buf b;
    buf_init_fixed(&b, out, 24);
    long long s = (ms + 999) / 1000;
    if (s >= 60) buf_fmt(&b, "%lld min", s / 60);
    if (s % 60 || s < 60) buf_fmt(&b, "%s%lld s", s >= 60 ? " " : "", s % 60);
}

static enum err too_long(struct request *rq, const struct lowering *p, const struct lowering_caps *caps) {
    const struct lowering_note *n = &p->report.notes[p->report.n - 1]; /* the last one says it */
    char takes[24], by_model[24], by_caps[24];
    struct runners models = {.json = BUF_INIT};
    find_runners(rq, p, caps, &models);
    buf_done(&models.json);
    tell_notes(rq, p);
    span(n->from, takes);
    span(p->model.session_max_ms, by_model);
    span(caps->total_max_ms, by_caps);
    request_fail_at(rq, ERR_ROUTINE_TOO_LONG, "/routine", "too_long", "takes %s; %s is the most here", takes,
                    p->model.session_max_ms < caps->total_max_ms ? by_model : by_caps);
    return request_fail(
        rq, ERR_ROUTINE_TOO_LONG,
        "%s takes at least %s with warming up; %s allows a session of %s, the screening %s. %s%s",
        p->routine.name, takes, p->model.name, by_model, by_caps,
        models.words[0] ? "It can be run by " : "No model that is known here can run it", models.words);
}

static enum err lower(struct request *rq, const struct routine_row *row, const struct lowering_caps *caps,
                      struct lowering *l) {
    l->routine_site_id = row->site_id;
    l->routine_version = row->version;
    if (!prepare_parse(row, &l->routine)) return ERR_INTERNAL;
    switch (lowering_run(&l->routine, &l->model, caps, &l->program, &l->report)) {
    case LOWER_OK: return ERR_OK;
    case LOWER_CANNOT_RUN: return cannot_run(rq, l, caps);
    case LOWER_TOO_LONG: return too_long(rq, l, caps);
    }
    return ERR_INTERNAL;
}

/* The routine's program for the model: the one lowered before, or a new one. */
static enum err program_for(struct request *rq, void *worker, const struct routine_row *row,
                            const char *model, const struct lowering_caps *caps, struct prepared *ret) {
    struct api *api = app_of(rq);
    auto_free struct lowering *l = NULL;
    struct model m;
    enum err e = models_get(api->models, db_of(worker), model, &m);
    if (e) return e == ERR_NOT_FOUND ? ERR_INTERNAL : e;
    struct programs_key key = {.routine = row->slug,
                               .routine_version = row->version,
                               .model = m.id,
                               .model_version = m.version,
                               .caps = *caps};
    ret->programs = api->programs;
    bool draft = routine_row_is_draft(row);
    ret->lowered = draft ? NULL : programs_find(api->programs, &key);
    if (ret->lowered) return ERR_OK;
    l = xcalloc(1, sizeof(*l));
    l->model = m;
    e = lower(rq, row, caps, l);
    if (e) return e;
    ret->lowered = draft ? programs_once(&key, &l->program) : programs_put(api->programs, &key, &l->program);
    return e;
}

/* The site and the model of the place: a device's, or those of people alone. */
static enum err look_at_place(struct request *rq, void *worker, const struct prepare_place *place,
                              struct uuid *ret_site_id, char ret_model[PROTO_NAME_MAX + 1]) {
    if (uuid_is_zero(&place->device_id)) {
        if (!scope_covers(scope_of(rq), &place->site_id))
            return request_fail_at(rq, ERR_NOT_FOUND, "/site_id", "not_found", "there is no such site");
        *ret_site_id = place->site_id;
        snprintf(ret_model, PROTO_NAME_MAX + 1, "%s", held_model.id);
        return ERR_OK;
    }
    struct device_row device;
    enum err e = lookup_device(rq, worker, &place->device_id, &device);
    if (e == ERR_NOT_FOUND)
        return request_fail_at(rq, e, "/device_id", "not_found", "there is no such device");
    if (e) return e;
    *ret_site_id = device.site_id;
    snprintf(ret_model, PROTO_NAME_MAX + 1, "%s", device.model);
    return ERR_OK;
}

enum err prepare_session(struct request *rq, void *worker, const struct prepare_place *place,
                         const char *routine, int32_t version, const struct screen_ask *ask,
                         const struct lowering_caps *asked, struct prepared *ret) {
    struct uuid site_id;
    char model[PROTO_NAME_MAX + 1];
    enum err e = look_at_place(rq, worker, place, &site_id, model);
    if (e) return e;
    struct routine_row row;
    struct routine_facts facts;
    e = screen_routine(rq, worker, &site_id, routine, version, &row, &facts);
    if (e) return e;
    e = screen_session(rq, worker, &site_id, ask, &facts, &ret->screened);
    struct lowering_caps caps = screening_rule_caps_and(&ret->screened.result.caps, asked);
    if (!e) e = program_for(rq, worker, &row, model, &caps, ret);
    ret->routine_version = row.version;
    if (version) ret->trial_content = xstrdup(row.content);
    routine_row_done(&row);
    if (!e) screen_record(&ret->screened, &caps);
    return e;
}

enum err prepare_preview(struct request *rq, void *worker, const char *routine, int32_t version,
                         const char *model, const struct lowering_caps *asked, struct lowering **ret) {
    auto_free struct lowering *l = xcalloc(1, sizeof(*l));
    struct routine_row row;
    enum err e = models_get(app_of(rq)->models, db_of(worker), model, &l->model);
    enum err found =
        e && e != ERR_NOT_FOUND ? e : routine_get(db_of(worker), scope_of(rq), routine, version, &row);
    if (found) return found;
    if (e == ERR_NOT_FOUND)
        e = request_fail_at(rq, ERR_UNPROCESSABLE, "/model", "not_found", "there is no such model");
    else
        e = lower(rq, &row, asked, l);
    routine_row_done(&row);
    if (!e) *ret = steal(&l);
    return e;
}
