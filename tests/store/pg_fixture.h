/* A real PostgreSQL for tests: one cluster a program, a fresh database a test.
 *
 * The cluster is that of PEDILUVE_TEST_PG_URL (a superuser's connection string, to a private cluster), or
 * one that the program starts itself on a socket in a folder of /tmp, fsync off, and stops at its end. A
 * template database is migrated once; each test gets a copy of it.
 *
 *     TestSuite(sessions, .init = pg_fixture_setup, .fini = pg_fixture_teardown);
 *
 * The template holds: two sites, model spa-pro, routine relax-10 (version 1 published), one device at each
 * site. */
#ifndef PEDILUVE_TESTS_PG_FIXTURE_H
#define PEDILUVE_TESTS_PG_FIXTURE_H

#include "server/base/principal.h"
#include "server/store/actor.h"
#include "server/store/command_store.h"
#include "server/store/db.h"
#include "server/store/session_store.h"

void pg_fixture_setup(void);
void pg_fixture_teardown(void);

/* The test's database. */
const char *pg_fixture_url(void);
struct db *pg_fixture_db(void);   /* the test's own connection; opened at first use, closed at the end */
struct db *pg_fixture_open(void); /* one more; the caller frees it */

/* Another database of the cluster, empty; dropped at the end. Returns its connection string. */
const char *pg_fixture_empty_database(void);

/* Plain SQL, printf style, on a connection beside the stores'. A failure fails the test. */
void pg_sql(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int64_t pg_int(const char *fmt, ...) __attribute__((format(printf, 1, 2))); /* first column of first row */
const char *pg_text(const char *fmt, ...)
    __attribute__((format(printf, 1, 2))); /* valid until the next call */
/* The SQLSTATE of what is expected to fail; "00000" when it does not. */
const char *pg_refusal(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

extern const struct uuid pg_site_a, pg_site_b, pg_device_a, pg_device_b;
extern const struct scope pg_scope_all;
extern const struct actor pg_actor;
struct scope pg_scope_of(const struct uuid *site);
const char *pg_uuid(const struct uuid *id); /* text; a few stay valid at a time */

/* A session with a valid start on that device, pending unless epoch > 0; asserts that it is made. The command
 * comes without its body: nothing to free. */
struct command_row pg_session(const struct uuid *device, int64_t epoch, struct session_row *ret_session);
/* What the session's row says. */
int32_t pg_session_state(const struct uuid *id);

#endif
