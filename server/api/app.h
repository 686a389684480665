/* What the files of this folder share: the struct behind api.h, a worker, and one call's bookkeeping. */
#ifndef PEDILUVE_SERVER_API_APP_H
#define PEDILUVE_SERVER_API_APP_H

#include "server/api/api.h"
#include "server/store/actor.h"
#include "server/store/db.h"

struct auth;
struct catalogue_cache;
struct held_keys;
struct models;
struct programs;

#define API_TABLES 29

struct api {
    struct api_parts parts;
    struct auth *auth;
    struct held_keys *held_keys;
    struct models *models;
    struct programs *programs;
    struct catalogue_cache *catalogue;
    struct http_hooks hooks;
    struct route_table tables[API_TABLES];
    struct mount mounts[4];
    size_t mounts_n;
    char dashboard_assets[CONFIG_TEXT_MAX + 8]; /* a folder */
};

/* One worker thread's own things. */
struct worker {
    struct db *db;
};

static inline struct api *app_of(const struct request *rq) { return request_app(rq); }
static inline struct db *db_of(void *worker) { return ((struct worker *)worker)->db; }
static inline const struct scope *scope_of(const struct request *rq) { return &request_principal(rq)->scope; }
static inline struct actor actor_of(const struct request *rq) {
    const struct principal *p = request_principal(rq);
    return (struct actor){.token_id = *principal_id(p), .name = p->name, .request_id = request_id(rq)};
}

/* The routes of each resource file. */
/* clang-format off */
extern const struct route_table
    alarm_routes,
    audit_routes,
    calendar_routes,
    catalogue_routes,
    cleaning_routes,
    command_routes,
    course_change_routes,
    course_routes,
    device_routes,
    event_routes,
    hygiene_routes,
    meta_routes,
    model_routes,
    presence_routes,
    preview_routes,
    routine_exchange_routes,
    routine_life_routes,
    routine_routes,
    screening_routes,
    self_test_routes,
    session_routes,
    session_check_routes,
    session_guide_routes,
    session_order_routes,
    sign_in_routes,
    site_routes,
    telemetry_routes,
    token_routes,
    user_routes;
/* clang-format on */

#endif
