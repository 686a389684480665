/* What lets a guest have a session in spite of an answer: a doctor's note, a certified operator. Who gave it
 * and when is recorded with the session. Pure; thread-safe. */
#ifndef PEDILUVE_DOMAIN_CLEARANCE_H
#define PEDILUVE_DOMAIN_CLEARANCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/field.h"
#include "server/domain/line.h"

/* X(enum, name, days, words). days: how old it may be, our figure: a guest's health changes within weeks, a
 * specialist's certificate is looked at once a year. */
#define CLEARANCE_KINDS(X)                                                                                   \
    X(DOCTOR_NOTE, "doctor_note", 30, "a doctor's note")                                                     \
    X(CERTIFIED_OPERATOR, "certified_operator", 365, "a certified operator")
enum clearance_kind {
#define X(e, n, days, words) CLEARANCE_##e,
    CLEARANCE_KINDS(X)
#undef X
        CLEARANCE_KIND_COUNT
};
extern const char *const clearance_kind_names[CLEARANCE_KIND_COUNT + 1]; /* NULL-terminated */
extern const char *const clearance_kind_words[CLEARANCE_KIND_COUNT];
extern const int32_t clearance_kind_days[CLEARANCE_KIND_COUNT];

#define CLEARANCE_BY_MAX 60 /* characters */
#define CLEARANCE_DATE_LEN 10
struct clearance {
    int32_t kind;                         /* enum clearance_kind */
    char by[LINE_SIZE(CLEARANCE_BY_MAX)]; /* the doctor, or the operator who does the session */
    char on[CLEARANCE_DATE_LEN + 1];      /* "2026-11-20": of the note; when the certificate was looked at */
};
extern const struct field clearance_fields[];

/* Whether by is one line and on a date; errors below pointer. */
must_use bool clearance_check(const struct clearance *c, const char *pointer, struct field_errors *errors);
/* Whether it counts on that day, as the site's calendar has it: not from the future, not too old. Both
 * in days since 1970-01-01; errors at pointer/on. c has passed clearance_check. */
must_use bool clearance_check_age(const struct clearance *c, int32_t today, const char *pointer,
                                  struct field_errors *errors);

/* Days since 1970-01-01 of "2026-11-20"; false: not a date of the years 1970 to 2199. */
must_use bool clearance_day(const char *date, int32_t *ret_day);

/* "a doctor's note and a certified operator" for the bits 1u << enum clearance_kind. */
#define CLEARANCE_WORDS_MAX 64
void clearance_words(uint32_t kinds, char out[CLEARANCE_WORDS_MAX]);

#endif
