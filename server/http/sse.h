/* Server-sent events: one ring of the last LIMIT_SSE_RING events; a client is a reader of it with a
 * position of its own, never a queue. Publishing costs the same however many listen. Thread-safe.
 *
 * Served from the main daemon: a stream is known only once its request was read, and libmicrohttpd
 * cannot move a connection to another daemon then. The cost of suspended connections (0.03 us each,
 * only when something is resumed) is bounded by LIMIT_SSE_CLIENTS. */
#ifndef PEDILUVE_SERVER_HTTP_SSE_H
#define PEDILUVE_SERVER_HTTP_SSE_H

#include "base/uuid.h"
#include "server/base/metrics.h"
#include "server/base/principal.h"
#include "server/http/request.h"

struct sse_hub;
#define SSE_TYPES_MAX 64
#define SSE_DATA_MAX 8192

/* types: NULL-terminated names of the event types, kept; at most SSE_TYPES_MAX. heartbeat_ms 0:
 * LIMIT_SSE_HEARTBEAT_S. metrics may be NULL. */
struct sse_hub *sse_hub_new(const char *const *types, int64_t heartbeat_ms, struct metrics *metrics);
void sse_hub_free(struct sse_hub *hub); /* NULL is legal; after http_free */

/* One event: `type` indexes types; site NULL or zero: for all, otherwise only for principals whose
 * scope covers it; json is one line, at most SSE_DATA_MAX bytes (longer ones become a resync for
 * everyone). Clients are woken within some milliseconds, several events at once. */
void sse_publish(struct sse_hub *hub, int type, const struct uuid *site, const char *json, size_t len);

struct sse_filter {
    uint64_t types;      /* bit i: types[i]; 0: all */
    bool by_site;        /* only this site's events (and those for all) */
    struct uuid site_id; /* a site outside the principal's scope: the handler refuses it before */
};
/* "session,alarm" as bits of the hub's types; false: a name is unknown. */
bool sse_types_parse(const struct sse_hub *hub, const char *list, uint64_t *ret_bits);

/* The answer of a ROUTE_STREAM handler: `return sse_stream(hub, rq, &filter)`. Honours Last-Event-ID:
 * ids are "<instance>-<seq>"; if the ring no longer has what follows, or the id is another instance's,
 * the client gets `event: resync` (read the state again) and goes on from now; so does one that
 * falls behind by the whole ring. A comment every heartbeat. ERR_OVERLOADED beyond LIMIT_SSE_CLIENTS,
 * ERR_SHUTTING_DOWN while stopping. */
must_use enum err sse_stream(struct sse_hub *hub, struct request *rq, const struct sse_filter *filter);
/* Ends every stream that this token or user opened, at once: what was not sent yet is not. For who may no
 * longer. A stream also ends after LIMIT_SSE_LIFE_S, so that its token is judged again: clients come back by
 * Last-Event-ID. */
void sse_end(struct sse_hub *hub, const struct uuid *id);
int sse_client_count(const struct sse_hub *hub);

#endif
