#include "server/fleet/context.h"

#include "base/clock.h"
#include "base/log.h"
#include "server/fleet/event.h"

#define SPREAD_MIN_MS 100
#define SPREAD_MAX_MS 30000

struct db *context_db(const struct context *ctx, const char *thread) {
    return db_new(&(struct db_config){.conninfo = ctx->database_url, .application_name = thread});
}

bool context_db_ok(struct context *ctx, struct db *db, enum err e, const char *doing) {
    bool ok = e != ERR_DATABASE, was = atomic_exchange(&ctx->database_ok, ok);
    if (was && !ok)
        log_error("fleet", "the database does not answer|doing=%s error=\"%s\"", doing, db_last_error(db));
    if (!was && ok) log_info("fleet", "the database answers again|doing=%s", doing);
    if (e == ERR_INTERNAL)
        log_error("fleet", "a statement failed|doing=%s error=\"%s\"", doing, db_last_error(db));
    return e == ERR_OK;
}

void context_publish(const struct context *ctx, const struct uuid *site_id, const char *type,
                     const struct buf *json) {
    if (ctx->publish) ctx->publish(ctx->publish_ctx, site_id, type, json->data, json->len);
}

void context_call_for_hello(const struct context *ctx) {
    size_t known;
    live_count(ctx->live, &known, NULL);
    struct message_server m = {.instance = ctx->instance, .spread_ms = SPREAD_MAX_MS};
    if (known < SPREAD_MAX_MS) m.spread_ms = known < SPREAD_MIN_MS ? SPREAD_MIN_MS : (int32_t)known;
    auto_buf struct buf out = BUF_INIT;
    message_server_write(&out, &m);
    link_publish_topic(ctx->link, TOPIC_SERVER_PRESENCE, 1, out.data, out.len);
}

void context_publish_device(const struct context *ctx, const struct uuid *device_id) {
    struct live_device d;
    if (!ctx->publish || !live_get(ctx->live, device_id, clock_wall_ms(), &d)) return;
    auto_buf struct buf json = BUF_INIT;
    event_device_write(&json, &d);
    context_publish(ctx, &d.facts.site_id, "device", &json);
}
