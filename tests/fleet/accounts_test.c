/* The devices' accounts at a broker that lets in nobody else. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "fleet_fixture.h"
#include "server/fleet/credential.h"

TestSuite(accounts, .init = fleet_fixture_setup_accounts, .fini = fleet_fixture_teardown);

static struct fake_device d;
static char password[CREDENTIAL_PASSWORD_LEN + 1];

static void init(const struct uuid *id, int32_t version) {
    credential_password(FIXTURE_SECRET, id, version, password);
    fake_device_init(&d, id, broker.port);
    d.password = password;
}

static void wait_let_in(bool wanted) {
    for (int64_t until = clock_mono_ms() + FAKE_DEADLINE_MS; fake_device_try_connect(&d) != wanted;) {
        fake_device_hear(&d, 50);
        cr_assert_lt(clock_mono_ms(), until, "the broker lets it %s", wanted ? "not in" : "still in");
    }
}

Test(accounts, every_device_of_the_database_gets_one) {
    init(&pg_device_a, 1);
    wait_let_in(true);
    fake_device_hello(&d);
    fake_device_wait_committed(&d, d.epoch, 0);
    fleet_fixture_wait_ready(&d);
    fake_device_drop(&d);
    init(&pg_device_b, 1);
    wait_let_in(true);
    fake_device_drop(&d);
    cr_assert(fleet_fixture_status().broker_accounts);
}

Test(accounts, a_wrong_password_stays_outside) {
    init(&pg_device_a, 1);
    wait_let_in(true);
    fake_device_drop(&d);
    credential_password(FIXTURE_SECRET, &pg_device_a, 2, password);
    cr_assert(!fake_device_try_connect(&d));
    d.password = NULL;
    cr_assert(!fake_device_try_connect(&d), "and so does one without");
}

Test(accounts, a_new_device_gets_one_at_once) {
    struct device_row row = {
        .id = uuid_new(), .site_id = pg_site_a, .model = "spa-pro", .name = "N", .serial = "N-1"};
    cr_assert_eq(device_create(pg_fixture_db(), &pg_scope_all, &pg_actor, &row), ERR_OK);
    fleet_device_changed(fleet, &row);
    init(&row.id, row.credential_version);
    wait_let_in(true);
    fake_device_hello(&d);
    fake_device_wait_committed(&d, d.epoch, 0);
    fake_device_drop(&d);
}

static bool is_offline(void *arg) {
    (void)arg;
    return !fleet_fixture_live(&d.id).connected;
}

Test(accounts, a_new_credential_ends_the_connection_of_the_old_one) {
    init(&pg_device_a, 1);
    wait_let_in(true);
    fake_device_hello(&d);
    fake_device_wait_committed(&d, d.epoch, 0);
    struct device_row row;
    struct device_change change = {.rotate_credential = true};
    cr_assert_eq(device_update(pg_fixture_db(), &pg_scope_all, &pg_actor, &pg_device_a, 0, &change, &row),
                 ERR_OK);
    fleet_device_changed(fleet, &row);
    fake_device_wait(&d, is_offline, NULL, "being marked offline");
    wait_let_in(false);
    credential_password(FIXTURE_SECRET, &pg_device_a, row.credential_version, password);
    wait_let_in(true);
    fake_device_hello(&d);
    fake_device_wait_committed(&d, d.epoch, 0);
    fleet_fixture_wait_ready(&d);
    fake_device_drop(&d);
}

Test(accounts, a_retired_device_is_shut_out) {
    init(&pg_device_a, 1);
    wait_let_in(true);
    struct device_row row;
    struct device_change change = {.has_service = true, .service = "retired"};
    cr_assert_eq(device_update(pg_fixture_db(), &pg_scope_all, &pg_actor, &pg_device_a, 0, &change, &row),
                 ERR_OK);
    fleet_device_changed(fleet, &row);
    fake_device_wait(&d, is_offline, NULL, "being marked offline");
    wait_let_in(false);
}

Test(accounts, what_changed_while_the_server_was_away_is_put_right_at_its_start) {
    init(&pg_device_a, 1);
    wait_let_in(true);
    fake_device_drop(&d);
    fleet_fixture_stop();
    struct device_row row;
    struct device_change rotate = {.rotate_credential = true},
                         retire = {.has_service = true, .service = "retired"};
    cr_assert_eq(device_update(pg_fixture_db(), &pg_scope_all, &pg_actor, &pg_device_a, 0, &rotate, &row),
                 ERR_OK);
    cr_assert_eq(device_update(pg_fixture_db(), &pg_scope_all, &pg_actor, &pg_device_b, 0, &retire, &row),
                 ERR_OK);
    fleet_fixture_start();
    credential_password(FIXTURE_SECRET, &pg_device_a, 2, password);
    wait_let_in(true);
    fake_device_drop(&d);
    init(&pg_device_b, 1);
    wait_let_in(false);
}

Test(accounts, a_device_cannot_speak_or_listen_for_another) {
    init(&pg_device_a, 1);
    wait_let_in(true);
    struct fake_device b;
    static char b_password[CREDENTIAL_PASSWORD_LEN + 1];
    fake_device_init(&b, &pg_device_b, broker.port);
    credential_password(FIXTURE_SECRET, &pg_device_b, 1, b_password);
    b.password = b_password;
    for (int64_t until = clock_mono_ms() + FAKE_DEADLINE_MS; !fake_device_try_connect(&b);
         fake_device_hear(&b, 50))
        cr_assert_lt(clock_mono_ms(), until);
    fake_device_hello(&b);
    fake_device_wait_committed(&b, b.epoch, 0);
    uint64_t received = fleet_fixture_status().hellos;
    struct uuid self = d.id;
    d.id = pg_device_b; /* speaks in its name */
    fake_device_hello(&d);
    d.id = self;
    fake_device_hello(&d);
    fake_device_wait_committed(&d, d.epoch, 0);
    cr_assert_eq(fleet_fixture_status().hellos, received + 1);
    fake_device_drop(&d);
    fake_device_drop(&b);
}
