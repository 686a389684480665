#include "pg_fixture.h"

#include <criterion/criterion.h>
#include <criterion/hooks.h>
#include <glob.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/buf.h"
#include "base/clock.h"
#include "server/base/crypto.h"
#include "server/store/migrate.h"

#define URL_VARIABLE "PEDILUVE_TEST_PG_URL"
#define TEMPLATE_VARIABLE "PEDILUVE_TEST_PG_TEMPLATE"
#define START_DEADLINE_MS 20000

const struct uuid pg_site_a = {{0xa0, [15] = 1}}, pg_site_b = {{0xa0, [15] = 2}},
                  pg_device_a = {{0xd0, [15] = 1}}, pg_device_b = {{0xd0, [15] = 2}};
const struct scope pg_scope_all = {.all = true};
const struct actor pg_actor = {.token_id = {{0x70, [15] = 1}}, .name = "tester", .request_id = "req-1"};

/* Of one test (Criterion runs each in a process of its own) or, the folder and server, of the program. */
static struct {
    char folder[64];
    pid_t server;
    char url[1024], empty_url[1024];
    char database[48], empty_database[64];
    PGconn *beside;
    struct db *db;
} fx;

#define DIE(...)                                                                                             \
    do {                                                                                                     \
        fprintf(stderr, "pg_fixture: " __VA_ARGS__);                                                         \
        fputc('\n', stderr);                                                                                 \
        exit(3);                                                                                             \
    } while (0)

/* ---- the cluster ---- */

static void become_postgres(void) {
    const struct passwd *pw = geteuid() == 0 ? getpwnam("postgres") : NULL;
    if (geteuid() == 0 && (!pw || initgroups(pw->pw_name, pw->pw_gid) != 0 || setgid(pw->pw_gid) != 0 ||
                           setuid(pw->pw_uid) != 0))
        _exit(126);
}

static pid_t spawn(const char *log, char *const argv[]) {
    pid_t pid = fork();
    if (pid != 0) return pid;
    become_postgres();
    prctl(PR_SET_PDEATHSIG, SIGQUIT); /* a killed test program leaves no server behind */
    if (!freopen(log, "a", stdout) || dup2(1, 2) < 0 || chdir("/") != 0) _exit(125);
    execv(argv[0], argv);
    _exit(127);
}

static void bin_path(const char *program, char out[256]) {
    glob_t found = {0};
    char pattern[256];
    snprintf(pattern, sizeof pattern, "/usr/lib/postgresql/*/bin/%s", program);
    if (glob(pattern, 0, NULL, &found) != 0) DIE("no %s: install postgresql", pattern);
    snprintf(out, 256, "%s", found.gl_pathv[found.gl_pathc - 1]);
    globfree(&found);
}

static void start_cluster(void) {
    char initdb[256], postgres[256], data[128], log[128], sockets[160], url[256];
    bin_path("initdb", initdb);
    bin_path("postgres", postgres);
    snprintf(fx.folder, sizeof fx.folder, "/tmp/pediluve-test-pg-XXXXXX");
    if (!mkdtemp(fx.folder)) DIE("mkdtemp: %m");
    const struct passwd *pw = geteuid() == 0 ? getpwnam("postgres") : NULL;
    if (pw && chown(fx.folder, pw->pw_uid, pw->pw_gid) != 0) DIE("chown: %m");
    snprintf(data, sizeof data, "%s/data", fx.folder);
    snprintf(log, sizeof log, "%s/log", fx.folder);
    snprintf(sockets, sizeof sockets, "unix_socket_directories=%s", fx.folder);

    int status = 0;
    pid_t pid = spawn(log, (char *[]){initdb, "-D", data, "-U", "postgres", "-A", "trust", "--no-sync", "-E",
                                      "UTF8", "--locale=C.UTF-8", NULL});
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) DIE("initdb failed: see %s", log);
    fx.server =
        spawn(log, (char *[]){postgres, "-D", data, "-c", "fsync=off", "-c", "full_page_writes=off", "-c",
                              "listen_addresses=", "-c", sockets, "-c", "max_connections=200", NULL});
    snprintf(url, sizeof url, "host=%s user=postgres dbname=postgres", fx.folder);
    for (int64_t deadline = clock_mono_ms() + START_DEADLINE_MS; PQping(url) != PQPING_OK; usleep(10000))
        if (clock_mono_ms() > deadline) DIE("PostgreSQL did not start: see %s", log);
    setenv(URL_VARIABLE, url, 1);
}

