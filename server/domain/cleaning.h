/* Disinfection: what must be done to a unit, and which record makes it clean again. Pure; thread-safe.
 * Sources of the figures: 16 CCR 980.1 (whirlpool foot spas and air-jet basins: an EPA-registered
 * disinfectant in contact for 10 minutes after each client and at the end of the day, once a week left
 * in for 6 to 10 hours); 16 TAC 83.108 (d) (every second week, 6 to 10 hours). */
#ifndef PEDILUVE_DOMAIN_CLEANING_H
#define PEDILUVE_DOMAIN_CLEANING_H

#include <stdbool.h>
#include <stdint.h>

#include "server/domain/line.h"

/* X(enum, name, least minutes of contact, makes a due unit clean, words) */
#define CLEANING_KINDS(X)                                                                                    \
    X(AFTER_CLIENT, "after_client", 10, 1, "after each client")                                              \
    X(END_OF_DAY, "end_of_day", 10, 1, "at the end of the day")                                              \
    X(WEEKLY, "weekly", 360, 1, "once a week")                                                               \
    X(BIWEEKLY_SOAK, "biweekly_soak", 360, 1, "every second week")                                           \
    X(RINSE, "rinse", 0, 0, "when an additive was in the water")

enum cleaning_kind {
#define X(e, n, minutes, cleans, words) CLEANING_##e,
    CLEANING_KINDS(X)
#undef X
        CLEANING_KIND_COUNT
};
extern const char *const cleaning_kind_names[CLEANING_KIND_COUNT + 1]; /* NULL-terminated */

struct cleaning_kind_info {
    const char *name, *words;
    int32_t contact_min_minutes;
    bool cleans; /* such a record, when it passes cleaning_check, makes a due unit clean */
};
const struct cleaning_kind_info *cleaning_kind_get(enum cleaning_kind kind);

#define CLEANING_INITIALS_MAX 8   /* characters */
#define CLEANING_CONTACT_MAX 1440 /* minutes */
/* A record may be made later, as long as people still know; a clock may run ahead by so much. */
#define CLEANING_PAST_MS (INT64_C(7) * 24 * 3600 * 1000)
#define CLEANING_FUTURE_MS 60000

/* The body of POST /devices/{id}/cleanings. */
struct cleaning {
    int32_t kind;             /* enum cleaning_kind; after_client when the body names none */
    char disinfectant[81];    /* product, as on its label; may be left out */
    char epa_number[41];      /* its registration number, where the site keeps it */
    bool has_contact_minutes; /* needed for all kinds but a rinse */
    int32_t contact_minutes;  /* 0..1440 */
    bool rinsed;              /* fresh water ran through before the disinfectant */
    char note[281];
    bool has_initials, has_done_at;
    char initials[LINE_SIZE(CLEANING_INITIALS_MAX)]; /* of who did it */
    int64_t done_at;                                 /* when it was finished; now when it is left out */
};
extern const struct field cleaning_fields[];

/* The rules across fields. rinse_due: the unit had an additive in its water. */
must_use bool cleaning_check(const struct cleaning *c, bool rinse_due, struct field_errors *errors);
/* Initials are one line of printable characters; for a body that has none, true. */
must_use bool cleaning_check_initials(const struct cleaning *c, struct field_errors *errors);
/* done_at lies in the last days, not ahead, and not before the end of the device's last session
 * (last_end; 0: it had none). For a body that has none, true. */
must_use bool cleaning_check_time(const struct cleaning *c, int64_t now, int64_t last_end,
                                  struct field_errors *errors);
/* Whether a record that passed cleaning_check makes a due unit clean. */
bool cleaning_cleans(const struct cleaning *c);

#endif
