/* One device inside the runtime: its agent with its board, journal, spool and connection. */
#ifndef PEDILUVE_AGENT_RUNTIME_UNIT_H
#define PEDILUVE_AGENT_RUNTIME_UNIT_H

#include "device-agent/core/agent.h"
#include "device-agent/hal/hal.h"
#include "device-agent/link/link.h"
#include "device-agent/runtime/keeper.h"

#define UNIT_COMMANDS_MAX 32 /* waiting for the journal; what is beyond is sent again by the server */
#define UNIT_RETRY_MS 1000   /* after the spool failed */
#define UNIT_WRITE_MS 5000   /* a journal that has not answered by then counts as one that fails */

struct unit_parts {          /* what all units of a process share */
    struct journal *journal; /* these two until the keeper runs; then they are its own */
    struct spool *spool;
    struct keeper *keeper;
    struct link *link;
    const char *board, *board_file;  /* NULL: sim; see boards.h */
    struct message_command *command; /* room to decode into */
    bool journal_failing, spool_failing;
};

struct unit {
    size_t index;
    struct uuid id, boot_id;
    struct board board;
    bool board_failed;        /* it could not do what it was last told */
    struct readings readings; /* of the last control step */
    struct spool_device *spool;
    uint32_t connection;   /* of the link; 0: none */
    uint64_t ticket;       /* of the journal write that is waited for; 0: none */
    int64_t write_at_ms;   /* when it was given */
    bool reading, heading; /* the keeper was asked for samples, for the head */
    bool wants_head;       /* a boot is finished, or nothing of it is there */
    int64_t head_at_ms;    /* not before */
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
/* A result of the keeper. Takes its text. */
void unit_kept(struct unit *u, struct unit_parts *p, const struct moment *now, struct keeper_result *result);
/* A journal write that is overdue is told to the core as failed: nothing of it acts any more, whatever comes
 * of it. Should the disk take it in the end, the core's next write, which is given after it, sets it right.
 */
void unit_overdue(struct unit *u, struct unit_parts *p, const struct moment *now);
/* Asks which samples come next, when the core has to know. */
void unit_head(struct unit *u, struct unit_parts *p, const struct moment *now);
/* Commands that waited, as far as the core accepts them. */
void unit_feed(struct unit *u, struct unit_parts *p, const struct moment *now);

#endif
