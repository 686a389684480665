/* Roles, permissions and scopes. */
#include "server/base/principal.h"

#include <assert.h>
#include <stddef.h>

const char *const role_names[ROLE_COUNT + 1] = {
#define X(e, n) [ROLE_##e] = n,
    ROLES(X)
#undef X
};

static const struct {
    const char *name;
    enum role least;
} permissions[PERMISSION_COUNT] = {[PERMISSION_NONE] = {"none", ROLE_COUNT},
#define X(e, n, r) [PERMISSION_##e] = {n, ROLE_##r},
                                   PERMISSIONS(X)
#undef X
};

bool permission_allows(enum permission p, enum role role) {
    assert(p >= PERMISSION_NONE && p < PERMISSION_COUNT);
    return role < ROLE_COUNT && role >= permissions[p].least;
}

const char *permission_name(enum permission p) {
    assert(p >= PERMISSION_NONE && p < PERMISSION_COUNT);
    return permissions[p].name;
}

bool scope_covers(const struct scope *s, const struct uuid *site) {
    if (s->all) return true;
    for (int32_t i = 0; i < s->n; i++)
        if (uuid_equal(&s->sites[i], site)) return true;
    return false;
}
