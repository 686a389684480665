#include "server/domain/hygiene.h"

const char *const hygiene_rules_names[HYGIENE_RULES_COUNT + 1] = {
#define X(e, id, name, years) id,
    HYGIENE_RULES(X)
#undef X
};

static const struct hygiene_kind kinds[] = {
#define X(r, k, days, minutes, wants, order) {HYGIENE_##r, CLEANING_##k, days, minutes, wants, order},
    HYGIENE_KINDS(X)
#undef X
};

static const int32_t years_kept[HYGIENE_RULES_COUNT] = {
#define X(e, id, name, years) years,
    HYGIENE_RULES(X)
#undef X
};

const struct hygiene_kind *hygiene_kind_get(enum hygiene_rules rules, enum cleaning_kind kind) {
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (kinds[i].rules == (int32_t)rules && kinds[i].kind == (int32_t)kind) return &kinds[i];
    return NULL;
}

int32_t hygiene_retention_years(enum hygiene_rules rules) { return years_kept[rules]; }

bool hygiene_takes_prescribed(enum hygiene_rules rules) {
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (kinds[i].rules == (int32_t)rules && kinds[i].needs) return false;
    return true;
}

bool hygiene_check(enum hygiene_rules rules, const struct cleaning *c, struct field_errors *errors) {
    const struct hygiene_kind *k = hygiene_kind_get(rules, (enum cleaning_kind)c->kind);
    int32_t before = errors->n;
    if (!k) return true;
    const struct {
        enum hygiene_needs need;
        bool there;
        const char *pointer;
    } wants[] = {
        {HYGIENE_NEEDS_DISINFECTANT, c->disinfectant[0], "/disinfectant"},
        {HYGIENE_NEEDS_EPA_NUMBER, c->epa_number[0], "/epa_number"},
        {HYGIENE_NEEDS_INITIALS, c->has_initials, "/initials"},
        {HYGIENE_NEEDS_NOTE, c->note[0], "/note"},
    };
    for (size_t i = 0; i < COUNT_OF(wants); i++)
        if (k->needs & 1u << wants[i].need && !wants[i].there)
            field_errors_add(errors, FIELD_MISSING, wants[i].pointer, "the log of %s has to say it",
                             hygiene_rules_names[rules]);
    if (c->has_contact_minutes && c->contact_minutes < k->contact_min_minutes)
        field_errors_add(errors, FIELD_OUT_OF_RANGE, "/contact_minutes",
                         "must be at least %d minutes by the rules of %s", (int)k->contact_min_minutes,
                         hygiene_rules_names[rules]);
    return errors->n == before;
}