/* The cluster's connection string with another database name. */
static void url_of(const char *database, char out[1024]) {
    char *message = NULL;
    PQconninfoOption *options = PQconninfoParse(getenv(URL_VARIABLE), &message);
    size_t n = 0;
    if (!options) DIE("%s: %s", URL_VARIABLE, message);
    for (PQconninfoOption *o = options; o->keyword; o++)
        if (o->val && strcmp(o->keyword, "dbname") != 0)
            n += (size_t)snprintf(out + n, 1024 - n, "%s='%s' ", o->keyword, o->val);
    snprintf(out + n, 1024 - n, "dbname='%s'", database);
    PQconninfoFree(options);
}

static void admin(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void admin(const char *fmt, ...) {
    char sql[512], url[1024];
    va_list args;
    va_start(args, fmt);
    vsnprintf(sql, sizeof sql, fmt, args);
    va_end(args);
    url_of("postgres", url);
    PGconn *conn = PQconnectdb(url);
    PGresult *result = PQexec(conn, sql);
    if (PQresultStatus(result) != PGRES_COMMAND_OK) DIE("%s: %s", sql, PQerrorMessage(conn));
    PQclear(result);
    PQfinish(conn);
}

static const char *const template_sql[] = {
    "INSERT INTO site (id, name) VALUES ('a0000000-0000-0000-0000-000000000001', 'Site A'),"
    " ('a0000000-0000-0000-0000-000000000002', 'Site B')",
    "INSERT INTO model (id, version, name, spec) VALUES ('spa-pro', 1, 'Spa Pro', '{\"id\": \"spa-pro\"}')",
    "INSERT INTO device (id, site_id, model_id, name, serial) VALUES ('d0000000-0000-0000-0000-000000000001',"
    " 'a0000000-0000-0000-0000-000000000001', 'spa-pro', 'Chair A', 'S-A'),"
    " ('d0000000-0000-0000-0000-000000000002', 'a0000000-0000-0000-0000-000000000002', 'spa-pro', 'Chair B', "
    "'S-B')",
    "INSERT INTO routine (slug) VALUES ('relax-10')",
    "INSERT INTO routine_version (slug, version, state, name, content, content_sha256, published_at)"
    " VALUES ('relax-10', 1, 'published', 'Relax', '{\"steps\": []}', sha256('x'), now())"};

static void make_template(void) {
    char name[64], url[1024];
    struct migrate_report report;
    snprintf(name, sizeof name, "pediluve_template_%d", (int)getpid());
    admin("CREATE DATABASE %s", name);
    url_of(name, url);
    auto_db struct db *db = db_new(&(struct db_config){.conninfo = url, .bare = true});
    if (migrate_run(db, PEDILUVE_SCHEMA_DIR, &report) != ERR_OK) DIE("migrate: %s", report.error);
    PGconn *conn = PQconnectdb(url);
    for (size_t i = 0; i < COUNT_OF(template_sql); i++) {
        PGresult *result = PQexec(conn, template_sql[i]);
        if (PQresultStatus(result) != PGRES_COMMAND_OK) DIE("%s", PQerrorMessage(conn));
        PQclear(result);
    }
    PQfinish(conn);
    setenv(TEMPLATE_VARIABLE, name, 1);
}

ReportHook(PRE_ALL)(struct criterion_test_set *tests) {
    (void)tests;
    if (!crypto_init()) DIE("no randomness");
    if (!getenv(URL_VARIABLE)) start_cluster();
    make_template();
}

ReportHook(POST_ALL)(struct criterion_global_stats *stats) {
    (void)stats;
    if (getenv(TEMPLATE_VARIABLE))
        admin("DROP DATABASE IF EXISTS %s WITH (FORCE)", getenv(TEMPLATE_VARIABLE));
    if (fx.server <= 0) return;
    kill(fx.server, SIGINT); /* fast shutdown */
    waitpid(fx.server, NULL, 0);
    pid_t pid = fork();
    if (pid == 0) execl("/bin/rm", "rm", "-rf", fx.folder, NULL);
    if (pid > 0) waitpid(pid, NULL, 0);
}

/* ---- one test ---- */

void pg_fixture_setup(void) {
    if (!crypto_init()) DIE("no randomness");
    struct uuid unique = uuid_new();
    snprintf(fx.database, sizeof fx.database, "t_%d_%02x%02x%02x%02x", (int)getpid(), unique.b[12],
             unique.b[13], unique.b[14], unique.b[15]);
    admin("CREATE DATABASE %s TEMPLATE %s", fx.database, getenv(TEMPLATE_VARIABLE));
    url_of(fx.database, fx.url);
    fx.beside = PQconnectdb(fx.url);
    if (PQstatus(fx.beside) != CONNECTION_OK) DIE("%s", PQerrorMessage(fx.beside));
}

void pg_fixture_teardown(void) {
    db_free(fx.db);
    fx.db = NULL;
    PQfinish(fx.beside);
    admin("DROP DATABASE IF EXISTS %s WITH (FORCE)", fx.database);
    if (fx.empty_database[0]) admin("DROP DATABASE IF EXISTS %s WITH (FORCE)", fx.empty_database);
}

const char *pg_fixture_url(void) { return fx.url; }

struct db *pg_fixture_open(void) {
    struct db *db = db_new(&(struct db_config){.conninfo = fx.url, .application_name = "store_tests"});
    enum err err = db_connect(db);
    cr_assert_eq(err, ERR_OK, "connect: %s", db_last_error(db));
    return db;
}

struct db *pg_fixture_db(void) {
    if (!fx.db) fx.db = pg_fixture_open();
    return fx.db;
}

const char *pg_fixture_empty_database(void) {
    snprintf(fx.empty_database, sizeof fx.empty_database, "%s_empty", fx.database);
    admin("CREATE DATABASE %s", fx.empty_database);
    url_of(fx.empty_database, fx.empty_url);
    return fx.empty_url;
}

/* ---- SQL beside the stores ---- */

static PGresult *beside(const char *fmt, va_list args) {
    char sql[4096];
    vsnprintf(sql, sizeof sql, fmt, args);
    return PQexec(fx.beside, sql);
}

static bool is_ok(const PGresult *result) {
    return PQresultStatus(result) == PGRES_COMMAND_OK || PQresultStatus(result) == PGRES_TUPLES_OK;
}

void pg_sql(const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    PGresult *result = beside(fmt, args);
    va_end(args);
    cr_assert(is_ok(result), "%s: %s", fmt, PQerrorMessage(fx.beside));
    PQclear(result);
}

static const char *first_value(const char *fmt, PGresult *result) {
    static char text[4][512];
    static int next;
    char *out = text[next++ % 4];
    cr_assert(is_ok(result), "%s: %s", fmt, PQerrorMessage(fx.beside));
    cr_assert_eq(PQntuples(result) > 0, 1, "%s: no row", fmt);
    snprintf(out, sizeof text[0], "%s", PQgetvalue(result, 0, 0));
    PQclear(result);
    return out;
}

const char *pg_text(const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    PGresult *result = beside(fmt, args);
    va_end(args);
    return first_value(fmt, result);
}

int64_t pg_int(const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    PGresult *result = beside(fmt, args);
    va_end(args);
    return atoll(first_value(fmt, result));
}

const char *pg_refusal(const char *fmt, ...) {
    static char state[6];
    va_list args;
    va_start(args, fmt);
    PGresult *result = beside(fmt, args);
    va_end(args);
    const char *found = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    snprintf(state, sizeof state, "%s", found ? found : "00000");
    PQclear(result);
    return state;
}

/* ---- nouns ---- */

struct scope pg_scope_of(const struct uuid *site) {
    return (struct scope){.n = 1, .sites = {*site}};
}

const char *pg_uuid(const struct uuid *id) {
    static char text[8][UUID_TEXT_LEN + 1];
    static int next;
    char *out = text[next++ % 8];
    uuid_format(id, out);
    return out;
}

struct command_row pg_session(const struct uuid *device, int64_t epoch, struct session_row *ret_session) {
    struct session_row session;
    struct command_row command;
    struct session_new wanted = {.id = uuid_new(),
                                 .command_id = uuid_new(),
                                 .device_id = *device,
                                 .routine = "relax-10",
                                 .routine_version = 1,
                                 .intake = "{\"none_apply\": true}",
                                 .screening = "{\"outcome\": \"cleared\"}",
                                 .program = "{\"rinse\": false, \"steps\": []}",
                                 .step_count = 3,
                                 .intensity = 100,
                                 .target_mdegc = 38000,
                                 .expires_at = clock_wall_ms() + 30000,
                                 .epoch = epoch};
    struct db *db = pg_fixture_db();
    enum err err = session_create(db, &pg_scope_all, &pg_actor, &wanted, &session, &command);
    cr_assert_eq(err, ERR_OK, "session_create: %s", db_last_error(db));
    command_row_done(&command);
    if (ret_session) *ret_session = session;
    return command;
}

int32_t pg_session_state(const struct uuid *id) {
    struct session_row row;
    enum err err = session_get(pg_fixture_db(), &pg_scope_all, id, &row);
    cr_assert_eq(err, ERR_OK);
    session_row_done(&row);
    return row.state;
}
