/* Counters and gauges that any layer bumps and GET /metrics prints. One struct metrics a process,
 * made in main and passed down. All functions are thread-safe; adding costs one relaxed atomic. */
#ifndef PEDILUVE_SERVER_BASE_METRICS_H
#define PEDILUVE_SERVER_BASE_METRICS_H

#include <stdint.h>

#include "base/buf.h"

/* X(enum, type, name without "pediluve_", help) */
#define METRICS(X)                                                                                           \
    X(LINK_CONNECTED, gauge, "link_connected", "1 while the server is connected to the broker")              \
    X(LINK_CONNECTS, counter, "link_connects_total", "connections made to the broker")                       \
    X(LINK_SENT, counter, "link_sent_total", "messages handed to the broker")                                \
    X(LINK_RECEIVED, counter, "link_received_total", "messages taken from the broker")                       \
    X(LINK_REFUSED, counter, "link_refused_total", "messages that did not fit the protocol")                 \
    X(LINK_DROPPED, counter, "link_dropped_total", "messages dropped because a queue was full")              \
    X(LINK_QUEUE, gauge, "link_queue", "messages waiting for the link thread")                               \
    X(DEVICES_KNOWN, gauge, "devices_known", "devices in the live view")                                     \
    X(DEVICES_CONNECTED, gauge, "devices_connected", "devices connected to the broker")                      \
    X(DEVICES_READY, gauge, "devices_ready", "devices whose hello of this connection is recorded")           \
    X(INGEST_SAMPLES, counter, "ingest_samples_total", "telemetry samples committed")                        \
    X(INGEST_LOST, counter, "ingest_lost_total", "samples that devices report as lost")                      \
    X(INGEST_REFUSED, counter, "ingest_refused_total", "samples out of order or already committed")          \
    X(INGEST_BATCHES, counter, "ingest_batches_total", "COPY transactions committed")                        \
    X(INGEST_QUEUE, gauge, "ingest_queue", "samples waiting for COPY")                                       \
    X(RECORD_QUEUE, gauge, "record_queue", "hello, ack and state messages waiting for the database")         \
    X(SESSIONS_STARTED, counter, "sessions_started_total", "sessions created")                               \
    X(SESSIONS_ENDED, counter, "sessions_ended_total", "sessions that reached an end")                       \
    X(SSE_CLIENTS, gauge, "sse_clients", "open event streams")                                               \
    X(SSE_EVENTS, counter, "sse_events_total", "events published")                                           \
    X(SSE_RESYNCS, counter, "sse_resyncs_total", "streams told to read the state again")                     \
    X(WORK_QUEUE, gauge, "work_queue", "requests waiting for a worker")                                      \
    X(WORK_REFUSED, counter, "work_refused_total", "requests refused because the queue was full")            \
    X(REQUESTS_PARKED, gauge, "requests_parked", "requests waiting for a device's answer")                   \
    X(HTTP_CONNECTIONS, gauge, "http_connections", "open HTTP connections")                                  \
    X(HTTP_TIMEOUTS, counter, "http_timeouts_total", "connections cut because a request came too slowly")    \
    X(DB_RETRIES, counter, "db_retries_total", "transactions run again after a serialisation failure")       \
    X(DB_RECONNECTS, counter, "db_reconnects_total", "database connections made anew")                       \
    X(ALARMS_OPEN, gauge, "alarms_open", "alarms that nobody has acknowledged")                              \
    X(ALARMS_ACKNOWLEDGED, gauge, "alarms_acknowledged", "alarms acknowledged and not cleared")              \
    X(ALARMS_RAISED, counter, "alarms_raised_total", "alarms raised by this process")                        \
    X(HOUSEKEEPING_RUNS, counter, "housekeeping_runs_total", "rounds of housekeeping")                       \
    X(HOUSEKEEPING_FAILURES, counter, "housekeeping_failures_total", "rounds of housekeeping that failed")

enum metric {
#define X(e, type, name, help) METRIC_##e,
    METRICS(X)
#undef X
        METRIC_COUNT
};

/* Families with two labels: X(enum, name without "pediluve_", label, label, help); counters. For
 * things that happen at most some thousand times a second: counting takes a short lock. */
#define METRIC_FAMILIES(X)                                                                                   \
    X(COMMANDS, "commands_total", "type", "outcome", "commands by type and outcome")                         \
    X(SESSIONS, "session_ends_total", "state", "reason", "sessions by how they ended")                       \
    X(MESSAGES, "messages_total", "type", "outcome", "device messages by type and what became of them")

enum metric_family {
#define X(e, name, label1, label2, help) METRIC_FAMILY_##e,
    METRIC_FAMILIES(X)
#undef X
        METRIC_FAMILY_COUNT
};
#define METRIC_SERIES_MAX 128 /* label pairs of one family; further ones are counted as "other" */
#define METRIC_LABEL_MAX 31   /* bytes; longer values are cut */

struct metrics;
struct metrics *metrics_new(void);
void metrics_free(struct metrics *m);

/* m may be NULL in all of these: nothing happens (unit tests of other layers). */
void metrics_add(struct metrics *m, enum metric which, int64_t n); /* counters: n >= 0; gauges: any */
void metrics_set(struct metrics *m, enum metric which, int64_t value);
int64_t metrics_get(const struct metrics *m, enum metric which);
/* Label values come from our own lists of names, never from input. */
void metrics_count(struct metrics *m, enum metric_family family, const char *label1, const char *label2);

/* Prometheus text format 0.0.4, appended. */
void metrics_write(const struct metrics *m, struct buf *out);

#endif
