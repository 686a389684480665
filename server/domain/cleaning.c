/* A kind is a row; the check reads it. */
#include <string.h>

#include "server/domain/cleaning.h"

const char *const cleaning_kind_names[CLEANING_KIND_COUNT + 1] = {
#define X(e, n, minutes, cleans, words) n,
    CLEANING_KINDS(X)
#undef X
};

static const struct cleaning_kind_info kinds[CLEANING_KIND_COUNT] = {
#define X(e, n, minutes, makes_clean, when)                                                                  \
    {.name = n, .words = when, .contact_min_minutes = minutes, .cleans = makes_clean},
    CLEANING_KINDS(X)
#undef X
};

const struct field cleaning_fields[] = {
    FIELD_ENUM(struct cleaning, kind, cleaning_kind_names, 0),
    FIELD_STR(struct cleaning, disinfectant, 1, 0),
    FIELD_STR(struct cleaning, epa_number, 1, 0),
    FIELD_INT_HAS(struct cleaning, contact_minutes, 0, 1440, 0, has_contact_minutes),
    FIELD_BOOL(struct cleaning, rinsed, 0),
    FIELD_STR(struct cleaning, note, 0, 0),
    FIELD_STR_HAS(struct cleaning, initials, 1, 0, has_initials),
    FIELD_TIME_HAS(struct cleaning, done_at, 0, has_done_at),
    FIELD_END};

const struct cleaning_kind_info *cleaning_kind_get(enum cleaning_kind kind) { return &kinds[kind]; }

bool cleaning_check(const struct cleaning *c, bool rinse_due, struct field_errors *errors) {
    int32_t before = errors->n;
    const struct cleaning_kind_info *kind = &kinds[c->kind];
    if (kind->contact_min_minutes > 0 && !c->has_contact_minutes)
        field_errors_add(errors, FIELD_MISSING, "/contact_minutes",
                         "say how long the disinfectant was in contact; at least %d minutes %s",
                         (int)kind->contact_min_minutes, kind->words);
    else if (c->contact_minutes < kind->contact_min_minutes)
        field_errors_add(errors, FIELD_OUT_OF_RANGE, "/contact_minutes", "must be at least %d minutes %s",
                         (int)kind->contact_min_minutes, kind->words);
    if (rinse_due && kind->cleans && !c->rinsed)
        field_errors_add(errors, FIELD_MISSING, "/rinsed",
                         "an additive was in the water: rinse the unit first and say \"rinsed\": true");
    return errors->n == before;
}

bool cleaning_check_initials(const struct cleaning *c, struct field_errors *errors) {
    return !c->has_initials || line_check(c->initials, CLEANING_INITIALS_MAX, "/initials", errors);
}

bool cleaning_check_time(const struct cleaning *c, int64_t now, int64_t last_end,
                         struct field_errors *errors) {
    if (!c->has_done_at) return true;
    if (c->done_at > now + CLEANING_FUTURE_MS)
        field_errors_add(errors, FIELD_OUT_OF_RANGE, "/done_at", "must not lie in the future");
    else if (c->done_at < now - CLEANING_PAST_MS)
        field_errors_add(errors, FIELD_OUT_OF_RANGE, "/done_at", "must not lie more than 7 days back");
    else if (c->done_at < last_end)
        field_errors_add(errors, FIELD_OUT_OF_RANGE, "/done_at",
                         "must not lie before the end of the device's last session");
    else
        return true;
    return false;
}

bool cleaning_cleans(const struct cleaning *c) { return kinds[c->kind].cleans; }
