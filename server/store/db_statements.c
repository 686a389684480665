/* The one list of all stores' statements: prepared when a connection opens. */
#include "server/store/db_query.h"

/* X(name of the table) */
#define TABLES(X)                                                                                            \
    X(site_store_statements)                                                                                 \
    X(model_store_statements)                                                                                \
    X(device_store_statements)                                                                               \
    X(routine_store_statements)                                                                              \
    X(session_store_statements)                                                                              \
    X(held_session_store_statements)                                                                         \
    X(session_check_store_statements)                                                                        \
    X(screening_store_statements)                                                                            \
    X(command_store_statements)                                                                              \
    X(self_test_store_statements)                                                                            \
    X(cleaning_store_statements)                                                                             \
    X(presence_store_statements)                                                                             \
    X(alarm_store_statements)                                                                                \
    X(hygiene_store_statements)                                                                              \
    X(course_store_statements)                                                                               \
    X(telemetry_store_statements)                                                                            \
    X(token_store_statements)                                                                                \
    X(user_store_statements)                                                                                 \
    X(sign_in_store_statements)                                                                              \
    X(audit_store_statements)                                                                                \
    X(idempotency_store_statements)                                                                          \
    X(housekeeping_store_statements)                                                                         \
    X(catalogue_store_statements)                                                                            \
    X(catalogue_entry_store_statements)

#define X(table) extern const struct db_statement table[];
TABLES(X)
#undef X

const struct db_statement *const db_statements[] = {
#define X(table) table,
    TABLES(X)
#undef X
        NULL};
