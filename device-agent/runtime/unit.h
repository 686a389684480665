/* One device inside the runtime: its agent with its board, journal, spool and connection. */
#ifndef PEDILUVE_AGENT_RUNTIME_UNIT_H
#define PEDILUVE_AGENT_RUNTIME_UNIT_H

#include "device-agent/core/agent.h"
#include "device-agent/hal/hal.h"
#include "device-agent/journal/journal.h"
#include "device-agent/journal/spool.h"
#include "device-agent/link/link.h"

#define UNIT_COMMANDS_MAX 32 /* waiting for the journal; what is beyond is sent again by the server */
#define UNIT_RETRY_MS 1000   /* after the spool failed */

struct unit_parts { /* what all units of a process share */
    struct journal *journal;
    struct spool *spool;
    struct link *link;
    const char *board, *board_file;  /* NULL: sim; see boards.h */
    struct message_command *command; /* room to decode into */
    struct message_telemetry *telemetry;
    bool spooling; /* a spool transaction is open */
    bool spool_ok; /* and nothing failed in it */
};

struct unit {
    size_t index;
    struct uuid id, boot_id;
    struct board board;
    bool board_failed; /* it could not do what it was last told */
    struct spool_device *spool;
    uint32_t connection;             /* of the link; 0: none */
    const struct agent_write *write; /* waits to be made durable */
    int64_t spooled;                 /* newest sample put, not yet told; 0: none */
    bool wants_head;                 /* a boot is finished, or nothing of it is there */
    int64_t head_at_ms;              /* not before */
    struct {
        char *text;
        size_t len;
    } commands[UNIT_COMMANDS_MAX];
    int first, n_commands;
    struct agent agent;
};

/* False: said why on stderr. */
must_use bool unit_init(struct unit *u, struct unit_parts *p, size_t index, const struct uuid *device,
                        const struct model *model, const struct moment *now);
void unit_done(struct unit *u); /* the board goes to its safe state first */

/* One event through the core, its actions carried out. */
void unit_step(struct unit *u, struct unit_parts *p, const struct moment *now,
               const struct agent_event *event);
/* One control step: sensors, core, actuators. */
void unit_tick(struct unit *u, struct unit_parts *p, const struct moment *now);
/* What came over the link. Takes the payload. */
void unit_take(struct unit *u, struct unit_parts *p, const struct moment *now, struct link_event *event);
/* Tells the core which samples come next, when it has to know. */
void unit_head(struct unit *u, struct unit_parts *p, const struct moment *now);
/* Commands that waited, as far as the core accepts them. */
void unit_feed(struct unit *u, struct unit_parts *p, const struct moment *now);

#endif
