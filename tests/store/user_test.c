/* Users and their sessions, as the database keeps them. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/clock.h"
#include "pg_fixture.h"
#include "server/store/sign_in_store.h"
#include "server/store/user_store.h"

TestSuite(user, .init = pg_fixture_setup, .fini = pg_fixture_teardown);

static const struct {
    const char *login, *folded; /* NULL: refused */
} logins[] = {
    {"anna", "anna"},
    {"Anna.B@Spa.example", "anna.b@spa.example"},
    {"7th", "7th"},
    {"a_b+c-d", "a_b+c-d"},
    {"", NULL},
    {".anna", NULL},
    {"an na", NULL},
    {"anna\n", NULL},
    {"\xc3\xbc"
     "ber",
     NULL},
    {"anna/../x", NULL},
};

Test(user, a_login_is_folded_or_refused) {
    for (size_t i = 0; i < COUNT_OF(logins); i++) {
        char login[USER_LOGIN_MAX + 1];
        strcpy(login, logins[i].login);
        cr_expect_eq(user_login_fold(login), logins[i].folded != NULL, "%s", logins[i].login);
        if (logins[i].folded) cr_expect_str_eq(login, logins[i].folded);
    }
}

static struct user_row make(const char *login, int32_t role) {
    struct user_row row = {.id = uuid_new(), .role = role, .sites.all = true};
    strcpy(row.login, login);
    strcpy(row.name, login);
    cr_assert_eq(user_create(pg_fixture_db(), &pg_scope_all, &pg_actor, &row), ERR_OK, "%s",
                 db_last_error(pg_fixture_db()));
    return row;
}

static enum err set_state(const struct user_row *row, int32_t state) {
    struct user_change change = {.has_state = true, .state = state};
    struct user_row ret;
    return user_update(pg_fixture_db(), &pg_scope_all, &pg_actor, &row->id, 0, &change, &ret);
}

Test(user, the_database_itself_keeps_the_last_owner) {
    struct user_row one = make("one", ROLE_OWNER), two = make("two", ROLE_OWNER);
    cr_assert_eq(set_state(&one, USER_DISABLED), ERR_OK);
    cr_assert_eq(set_state(&two, USER_DISABLED), ERR_LAST_OWNER);
    cr_assert_eq(set_state(&one, USER_ACTIVE), ERR_OK);
    cr_assert_eq(set_state(&two, USER_DISABLED), ERR_OK);
}

Test(user, a_session_is_what_its_user_is_now) {
    struct db *db = pg_fixture_db();
    struct user_row user = make("anna", ROLE_VIEWER), changed;
    struct token_row session = {.id = uuid_new(), .secret_hash = {7}}, got;
    struct user_change change = {.has_role = true, .role = ROLE_MANAGER, .has_name = true, .name = "Anna B"};
    cr_assert_eq(sign_in_open(db, &pg_actor, &user.id, "::1", &session), ERR_OK, "%s", db_last_error(db));
    cr_assert_gt(session.expires_at, clock_wall_ms());
    cr_assert_eq(user_update(db, &pg_scope_all, &pg_actor, &user.id, 0, &change, &changed), ERR_OK);
    cr_assert_eq(token_get(db, &session.id, &got), ERR_OK);
    cr_assert(got.role == ROLE_MANAGER && got.sites.all && got.revoked_at == 0);
    cr_assert(uuid_equal(&got.user_id, &user.id));
    cr_assert_str_eq(got.name, "Anna B");
    cr_assert_eq(set_state(&user, USER_DISABLED), ERR_OK);
    cr_assert_eq(token_get(db, &session.id, &got), ERR_OK);
    cr_assert_neq(got.revoked_at, 0);
    cr_assert_eq(sign_in_open(db, &pg_actor, &user.id, "::1", &session), ERR_NOT_FOUND);
}

Test(user, a_token_is_nobodys_session) {
    struct db *db = pg_fixture_db();
    struct token_row token = {.id = uuid_new(), .name = "t", .role = ROLE_OWNER, .sites.all = true}, got;
    cr_assert_eq(token_create(db, &pg_scope_all, &pg_actor, &token), ERR_OK);
    cr_assert_eq(token_get(db, &token.id, &got), ERR_OK);
    cr_assert(uuid_is_zero(&got.user_id) && got.revoked_at == 0);
    cr_assert_eq(sign_in_close(db, &pg_actor, &token.id), ERR_NOT_FOUND);
}

Test(user, from_the_nth_try_on_the_next_has_to_wait) {
    struct db *db = pg_fixture_db();
    int32_t wait_s;
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(sign_in_try(db, "l:a", 3, &wait_s), ERR_OK, "%s", db_last_error(db));
        cr_expect_eq(wait_s, 0);
    }
    cr_assert_eq(sign_in_try(db, "l:a", 3, &wait_s), ERR_OK);
    cr_expect_eq(wait_s, 1);
    cr_assert_eq(sign_in_try(db, "l:b", 3, &wait_s), ERR_OK);
    cr_expect_eq(wait_s, 0, "another key does not wait");
    cr_assert_eq(sign_in_good(db, "l:a", true), ERR_OK);
    cr_assert_eq(sign_in_try(db, "l:a", 3, &wait_s), ERR_OK);
    cr_expect_eq(wait_s, 0);
}
