/* The connection: opening and reopening, running statements, transactions. */
#include "server/store/db.h"

#include <assert.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "server/base/limits.h"
#include "server/store/db_query.h"

#define BACKOFF_FIRST_MS 50
#define BACKOFF_MAX_MS 2000
#define CONNECT_TIMEOUT_MS 3000
#define IDLE_IN_TRANSACTION_MS 15000

enum tx {
    TX_NONE,
    TX_WANTED, /* db_begin was called; BEGIN goes out with the first statement */
    TX_OPEN,
    TX_BROKEN /* failed or lost: nothing but db_rollback helps. Never runs a statement outside by mistake */
};

struct deferred {
    const struct db_statement *st;
    struct db_params params;
};

struct db {
    PGconn *conn;
    char *conninfo, *application_name;
    int32_t connect_timeout_ms, statement_timeout_ms;
    bool bare;
    enum tx tx;
    int n_deferred;
    struct deferred deferred[DB_DEFERRED_MAX];
    int64_t retry_at_mono_ms, backoff_ms;
    int64_t round_trips;
    char error[512];
};

static const struct db_statement statement_begin = {"db_begin", "BEGIN"};
static const struct db_statement statement_commit = {"db_commit", "COMMIT"};
static const struct db_statement statement_ping = {"db_ping", "SELECT 1"};
static const struct db_statement *const own_statements[] = {&statement_begin, &statement_commit,
                                                            &statement_ping};

struct db *db_new(const struct db_config *config) {
    struct db *db = xcalloc(1, sizeof *db);
    db->conninfo = xstrdup(config->conninfo);
    db->application_name = xstrdup(config->application_name ? config->application_name : "pediluved");
    db->connect_timeout_ms = config->connect_timeout_ms ? config->connect_timeout_ms : CONNECT_TIMEOUT_MS;
    db->statement_timeout_ms =
        config->statement_timeout_ms ? config->statement_timeout_ms : LIMIT_DB_TIMEOUT_MS;
    db->bare = config->bare;
    return db;
}

static void forget_deferred(struct db *db) {
    for (int i = 0; i < db->n_deferred; i++) db_params_done(&db->deferred[i].params);
    db->n_deferred = 0;
}

static void disconnect(struct db *db) {
    PQfinish(db->conn);
    db->conn = NULL;
    if (db->tx == TX_OPEN) db->tx = TX_BROKEN;
}

void db_free(struct db *db) {
    if (!db) return;
    forget_deferred(db);
    disconnect(db);
    free(db->conninfo);
    free(db->application_name);
    free(db);
}

const char *db_last_error(const struct db *db) { return db->error; }

int64_t db_round_trips(const struct db *db) { return db->round_trips; }

bool db_in_transaction(const struct db *db) { return db->tx != TX_NONE; }

/* ---- failures ---- */

static void note(struct db *db, const char *where, const char *message) {
    snprintf(db->error, sizeof db->error, "%s: %s", where, message);
    for (char *c = db->error; *c; c++)
        if (*c == '\n' || *c == '\t') *c = ' ';
    for (size_t n = strlen(db->error); n > 0 && db->error[n - 1] == ' '; n--) db->error[n - 1] = '\0';
}

/* Takes in what a result says. Any failure inside a transaction breaks it. */
static enum err judge(struct db *db, const char *where, const PGresult *result) {
    bool reconnect = false;
    enum err err = ERR_DATABASE;
    switch (result ? PQresultStatus(result) : PGRES_FATAL_ERROR) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
    case PGRES_SINGLE_TUPLE:
    case PGRES_COPY_IN:
    case PGRES_PIPELINE_SYNC: return ERR_OK;
    case PGRES_PIPELINE_ABORTED: break; /* the one before it has said why */
    default: {
        const char *state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
        if (state) err = db_error_map(state, PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME), &reconnect);
        note(db, where, result ? PQresultErrorMessage(result) : PQerrorMessage(db->conn));
    }
    }
    if (db->tx == TX_OPEN) db->tx = TX_BROKEN;
    if (reconnect || PQstatus(db->conn) != CONNECTION_OK) {
        disconnect(db);
        return ERR_DATABASE;
    }
    return err;
}

/* ---- pipelines: several statements, one round trip, results in order ---- */

