/* Runs the screening over intakes, for test_screening_pairs.py: a line of JSON in, a line out.
 *     {"intake": {...}, "routine": {...}}   ->   {"outcome": ..., "open": [...], ...}   or {"error": pointer}
 */
#include <stdio.h>
#include <string.h>

#include "server/domain/screening.h"

static void put_names(struct jsonw *w, const char *key, uint32_t mask, const char *const names[]) {
    jsonw_array(w, key);
    for (int i = 0; names[i]; i++)
        if (mask & 1u << i) jsonw_str(w, NULL, names[i]);
    jsonw_array_end(w);
}

static void put_rules(struct jsonw *w, const char *key, const int32_t list[], int32_t n) {
    jsonw_array(w, key);
    for (int32_t i = 0; i < n; i++) jsonw_str(w, NULL, screening_rule_ids[list[i]]);
    jsonw_array_end(w);
}

static void put_result(struct jsonw *w, const struct screening_result *r) {
    jsonw_object(w, NULL);
    jsonw_str(w, "outcome", screening_rule_outcome_names[r->outcome]);
    put_rules(w, "open", r->open, r->n_open);
    put_rules(w, "warnings", r->warnings, r->n_warnings);
    put_names(w, "lacking", r->lacking, clearance_kind_names);
    jsonw_int(w, "intensity_max", r->caps.intensity_max);
    jsonw_milli(w, "water_max_c", r->caps.water_max_mdegc);
    jsonw_milli(w, "total_max_s", r->caps.total_max_ms);
    put_names(w, "barred", r->caps.barred, screening_rule_trait_names);
    jsonw_object(w, "reasons");
    for (int32_t i = 0; i < r->n_reasons; i++)
        jsonw_str(w, r->reasons[i].id, screening_rule_outcome_names[r->reasons[i].outcome]);
    jsonw_object_end(w);
    jsonw_object_end(w);
}

static bool facts_of(const json_t *tree, struct routine_facts *ret, struct field_errors *errors) {
    auto_free struct routine *r = xcalloc(1, sizeof *r);
    if (!field_decode(tree, routine_fields, FIELD_REFUSE_UNKNOWN, r, sizeof *r, errors) ||
        !routine_check(r, errors))
        return false;
    routine_facts_of(r, ret);
    return true;
}

static void judge(const json_t *line, struct jsonw *w) {
    struct field_errors errors = {0};
    struct intake intake;
    struct routine_facts facts;
    struct screening_result result;
    const json_t *routine = json_object_get(line, "routine");
    bool ok = field_decode(json_object_get(line, "intake"), intake_fields, FIELD_REFUSE_UNKNOWN, &intake,
                           sizeof intake, &errors) &&
              intake_check(&intake, &screening_rule_product, "", &errors) &&
              (!routine || facts_of(routine, &facts, &errors));
    if (!ok) {
        jsonw_object(w, NULL);
        jsonw_str(w, "error", errors.list[0].pointer);
        jsonw_object_end(w);
        return;
    }
    screening_run(&screening_rule_product, &intake, routine ? &facts : NULL, &result);
    put_result(w, &result);
}

int main(void) {
    static char text[1 << 16];
    while (fgets(text, sizeof text, stdin)) {
        struct field_errors errors = {0};
        json_t *line = field_load(text, strcspn(text, "\n"), &errors);
        auto_buf struct buf out = BUF_INIT;
        struct jsonw w;
        jsonw_init(&w, &out);
        judge(line, &w);
        json_decref(line);
        puts(out.data);
    }
    return 0;
}
