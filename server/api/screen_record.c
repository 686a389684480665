/* A screening as it is written down: with a session, as a resource, in the audit log. */
#include <string.h>

#include "server/api/screen.h"

static void write_names(struct jsonw *w, const char *key, uint32_t mask, const char *const names[]) {
    jsonw_array(w, key);
    for (int i = 0; names[i]; i++)
        if (mask & 1u << i) jsonw_str(w, NULL, names[i]);
    jsonw_array_end(w);
}

static void write_caps(struct jsonw *w, const char *key, const struct lowering_caps *caps) {
    jsonw_object(w, key);
    jsonw_int(w, "intensity_max", caps->intensity_max);
    jsonw_milli(w, "water_max_c", caps->water_max_mdegc);
    jsonw_milli(w, "total_max_s", caps->total_max_ms);
    write_names(w, "barred", caps->barred, screening_rule_trait_names);
    jsonw_object_end(w);
}

void screen_record_sources(struct jsonw *w, const char *key, const char *sources) {
    jsonw_array(w, key);
    for (const char *p = sources; *p;) {
        size_t len = strcspn(p, " ");
        jsonw_strn(w, NULL, p, len);
        p += len + (p[len] == ' ');
    }
    jsonw_array_end(w);
}

static void write_reason(struct jsonw *w, const struct screening_reason *r) {
    jsonw_object(w, NULL);
    jsonw_str(w, "of", r->rule >= 0 ? "answer" : "routine");
    jsonw_str(w, "rule", r->id);
    jsonw_str(w, "outcome", screening_rule_outcome_names[r->outcome]);
    jsonw_str(w, "words", r->words);
    write_names(w, "needs", r->needs, clearance_kind_names);
    write_names(w, "conflict", r->conflict, screening_rule_trait_names);
    write_caps(w, "caps", &r->caps);
    screen_record_sources(w, "sources", r->sources);
    jsonw_object_end(w);
}

static void write_clearances(struct jsonw *w, const char *key, const struct intake *intake,
                             const struct uuid *accepted_by) {
    jsonw_array(w, key);
    for (int32_t i = 0; i < intake->n_clearances; i++) {
        const struct clearance *c = &intake->clearances[i];
        jsonw_object(w, NULL);
        jsonw_str(w, "kind", clearance_kind_names[c->kind]);
        jsonw_str(w, "by", c->by);
        jsonw_str(w, "on", c->on);
        jsonw_uuid(w, "accepted_by", accepted_by);
        jsonw_object_end(w);
    }
    jsonw_array_end(w);
}

void screen_record_notices(struct jsonw *w) {
    jsonw_array(w, "notices");
    for (int32_t i = 0; i < screening_notice_count; i++) {
        jsonw_object(w, NULL);
        jsonw_str(w, "id", screening_notices[i].id);
        jsonw_str(w, "words", screening_notices[i].text);
        screen_record_sources(w, "sources", screening_notices[i].source);
        jsonw_object_end(w);
    }
    jsonw_array_end(w);
}

static void write_result(struct jsonw *w, const struct screened *s, const struct lowering_caps *caps) {
    const struct screening_result *r = &s->result;
    jsonw_object(w, NULL);
    jsonw_str(w, "outcome", screening_rule_outcome_names[r->outcome]);
    jsonw_array(w, "reasons");
    for (int32_t i = 0; i < r->n_reasons; i++) write_reason(w, &r->reasons[i]);
    jsonw_array_end(w);
    write_caps(w, "caps", caps);
    jsonw_array(w, "warnings");
    for (int32_t i = 0; i < r->n_warnings; i++) {
        const struct screening_rule *rule = &s->rules->rule[r->warnings[i]];
        jsonw_object(w, NULL);
        jsonw_str(w, "rule", rule->id);
        jsonw_str(w, "words", rule->why);
        jsonw_object_end(w);
    }
    jsonw_array_end(w);
    write_names(w, "needs", r->lacking, clearance_kind_names);
    write_clearances(w, "clearances", &s->intake, &s->accepted_by);
    screen_record_notices(w);
    if (!uuid_is_zero(&s->screening_id)) jsonw_uuid(w, "screening_id", &s->screening_id);
    jsonw_object_end(w);
}

void screen_record(struct screened *s, const struct lowering_caps *caps) {
    struct jsonw w;
    jsonw_init(&w, &s->intake_json);
    field_write(&w, NULL, intake_fields, &s->intake);
    jsonw_init(&w, &s->result_json);
    write_result(&w, s, caps);
    if (s->intake.n_clearances == 0) return;
    jsonw_init(&w, &s->clearances_json);
    write_clearances(&w, NULL, &s->intake, &s->accepted_by);
}
