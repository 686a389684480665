/* Every limit of the server, in one place. Sizes in bytes, times with their unit last. */
#ifndef PEDILUVE_SERVER_BASE_LIMITS_H
#define PEDILUVE_SERVER_BASE_LIMITS_H

#define LIMIT_BODY 65536
#define LIMIT_BODY_IMPORT 1048576 /* of routines; what is exported at once is no larger */
#define LIMIT_HEADER_VALUE 1024
#define LIMIT_QUERY_VALUE 512
#define LIMIT_PATH_SEGMENTS 8
#define LIMIT_PAGE 200
#define LIMIT_PAGE_DEFAULT 50
#define LIMIT_WAIT_S 10
#define LIMIT_IDEMPOTENCY_KEY 128
#define LIMIT_WORK_QUEUE 1024 /* requests waiting for a worker; then 503 */
#define LIMIT_HTTP_CONNECTIONS 4096
#define LIMIT_REQUEST_TIMEOUT_S 15 /* a request must be whole by then, however slowly it comes */
#define LIMIT_LINK_QUEUE 8192      /* messages to devices waiting for the link thread */
#define LIMIT_INGEST_ROWS                                                                                    \
    65536 /* samples waiting for COPY; then telemetry is dropped and asked for again                         \
           */
#define LIMIT_INGEST_BATCH_ROWS 5000
#define LIMIT_INGEST_BATCH_MS 100
#define LIMIT_RECORD_QUEUE 16384 /* hello, ack, state waiting for the database */
#define LIMIT_SSE_CLIENTS 256
#define LIMIT_SSE_RING 4096 /* events kept for Last-Event-ID */
#define LIMIT_SSE_HEARTBEAT_S 15
#define LIMIT_SSE_LIFE_S 3600    /* then a listener connects again, and its token is judged again */
#define LIMIT_DB_TIMEOUT_MS 5000 /* statement_timeout */
#define LIMIT_DEVICES 20000
#define LIMIT_START_TTL_S 30 /* a start not begun by then never begins */
#define LIMIT_COMMAND_TTL_S 30
#define LIMIT_FRESH_MS 15000 /* last word from the device is younger: fresh */
#define LIMIT_IDEMPOTENCY_KEEP_H 24

#endif
