/* What the database's refusals mean to a caller of the API. */
#include <string.h>

#include "server/store/db_query.h"

struct error_row {
    const char *sqlstate; /* whole, or the first characters of it */
    enum err err;
    bool reconnect;
};

/* The first row that fits counts. */
static const struct error_row error_rows[] = {
    {"PD001", ERR_DEVICE_BUSY, false},
    {"PD002", ERR_CLEANING_DUE, false},
    {"PD003", ERR_OUT_OF_SERVICE, false},
    {"PD004", ERR_CONFLICT, false}, /* out of sequence */
    {"PD005", ERR_WRONG_STATE, false},
    {"PD006", ERR_VERSION_PUBLISHED, false},
    {"PD007", ERR_CONFLICT, false},      /* append-only */
    {"PD008", ERR_UNPROCESSABLE, false}, /* no such published routine */
    {"PD121", ERR_SCREENING_NOT_TODAY, false},
    {"PD122", ERR_SCREENING_MISMATCH, false},
    {"PD123", ERR_SCREENING_REFUSED, false},
    {"PD141", ERR_CONFLICT, false}, /* a draft under a newer version */
    {"PD161", ERR_LAST_OWNER, false},
    {"23505", ERR_CONFLICT, false},      /* unique; some by name, below */
    {"23503", ERR_UNPROCESSABLE, false}, /* reference */
    {"23", ERR_UNPROCESSABLE, false},    /* check, not null */
    {"22", ERR_UNPROCESSABLE, false},    /* a value that its type cannot hold, such as \u0000 in jsonb */
    {"40", ERR_DATABASE, false},         /* serialisation, deadlock: try again */
    {"55P03", ERR_DATABASE, false},      /* lock not available */
    {"57014", ERR_DATABASE, false},      /* statement timeout */
    {"57", ERR_DATABASE, true},          /* shutting down */
    {"08", ERR_DATABASE, true},
    {"53", ERR_DATABASE, true},    /* out of resources */
    {"25006", ERR_DATABASE, true}, /* read-only: a standby after a fail-over */
    {"25P03", ERR_DATABASE, true}, /* idle in transaction for too long */
    {"0A000", ERR_DATABASE, true}, /* cached plan no longer fits: prepare anew */
    {"26000", ERR_DATABASE, true}, /* prepared statement is gone: a pooler in between */
    {"XX", ERR_DATABASE, true},
};

/* Unique indexes that guard a rule with a name of its own. */
static const struct {
    const char *constraint;
    enum err err;
} constraint_rows[] = {
    {"session_one_live_per_device", ERR_DEVICE_BUSY},
};

enum err db_error_map(const char *sqlstate, const char *constraint, bool *ret_reconnect) {
    *ret_reconnect = false;
    for (size_t i = 0; constraint && i < COUNT_OF(constraint_rows); i++)
        if (strcmp(constraint, constraint_rows[i].constraint) == 0) return constraint_rows[i].err;
    for (size_t i = 0; sqlstate && i < COUNT_OF(error_rows); i++) {
        const struct error_row *row = &error_rows[i];
        if (strncmp(sqlstate, row->sqlstate, strlen(row->sqlstate)) != 0) continue;
        *ret_reconnect = row->reconnect;
        return row->err;
    }
    return ERR_INTERNAL;
}