static bool send(struct db *db, const struct db_statement *st, const struct db_params *p) {
    return PQsendQueryPrepared(db->conn, st->name, p ? p->n : 0, p ? p->value : NULL, p ? p->length : NULL,
                               p ? p->format : NULL, 1);
}

/* One statement's result out of a pipeline, and the NULL after it. NULL: the connection is gone. */
static PGresult *receive(struct db *db) {
    PGresult *result = PQgetResult(db->conn);
    PGresult *end;
    if (!result || PQresultStatus(result) == PGRES_PIPELINE_SYNC) return result;
    while ((end = PQgetResult(db->conn))) PQclear(end);
    return result;
}

/* Reads up to the sync and leaves pipeline mode; false: the connection is gone. */
static bool finish_pipeline(struct db *db) {
    for (;;) {
        PGresult *result = receive(db);
        ExecStatusType status = result ? PQresultStatus(result) : PGRES_FATAL_ERROR;
        PQclear(result);
        if (!result || PQstatus(db->conn) != CONNECTION_OK) return false;
        if (status == PGRES_PIPELINE_SYNC) return PQexitPipelineMode(db->conn);
    }
}

static enum err lost(struct db *db, const char *where) {
    note(db, where, PQerrorMessage(db->conn));
    if (db->tx == TX_OPEN) db->tx = TX_BROKEN;
    disconnect(db);
    return ERR_DATABASE;
}

/* Runs the statements; the result of the one at `wanted` (-1: none) goes to *ret_result. The first failure
 * is the answer. */
static enum err run_pipeline(struct db *db, int n, const struct db_statement *const sts[],
                             const struct db_params *const params[], int wanted, PGresult **ret_result) {
    enum err err = ERR_OK;
    auto_result struct pg_result *kept = NULL;
    bool sent = PQenterPipelineMode(db->conn);
    for (int i = 0; sent && i < n; i++) sent = send(db, sts[i], params[i]);
    if (!sent || !PQpipelineSync(db->conn)) return lost(db, sts[0]->name);
    db->round_trips++;
    for (int i = 0; i < n; i++) {
        PGresult *result = receive(db);
        if (!result) return lost(db, sts[i]->name);
        if (err == ERR_OK) err = judge(db, sts[i]->name, result);
        if (i == wanted && err == ERR_OK)
            kept = result;
        else
            PQclear(result);
        if (!db->conn) return err;
    }
    if (!finish_pipeline(db)) return lost(db, sts[n - 1]->name);
    if (err == ERR_OK && ret_result) *ret_result = steal(&kept);
    return err;
}

/* ---- opening ---- */

/* The i-th statement there is; NULL after the last. */
static const struct db_statement *statement_at(const struct db *db, size_t i) {
    if (i < COUNT_OF(own_statements)) return own_statements[i];
    i -= COUNT_OF(own_statements);
    for (size_t t = 0; !db->bare && db_statements[t]; t++)
        for (const struct db_statement *st = db_statements[t]; st->name; st++)
            if (i-- == 0) return st;
    return NULL;
}

#define SETTINGS 4

static bool send_settings(struct db *db) {
    char settings[SETTINGS][80];
    snprintf(settings[0], sizeof settings[0], "SET statement_timeout = %d",
             db->statement_timeout_ms < 0 ? 0 : db->statement_timeout_ms);
    snprintf(settings[1], sizeof settings[1], "SET idle_in_transaction_session_timeout = %d",
             db->bare ? 0 : IDLE_IN_TRANSACTION_MS);
    snprintf(settings[2], sizeof settings[2], "SET TimeZone = 'UTC'");
    snprintf(settings[3], sizeof settings[3], "SET jit = off"); /* our statements are short */
    for (size_t i = 0; i < SETTINGS; i++)
        if (!PQsendQueryParams(db->conn, settings[i], 0, NULL, NULL, NULL, NULL, 0)) return false;
    return true;
}

/* Settings, then every statement, in one round trip. */
static enum err prepare_all(struct db *db) {
    const struct db_statement *st;
    bool sent = PQenterPipelineMode(db->conn) && send_settings(db);
    for (size_t i = 0; sent && (st = statement_at(db, i)); i++)
        sent = PQsendPrepare(db->conn, st->name, st->sql, 0, NULL);
    if (!sent || !PQpipelineSync(db->conn)) return lost(db, "prepare");
    db->round_trips++;

