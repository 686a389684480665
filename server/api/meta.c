/* The service itself: alive, ready, and its figures. */
#include "server/api/app.h"

static enum err handle_health(struct request *rq, void *worker);
static enum err handle_ready(struct request *rq, void *worker);
static enum err handle_metrics(struct request *rq, void *worker);

static const struct route rows[] = {
    ROUTE(GET, "/healthz", PUBLIC, ROUTE_MEMORY, handle_health),
    ROUTE(GET, "/readyz", PUBLIC, 0, handle_ready),
    ROUTE(GET, "/metrics", PUBLIC, ROUTE_MEMORY, handle_metrics),
};
const struct route_table meta_routes = ROUTE_TABLE(rows);

static enum err handle_health(struct request *rq, void *worker) {
    (void)worker;
    struct jsonw *w = request_json(rq);
    jsonw_object(w, NULL);
    jsonw_str(w, "status", "ok");
    jsonw_str(w, "version", PEDILUVE_VERSION);
    jsonw_object_end(w);
    request_reply(rq, 200);
    return ERR_OK;
}

static enum err handle_ready(struct request *rq, void *worker) {
    struct fleet_status status = {0};
    fleet_status(app_of(rq)->parts.fleet, &status);
    enum err e = db_ping(db_of(worker));
    bool schema = e != ERR_INTERNAL; /* the statements could not be prepared: not migrated */
    bool ready = !e && status.broker_connected;
    struct jsonw *w = request_json(rq);
    jsonw_object(w, NULL);
    jsonw_str(w, "status", ready ? "ready" : "not_ready");
    jsonw_array(w, "missing");
    if (e && schema) jsonw_str(w, NULL, "database");
    if (!schema) jsonw_str(w, NULL, "migrations");
    if (!status.broker_connected) jsonw_str(w, NULL, "broker");
    jsonw_array_end(w);
    jsonw_int(w, "devices_known", (int64_t)status.devices_known);
    jsonw_int(w, "devices_connected", (int64_t)status.devices_connected);
    jsonw_object_end(w);
    request_reply(rq, ready ? 200 : 503);
    return ERR_OK;
}

/* The fleet counts for itself; its figures are taken over when they are asked for. */
static void take_over(struct metrics *m, const struct fleet_status *s) {
    const struct {
        enum metric metric;
        uint64_t value;
    } figures[] = {
        {METRIC_LINK_CONNECTED, s->broker_connected},
        {METRIC_LINK_CONNECTS, s->link_connects},
        {METRIC_LINK_SENT, s->link_sent},
        {METRIC_LINK_RECEIVED, s->link_received},
        {METRIC_LINK_REFUSED, s->bad_messages + s->unknown_devices},
        {METRIC_LINK_DROPPED, s->link_dropped + s->records_dropped + s->messages_dropped},
        {METRIC_DEVICES_KNOWN, s->devices_known},
        {METRIC_DEVICES_CONNECTED, s->devices_connected},
        {METRIC_DEVICES_READY, s->devices_ready},
        {METRIC_INGEST_SAMPLES, s->samples_committed},
        {METRIC_INGEST_LOST, s->samples_lost},
        {METRIC_INGEST_REFUSED, s->samples_duplicate + s->samples_gap},
        {METRIC_INGEST_QUEUE, s->ingest_queue},
        {METRIC_RECORD_QUEUE, s->record_queue},
        {METRIC_ALARMS_OPEN, s->alarms_open},
        {METRIC_ALARMS_ACKNOWLEDGED, s->alarms_acknowledged},
        {METRIC_ALARMS_RAISED, s->alarms_raised},
    };
    for (size_t i = 0; i < COUNT_OF(figures); i++)
        metrics_set(m, figures[i].metric, (int64_t)figures[i].value);
}

static enum err handle_metrics(struct request *rq, void *worker) {
    struct api *api = app_of(rq);
    struct fleet_status status = {0};
    fleet_status(api->parts.fleet, &status);
    take_over(api->parts.metrics, &status);
    return http_handle_metrics(rq, worker);
}
