#include "server/domain/clearance.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

const char *const clearance_kind_names[CLEARANCE_KIND_COUNT + 1] = {
#define X(e, n, days, words) n,
    CLEARANCE_KINDS(X)
#undef X
};
const char *const clearance_kind_words[CLEARANCE_KIND_COUNT] = {
#define X(e, n, days, words) words,
    CLEARANCE_KINDS(X)
#undef X
};
const int32_t clearance_kind_days[CLEARANCE_KIND_COUNT] = {
#define X(e, n, days, words) days,
    CLEARANCE_KINDS(X)
#undef X
};

const struct field clearance_fields[] = {
    FIELD_ENUM(struct clearance, kind, clearance_kind_names, FIELD_REQUIRED),
    FIELD_STR(struct clearance, by, 1, FIELD_REQUIRED), FIELD_STR(struct clearance, on, 1, FIELD_REQUIRED),
    FIELD_END};

#define POINTER_MAX 64

bool clearance_day(const char *date, int32_t *ret_day) {
    char text[CLEARANCE_DATE_LEN + sizeof "T00:00:00Z"];
    int64_t wall_ms;
    if (strlen(date) != CLEARANCE_DATE_LEN) return false;
    snprintf(text, sizeof text, "%sT00:00:00Z", date);
    if (!clock_parse(text, strlen(text), &wall_ms)) return false;
    *ret_day = (int32_t)(wall_ms / 86400000);
    return true;
}

bool clearance_check(const struct clearance *c, const char *pointer, struct field_errors *errors) {
    char at[POINTER_MAX];
    int32_t day, before = errors->n;
    snprintf(at, sizeof at, "%s/by", pointer);
    (void)!line_check(c->by, CLEARANCE_BY_MAX, at, errors);
    snprintf(at, sizeof at, "%s/on", pointer);
    if (!clearance_day(c->on, &day))
        field_errors_add(errors, FIELD_BAD_FORMAT, at, "must be a date such as 2026-11-20");
    return errors->n == before;
}

bool clearance_check_age(const struct clearance *c, int32_t today, const char *pointer,
                         struct field_errors *errors) {
    char at[POINTER_MAX];
    int32_t day, most = clearance_kind_days[c->kind];
    snprintf(at, sizeof at, "%s/on", pointer);
    if (!clearance_day(c->on, &day) || day > today)
        field_errors_add(errors, FIELD_OUT_OF_RANGE, at, "must not be in the future");
    else if (today - day > most)
        field_errors_add(errors, FIELD_OUT_OF_RANGE, at, "must be at most %d days ago for %s", (int)most,
                         clearance_kind_words[c->kind]);
    else
        return true;
    return false;
}

void clearance_words(uint32_t kinds, char out[CLEARANCE_WORDS_MAX]) {
    size_t len = 0;
    out[0] = '\0';
    for (int i = 0; i < CLEARANCE_KIND_COUNT && len < CLEARANCE_WORDS_MAX; i++)
        if (kinds & 1u << i)
            len += (size_t)snprintf(out + len, CLEARANCE_WORDS_MAX - len, "%s%s", len ? " and " : "",
                                    clearance_kind_words[i]);
}