    enum err err = ERR_OK;
    for (size_t i = 0;; i++) {
        PGresult *result = receive(db);
        if (!result) return lost(db, "prepare");
        ExecStatusType status = PQresultStatus(result);
        st = i < SETTINGS ? NULL : statement_at(db, i - SETTINGS);
        if (err == ERR_OK) err = judge(db, st ? st->name : "prepare", result);
        PQclear(result);
        if (!db->conn) return err;
        if (status == PGRES_PIPELINE_SYNC) break;
    }
    if (!PQexitPipelineMode(db->conn)) return lost(db, "prepare");
    return err;
}

static enum err refuse_for_a_while(struct db *db) {
    db->backoff_ms = db->backoff_ms == 0                   ? BACKOFF_FIRST_MS
                     : db->backoff_ms * 2 > BACKOFF_MAX_MS ? BACKOFF_MAX_MS
                                                           : db->backoff_ms * 2;
    db->retry_at_mono_ms = clock_mono_ms() + db->backoff_ms;
    return ERR_DATABASE;
}

static void ignore_notice(void *arg, const PGresult *result) {
    (void)arg;
    (void)result;
}

enum err db_connect(struct db *db) {
    char timeout[16], user_timeout[16];
    if (db->conn) return ERR_OK;
    if (db->backoff_ms > 0 && clock_mono_ms() < db->retry_at_mono_ms) return ERR_DATABASE;
    snprintf(timeout, sizeof timeout, "%d", (db->connect_timeout_ms + 999) / 1000);
    /* A peer that vanished without a word is noticed although no statement timeout can reach us. */
    snprintf(user_timeout, sizeof user_timeout, "%d", db->connect_timeout_ms + LIMIT_DB_TIMEOUT_MS);
    const char *const keys[] = {"connect_timeout",
                                "tcp_user_timeout",
                                "keepalives_idle",
                                "client_encoding",
                                "dbname",
                                "fallback_application_name",
                                NULL};
    const char *const values[] = {timeout,      user_timeout,         "10", "UTF8",
                                  db->conninfo, db->application_name, NULL};
    db->conn = PQconnectdbParams(keys, values, 1);
    db->round_trips++;
    if (!db->conn || PQstatus(db->conn) != CONNECTION_OK) {
        note(db, "connect", db->conn ? PQerrorMessage(db->conn) : "out of memory");
        disconnect(db);
        return refuse_for_a_while(db);
    }
    PQsetNoticeReceiver(db->conn, ignore_notice, NULL);
    enum err err = prepare_all(db);
    if (err != ERR_OK) {
        disconnect(db);
        (void)refuse_for_a_while(db);
        return err;
    }
    db->backoff_ms = 0;
    return ERR_OK;
}

/* Before any statement. */
static enum err ready(struct db *db) {
    if (db->tx == TX_BROKEN) return ERR_DATABASE;
    if (db->conn) return ERR_OK;
    assert(db->tx != TX_OPEN);
    return db_connect(db);
}

enum err db_ping(struct db *db) {
    auto_result struct pg_result *result = NULL;
    return db_run(db, &statement_ping, &(struct db_params){0}, &result);
}

/* ---- statements ---- */

enum err db_run(struct db *db, const struct db_statement *st, const struct db_params *p,
                struct pg_result **ret_result) {
    enum err err = ready(db);
    if (err != ERR_OK) return err;
    if (db->tx == TX_WANTED) {
        db->tx = TX_OPEN;
        return run_pipeline(db, 2, (const struct db_statement *const[]){&statement_begin, st},
                            (const struct db_params *const[]){NULL, p}, 1, ret_result);
    }
    db->round_trips++;
    PGresult *result = PQexecPrepared(db->conn, st->name, p->n, p->value, p->length, p->format, 1);
    err = judge(db, st->name, result);
    if (err == ERR_OK)
        *ret_result = result;
    else
        PQclear(result);
    return err;
}

