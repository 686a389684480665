/* The REST API: one file a resource. What main starts last, on top of everything else.
 *
 *     crypto_init, config_load, metrics_new
 *     hub = sse_hub_new(api_event_types, 0, metrics)
 *     fleet_start({... .publish = api_publish, .publish_ctx = hub})
 *     api_new(&parts, &api), api_http_options(api, &options), http_new(&options)
 *     ... http_free, api_free, fleet_stop, sse_hub_free
 *
 * Thread-safe once made. */
#ifndef PEDILUVE_SERVER_API_API_H
#define PEDILUVE_SERVER_API_API_H

#include <stdio.h>

#include "server/base/config.h"
#include "server/base/err.h"
#include "server/base/metrics.h"
#include "server/fleet/fleet.h"
#include "server/http/http.h"
#include "server/http/sse.h"

struct api;

struct api_parts { /* all borrowed, and outlive the api */
    const struct config *config;
    struct metrics *metrics;
    struct fleet *fleet;
    struct sse_hub *hub;
};

/* Reads the models from the database once. Fails when that does not answer or the schema is not the
 * one this program was built for. */
must_use enum err api_new(const struct api_parts *parts, struct api **ret);
void api_free(struct api *api); /* NULL is legal; after http_free */

/* Fills every member: listen, threads and workers from the config, tables, mounts (/docs/ when
 * PEDILUVE_SWAGGER_DIR is set, /openapi.yaml), hooks. What it points to belongs to the api. */
void api_http_options(struct api *api, struct http_options *ret);

/* The kinds of events of GET /api/v1/events, for sse_hub_new. */
extern const char *const api_event_types[];
/* A fleet_publish whose ctx is the struct sse_hub. */
void api_publish(void *hub, const struct uuid *site_id, const char *type, const char *json, size_t len);

/* Every row of the route table as a JSON array on out, for `pediluved routes` (openapi/ is held against it):
 * [{"method","path","permission","idempotent","stream","memory"}, ...], mounts with permission public. */
void api_print_routes(FILE *out);

#endif
