/* The device link as a whole: what main starts and the API uses. One struct fleet a process; every
 * function is thread-safe. Threads inside: link, recorder, ingest, housekeeping, provision. */
#ifndef PEDILUVE_SERVER_FLEET_FLEET_H
#define PEDILUVE_SERVER_FLEET_FLEET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/uuid.h"
#include "protocol/message.h"
#include "server/base/err.h"
#include "server/fleet/live.h"
#include "server/fleet/waiters.h"

/* Server-sent events. Called on the fleet's threads, after the commit where there is one: must copy
 * and not block. The API publishes its own changes itself with the same types. JSON of each type, with the
 * field names of the REST representations: device
 * {"device_id","site_id","connected","fresh","ready","mode","epoch","faults":["..."],
 *             "rinse","cleaning","simulated","session_id"|null,"routine_name"|null,"water_c","level_permille","heard_at"}
 *   session  {"session_id","device_id","site_id","state","reason","step","step_count","elapsed_ms",
 *             "remaining_ms","intensity","target_c","started_at","ended_at"}
 *   command
 * {"command_id","device_id","site_id","session_id","self_test_id","type","seq","state","code","detail","at"}
 *   cleaning {"device_id","site_id","cleaning":"due"}
 *   alarm
 * {"alarm_id","device_id","site_id","session_id","kind","fault","severity","state","detail","raised_at",...}
 *   course   {"course_id","site_id","state","done","missed","left","next_at","version"} */
typedef void fleet_publish(void *ctx, const struct uuid *site_id, const char *type, const char *json,
                           size_t len);

struct fleet_config { /* strings are copied where kept */
    const char *database_url;
    const char *mqtt_host;
    int mqtt_port;
    const char *mqtt_username, *mqtt_password, *mqtt_ca_file; /* NULL: none */
    const char *device_secret; /* NULL: devices are not provisioned at the broker */
    struct uuid instance;      /* zero: a new one */
    fleet_publish *publish;    /* NULL: none */
    void *publish_ctx;
    int retention_days; /* of telemetry; 0: 30 */
};

struct fleet;

/* Loads the live view from the database (fails when that does not answer) and starts the threads; the broker
 * may come later. */
must_use enum err fleet_start(const struct fleet_config *config, struct fleet **ret);
/* Ends every thread within about deadline_ms; samples and answers not committed by then are told again by the
 * devices. False: some have not ended, and go on using what they were given. */
bool fleet_stop(struct fleet *f, int deadline_ms);

struct live *fleet_live(struct fleet *f);
struct waiters *fleet_waiters(struct fleet *f);

/* The outbox. Within the transaction, ask live_ready() right before the insert: ready -> insert the
 * command as `sent` with that epoch; else as `pending`. After the COMMIT call this, in both cases,
 * with the same message (epoch 0 when pending). Durable before it is published, no commit of its own;
 * per device in sequence order; whatever cannot be published now is re-driven from the database. */
void fleet_send_command(struct fleet *f, const struct uuid *device_id, const struct message_command *command);

/* After the commit that made or changed a device: the live view, and the broker's account when
 * the device is new, retired, or its credential_version rose. */
void fleet_device_changed(struct fleet *f, const struct device_row *row);

struct fleet_status { /* for /readyz and /metrics */
    bool broker_connected, database_ok;
    bool broker_accounts; /* the broker takes accounts from us (dynamic security) */
    size_t devices_known, devices_connected, devices_ready;
    size_t record_queue, ingest_queue; /* waiting now */
    uint64_t link_received, link_received_bytes, link_sent, link_refused, link_dropped, link_connects;
    uint64_t bad_messages, unknown_devices;
    uint64_t samples_committed, samples_duplicate, samples_gap, samples_lost, samples_stray, messages_dropped,
        batches_failed;
    uint64_t hellos, acks, states, records_dropped, records_retried, redrives; /* states: that were written */
    uint64_t alarms_raised, alarms_open, alarms_acknowledged;
};
void fleet_status(struct fleet *f, struct fleet_status *ret);

#endif