/* A copy that owns everything it points at. */
static void copy_params(struct db_params *to, const struct db_params *from) {
    *to = (struct db_params){.n = from->n};
    for (int i = 0; i < from->n; i++) {
        to->length[i] = from->length[i];
        to->format[i] = from->format[i];
        if (!from->value[i]) continue;
        size_t len = from->format[i] ? (size_t)from->length[i] : strlen(from->value[i]);
        to->owned[i] = xmalloc(len + 1);
        memcpy(to->owned[i], from->value[i], len);
        to->owned[i][len] = '\0';
        to->value[i] = to->owned[i];
    }
}

enum err db_defer(struct db *db, const struct db_statement *st, const struct db_params *p) {
    if (db->tx == TX_NONE) {
        auto_result struct pg_result *result = NULL;
        return db_run(db, st, p, &result);
    }
    if (db->tx == TX_BROKEN) return ERR_DATABASE;
    assert(db->n_deferred < DB_DEFERRED_MAX);
    struct deferred *d = &db->deferred[db->n_deferred++];
    d->st = st;
    copy_params(&d->params, p);
    return ERR_OK;
}

enum err db_run_text(struct db *db, const char *sql, struct pg_result **ret_result) {
    enum err err = ready(db);
    if (err != ERR_OK) return err;
    assert(db->tx != TX_WANTED);
    db->round_trips++;
    PGresult *result = PQexec(db->conn, sql);
    err = judge(db, "sql", result);
    if (err == ERR_OK && ret_result)
        *ret_result = result;
    else
        PQclear(result);
    return err;
}

/* ---- transactions ---- */

void db_begin(struct db *db) {
    assert(db->tx == TX_NONE && db->n_deferred == 0);
    db->tx = TX_WANTED;
}

void db_rollback(struct db *db) {
    forget_deferred(db);
    db->tx = TX_NONE;
    if (!db->conn || PQtransactionStatus(db->conn) == PQTRANS_IDLE) return;
    db->round_trips++;
    PGresult *result = PQexec(db->conn, "ROLLBACK");
    bool done = PQresultStatus(result) == PGRES_COMMAND_OK;
    PQclear(result);
    if (!done || PQtransactionStatus(db->conn) != PQTRANS_IDLE) disconnect(db);
}

enum err db_commit(struct db *db) {
    const struct db_statement *sts[DB_DEFERRED_MAX + 2];
    const struct db_params *params[DB_DEFERRED_MAX + 2] = {NULL};
    int n = 0;
    assert(db->tx != TX_NONE);
    enum err err = ready(db);
    if (err == ERR_OK && db->tx == TX_WANTED && db->n_deferred == 0) { /* nothing was asked of the database */
        db->tx = TX_NONE;
        return ERR_OK;
    }
    if (err == ERR_OK) {
        if (db->tx == TX_WANTED) sts[n++] = &statement_begin;
        for (int i = 0; i < db->n_deferred; i++) {
            params[n] = &db->deferred[i].params;
            sts[n++] = db->deferred[i].st;
        }
        sts[n++] = &statement_commit;
        db->tx = TX_OPEN;
        err = run_pipeline(db, n, sts, params, -1, NULL);
    }
    forget_deferred(db);
    if (err != ERR_OK) db_rollback(db);
    db->tx = TX_NONE;
    return err;
}

/* ---- COPY ---- */

enum err db_copy_begin(struct db *db, const char *sql) {
    assert(db->tx == TX_OPEN || db->tx == TX_BROKEN);
    enum err err = ready(db);
    if (err != ERR_OK) return err;
    db->round_trips++;
    auto_result struct pg_result *result = PQexec(db->conn, sql);
    return judge(db, "copy", result);
}

enum err db_copy_data(struct db *db, const char *bytes, size_t n) {
    if (db->tx == TX_BROKEN) return ERR_DATABASE;
    return PQputCopyData(db->conn, bytes, (int)n) == 1 ? ERR_OK : lost(db, "copy");
}

enum err db_copy_end(struct db *db) {
    if (db->tx == TX_BROKEN) return ERR_DATABASE;
    if (PQputCopyEnd(db->conn, NULL) != 1) return lost(db, "copy");
    db->round_trips++;
    enum err err = ERR_OK;
    PGresult *result;
    while (db->conn && (result = PQgetResult(db->conn))) {
        if (err == ERR_OK) err = judge(db, "copy", result);
        PQclear(result);
    }
    return err;
}
