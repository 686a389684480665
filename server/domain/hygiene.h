/* What a site's jurisdiction asks of disinfection; compiled in from schema/catalogue/hygiene-rules.json,
 * which the database has too. Which local day something is due on, the database says: it knows the time
 * zones. Pure; thread-safe. */
#ifndef PEDILUVE_DOMAIN_HYGIENE_H
#define PEDILUVE_DOMAIN_HYGIENE_H

#include "catalogue/hygiene-rules.h"
#include "server/domain/cleaning.h"
#include "server/domain/date.h"

enum hygiene_rules {
#define X(e, id, name, years) HYGIENE_##e,
    HYGIENE_RULES(X)
#undef X
        HYGIENE_RULES_COUNT
};
extern const char *const hygiene_rules_names[HYGIENE_RULES_COUNT + 1]; /* NULL-terminated */

/* What a record has to say besides kind and contact time. */
enum hygiene_needs {
    HYGIENE_NEEDS_DISINFECTANT,
    HYGIENE_NEEDS_EPA_NUMBER,
    HYGIENE_NEEDS_INITIALS,
    HYGIENE_NEEDS_NOTE
};

struct hygiene_kind {
    int32_t rules, kind; /* enum hygiene_rules, enum cleaning_kind */
    int32_t every_days;  /* 0: after each use; 1: each day of use; else at most so many days apart */
    int32_t contact_min_minutes;
    uint32_t needs;    /* bits 1u << enum hygiene_needs */
    const char *steps; /* in their order, with blanks between */
};
/* NULL: these rules do not ask for it. */
const struct hygiene_kind *hygiene_kind_get(enum hygiene_rules rules, enum cleaning_kind kind);
int32_t hygiene_retention_years(enum hygiene_rules rules);

/* Whether the record says what the rules want to read; kinds that they do not ask for have no wants. A
 * contact time that nobody stated is none where initials are wanted. */
must_use bool hygiene_check(enum hygiene_rules rules, const struct cleaning *c, struct field_errors *errors);
/* Whether a body may leave out its contact time: then it is the one prescribed. */
bool hygiene_takes_prescribed(enum hygiene_rules rules);

#define HYGIENE_REASON_MAX 200 /* characters */
#define HYGIENE_OUT_DAYS_MAX 366

#endif
