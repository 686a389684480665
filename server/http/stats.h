/* Counts and durations by route, in shards so that HTTP threads do not share cache lines. */
#ifndef PEDILUVE_SERVER_HTTP_STATS_H
#define PEDILUVE_SERVER_HTTP_STATS_H

#include "base/buf.h"
#include "server/http/route.h"

struct stats;
struct stats_shard;

/* shards: as many as HTTP threads. Thread-safe but for new and free. */
struct stats *stats_new(const struct route_tree *tree, int shards);
void stats_free(struct stats *s);
struct stats_shard *stats_shard(struct stats *s); /* the calling thread's; cold path */

/* route: index in the tree; STATS_FILE for mounted files, STATS_NONE for what matched no route. */
#define STATS_NONE (-1)
#define STATS_FILE (-2)
void stats_enter(struct stats_shard *shard);
void stats_leave(struct stats_shard *shard, int route, const char *method, int status, int64_t took_us);
void stats_write(const struct stats *s, struct buf *out);

#endif
