/* Roles, permissions, scopes and the error list. */
#include <criterion/criterion.h>
#include <string.h>

#include "server/base/err.h"
#include "server/base/principal.h"

static const bool allowed[PERMISSION_COUNT][ROLE_COUNT] = {
    /*                      viewer operator manager owner */
    [PERMISSION_NONE] = {false, false, false, false}, [PERMISSION_PUBLIC] = {true, true, true, true},
    [PERMISSION_READ] = {true, true, true, true},     [PERMISSION_OPERATE] = {false, true, true, true},
    [PERMISSION_MANAGE] = {false, false, true, true}, [PERMISSION_ADMINISTER] = {false, false, false, true},
};

Test(permissions, each_role_has_those_below_it) {
    for (int p = 0; p < PERMISSION_COUNT; p++)
        for (int r = 0; r < ROLE_COUNT; r++)
            cr_expect_eq(permission_allows((enum permission)p, (enum role)r), allowed[p][r], "%s, %s",
                         permission_name((enum permission)p), role_names[r]);
    cr_assert_null(role_names[ROLE_COUNT]);
}

Test(scopes, cover_what_they_list_and_nothing_else) {
    const struct uuid a = {{1}}, b = {{2}}, c = {{3}};
    struct scope s = {.n = 2, .sites = {a, b}};
    cr_assert(scope_covers(&s, &a) && scope_covers(&s, &b));
    cr_assert_not(scope_covers(&s, &c));
    s.n = 0;
    cr_assert_not(scope_covers(&s, &a));
    s.all = true;
    cr_assert(scope_covers(&s, &c));
}

Test(errors, have_distinct_codes_and_error_statuses) {
    for (int i = 1; i < ERR_COUNT; i++) {
        const struct err_info *info = err_info((enum err)i);
        cr_expect(info->status >= 400 && info->status < 600 && info->title[0], "%d", i);
        for (int k = 0; k < i; k++) cr_expect_str_neq(info->code, err_info((enum err)k)->code);
    }
    cr_assert_eq(err_info(ERR_OK)->status, 200);
}
