/* Who asks, and what they may. Plain data; copied into each request. */
#ifndef PEDILUVE_SERVER_BASE_PRINCIPAL_H
#define PEDILUVE_SERVER_BASE_PRINCIPAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/uuid.h"

/* X(enum, name) in rising order of what they may. */
#define ROLES(X)                                                                                             \
    X(VIEWER, "viewer")                                                                                      \
    X(OPERATOR, "operator")                                                                                  \
    X(MANAGER, "manager")                                                                                    \
    X(OWNER, "owner")
enum role {
#define X(e, n) ROLE_##e,
    ROLES(X)
#undef X
        ROLE_COUNT
};
extern const char *const role_names[ROLE_COUNT + 1];

/* X(enum, name, least role). PUBLIC needs no token. The value 0 is no permission at all, so that
 * a route row without one fails its static assertion. */
#define PERMISSIONS(X)                                                                                       \
    X(PUBLIC, "public", VIEWER)                                                                              \
    X(READ, "read", VIEWER)            /* sites, devices, sessions, telemetry, events */                     \
    X(OPERATE, "operate", OPERATOR)    /* sessions, commands, cleanings */                                   \
    X(MANAGE, "manage", MANAGER)       /* devices, routines of a site, audit log */                          \
    X(ADMINISTER, "administer", OWNER) /* sites, tokens, models */
enum permission {
    PERMISSION_NONE = 0,
#define X(e, n, r) PERMISSION_##e,
    PERMISSIONS(X)
#undef X
        PERMISSION_COUNT
};
bool permission_allows(enum permission p, enum role role);
const char *permission_name(enum permission p);

#define SCOPE_SITES_MAX 64
struct scope { /* which sites' things may be seen at all; inside every query */
    bool all;
    int32_t n;
    struct uuid sites[SCOPE_SITES_MAX];
};
bool scope_covers(const struct scope *s, const struct uuid *site);

struct principal {
    struct uuid token_id; /* of the token, or of the browser's session */
    struct uuid user_id;  /* who is signed in; zero: a token */
    char name[65];        /* shown in the audit log */
    enum role role;
    struct scope scope;
};

/* Who is answerable: the person, or else the token. */
static inline const struct uuid *principal_id(const struct principal *p) {
    return uuid_is_zero(&p->user_id) ? &p->token_id : &p->user_id;
}

#endif
