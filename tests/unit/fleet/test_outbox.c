/* From the row of a command to its message; passwords. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "server/fleet/credential.h"
#include "server/fleet/outbox.h"

static struct message_command m; /* large */

static struct command_row row(const char *type, char *body) {
    struct command_row r = {
        .id = uuid_new(), .device_id = uuid_new(), .session_id = uuid_new(), .seq = 4, .epoch = 2};
    snprintf(r.type, sizeof r.type, "%s", type);
    r.expires_at = strcmp(type, "stop") == 0 ? 0 : 1700000000000;
    r.body = body;
    return r;
}

Test(outbox, an_adjust_carries_its_body) {
    char body[] = "{\"intensity\": 80, \"water_mdegc\": 38500}";
    struct command_row r = row("adjust", body);
    cr_assert(outbox_message_from_row(&r, 9, &m));
    cr_assert(m.type == COMMAND_ADJUST && m.has_intensity && m.intensity == 80);
    cr_assert(m.has_water && m.water_mdegc == 38500 && !m.has_step && !m.has_program);
    cr_assert(m.seq == 4 && m.epoch == 9 && m.expires_at == 1700000000000);
    cr_assert(uuid_equal(&m.id, &r.id) && uuid_equal(&m.session_id, &r.session_id));
}

Test(outbox, what_the_body_says_comes_back_from_it) {
    struct message_command confirm = {.type = COMMAND_CONFIRM, .has_step = true, .step = 2};
    auto_buf struct buf body = BUF_INIT;
    outbox_body_write(&body, &confirm);
    cr_assert_str_eq(body.data, "{\"step\":2}");
    struct command_row r = row("confirm", body.data);
    cr_assert(outbox_message_from_row(&r, 1, &m));
    cr_assert(m.has_step && m.step == 2);
}

Test(outbox, a_stop_needs_no_body_and_never_expires) {
    struct command_row r = row("stop", NULL);
    cr_assert(outbox_message_from_row(&r, 1, &m));
    cr_assert(m.type == COMMAND_STOP && m.expires_at == 0);
}

Test(outbox, a_start_without_a_program_is_refused) {
    char body[] = "{}";
    struct command_row r = row("start", body);
    cr_assert(!outbox_message_from_row(&r, 1, &m));
}

Test(outbox, a_type_of_another_version_is_refused) {
    char body[] = "{}";
    struct command_row r = row("dance", body);
    cr_assert(!outbox_message_from_row(&r, 1, &m));
}

/* printf '%s' '0192d1a4-0000-7000-8000-000000000001:1' | openssl dgst -sha256 -hmac secret -binary | basenc
 * --base64url */
Test(credential, the_password_is_the_documented_one) {
    struct uuid id;
    char out[CREDENTIAL_PASSWORD_LEN + 1], other[CREDENTIAL_PASSWORD_LEN + 1];
    cr_assert(uuid_parse("0192D1A4-0000-7000-8000-000000000001", 36, &id));
    credential_password("secret", &id, 1, out);
    cr_assert_str_eq(out, "_LrY9RCnM6KYJsfD44-PhNRnRkpalz63PFFm2cSJYEE");
    credential_password("secret", &id, 2, other);
    cr_assert_str_neq(out, other);
}
