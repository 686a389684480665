/* A fleet on a broker and a database of the test's own, and what its events said. */
#ifndef PEDILUVE_TESTS_FLEET_FIXTURE_H
#define PEDILUVE_TESTS_FLEET_FIXTURE_H

#include "broker.h"
#include "fake_device.h"
#include "pg_fixture.h"
#include "server/fleet/fleet.h"

#define FIXTURE_SECRET "secret-of-the-tests"

extern struct fleet *fleet;
extern struct broker broker;

void fleet_fixture_setup(void);          /* anonymous broker; the fleet is running and connected */
void fleet_fixture_setup_accounts(void); /* a broker with accounts */
void fleet_fixture_teardown(void);
void fleet_fixture_start(void); /* the fleet alone, again after fleet_fixture_stop */
void fleet_fixture_stop(void);
/* The database refuses the fleet's role, and its connections are gone. */
void fleet_fixture_database(bool up);

struct fleet_status fleet_fixture_status(void);
struct live_device fleet_fixture_live(const struct uuid *device);
bool fleet_fixture_is_ready(const struct uuid *device);
void fleet_fixture_wait_ready(struct fake_device *d);
/* Until the SQL (one number) gives that value. */
void fleet_fixture_wait_sql(struct fake_device *d, int64_t value, const char *sql);
/* Events of that type whose JSON holds that text. */
int fleet_fixture_events(const char *type, const char *text);
void fleet_fixture_wait_event(struct fake_device *d, const char *type, const char *text);

/* A session on device a, with a program that can be sent. epoch 0: pending. */
struct command_row fleet_fixture_session(int64_t epoch);
struct command_row fleet_fixture_order(const struct uuid *session, const char *type, int64_t epoch);
/* As the API does after its commit. */
void fleet_fixture_send(const struct command_row *row);

#endif
