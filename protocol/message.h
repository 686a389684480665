/* The messages of the device protocol (see INTERFACES.md): plain structs, strict decoders that
 * never trust a byte, encoders whose output the decoders accept. Pure; no state; thread-safe.
 *
 * Decoders: text need not be NUL-terminated; true and *ret written on success; otherwise errors
 * names the field. Unknown keys are ignored (versioning rule). Times are wall-clock milliseconds
 * of the server's time line, as the device estimates it. */
#ifndef PEDILUVE_PROTOCOL_MESSAGE_H
#define PEDILUVE_PROTOCOL_MESSAGE_H

#include <stddef.h>

#include "base/buf.h"
#include "base/field.h"
#include "base/uuid.h"
#include "protocol/program.h"

/* X(enum, name). idle: no session; fault: safe state latched, see faults. */
#define DEVICE_MODES(X)                                                                                      \
    X(IDLE, "idle")                                                                                          \
    X(SESSION, "session")                                                                                    \
    X(FAULT, "fault")                                                                                        \
    X(MAINTENANCE, "maintenance")

/* X(enum, name, live): the session as the device knows it. */
#define DEVICE_SESSION_STATES(X)                                                                             \
    X(NONE, "none", 0)                                                                                       \
    X(STARTING, "starting", 1)                                                                               \
    X(RUNNING, "running", 1)                                                                                 \
    X(PAUSED, "paused", 1)                                                                                   \
    X(WAITING, "waiting", 1)                                                                                 \
    X(COMPLETED, "completed", 0)                                                                             \
    X(STOPPED, "stopped", 0)                                                                                 \
    X(ABORTED, "aborted", 0)

/* X(enum, name): why a session is paused or ended, or a device is in fault. The journal keeps the number:
 * append, never renumber. */
#define REASONS(X)                                                                                           \
    X(NONE, "none")                                                                                          \
    X(COMMAND, "command")                                                                                    \
    X(LOCAL_STOP, "local_stop")                                                                              \
    X(EMERGENCY_STOP, "emergency_stop")                                                                      \
    X(POWER_LOSS, "power_loss")                                                                              \
    X(OVER_TEMPERATURE, "over_temperature")                                                                  \
    X(SENSOR_STALE, "sensor_stale")                                                                          \
    X(SENSOR_IMPLAUSIBLE, "sensor_implausible")                                                              \
    X(SENSOR_DISAGREE, "sensor_disagree")                                                                    \
    X(LEVEL_LOW, "level_low")                                                                                \
    X(OVER_CURRENT, "over_current")                                                                          \
    X(HEATING_FAILED, "heating_failed")                                                                      \
    X(MAX_TIME, "max_time")                                                                                  \
    X(JOURNAL, "journal")                                                                                    \
    X(HEATING_RUNAWAY, "heating_runaway")                                                                    \
    X(SENSOR_STUCK, "sensor_stuck")                                                                          \
    X(THERMAL_CUTOUT, "thermal_cutout")                                                                      \
    X(MOTOR_FAULT, "motor_fault")                                                                            \
    X(LEAK, "leak")                                                                                          \
    X(LID_OPEN, "lid_open")                                                                                  \
    X(DRAIN_OPEN, "drain_open")                                                                              \
    X(LOOP_OVERRUN, "loop_overrun")                                                                          \
    X(BOARD_FAILED, "board_failed")

/* X(enum, name): what a command wants. All but self_test are absolute states of one named session; a
 * self-test is named by the session_id of its command, and a stop may name it. The journal keeps the number:
 * append. */
#define COMMAND_TYPES(X)                                                                                     \
    X(START, "start")                                                                                        \
    X(PAUSE, "pause")                                                                                        \
    X(RESUME, "resume")                                                                                      \
    X(STOP, "stop")                                                                                          \
    X(ADJUST, "adjust")                                                                                      \
    X(CONFIRM, "confirm")                                                                                    \
    X(SELF_TEST, "self_test")

/* X(enum, name, final): what the device says of a command. */
#define ACK_STATES(X)                                                                                        \
    X(ACCEPTED, "accepted", 0)                                                                               \
    X(RUNNING, "running", 0)                                                                                 \
    X(SUCCEEDED, "succeeded", 1)                                                                             \
    X(FAILED, "failed", 1)                                                                                   \
    X(REJECTED, "rejected", 1)                                                                               \
    X(EXPIRED, "expired", 1)

/* X(enum, name): why. */
#define ACK_CODES(X)                                                                                         \
    X(OK, "ok")                                                                                              \
    X(STALE_EPOCH, "stale_epoch")                                                                            \
    X(OLD_SEQUENCE, "old_sequence")                                                                          \
    X(EXPIRED, "expired")                                                                                    \
    X(BAD_MESSAGE, "bad_message")                                                                            \
    X(BAD_PROGRAM, "bad_program")                                                                            \
    X(WRONG_MODEL, "wrong_model")                                                                            \
    X(BUSY, "busy")                                                                                          \
    X(NO_SESSION, "no_session")                                                                              \
    X(WRONG_SESSION, "wrong_session")                                                                        \
    X(WRONG_STATE, "wrong_state")                                                                            \
    X(WRONG_STEP, "wrong_step")                                                                              \
    X(OVER_LIMIT, "over_limit")                                                                              \
    X(INTERLOCK, "interlock")                                                                                \
    X(JOURNAL_FAILED, "journal_failed")                                                                      \
    X(SUPERSEDED, "superseded")

/* X(enum, name): what one check of a self-test came to. Skipped: it could not be tried. */
#define CHECK_RESULTS(X)                                                                                     \
    X(PASSED, "passed")                                                                                      \
    X(FAILED, "failed")                                                                                      \
    X(SKIPPED, "skipped")

enum device_mode {
#define X(e, n) MODE_##e,
    DEVICE_MODES(X)
#undef X
        MODE_COUNT
};
enum device_session_state {
#define X(e, n, live) DSESSION_##e,
    DEVICE_SESSION_STATES(X)
#undef X
        DSESSION_COUNT
};
enum reason {
#define X(e, n) REASON_##e,
    REASONS(X)
#undef X
        REASON_COUNT
};
enum command_type {
#define X(e, n) COMMAND_##e,
    COMMAND_TYPES(X)
#undef X
        COMMAND_TYPE_COUNT
};
enum ack_state {
#define X(e, n, final) ACK_##e,
    ACK_STATES(X)
#undef X
        ACK_STATE_COUNT
};
enum ack_code {
#define X(e, n) ACKCODE_##e,
    ACK_CODES(X)
#undef X
        ACK_CODE_COUNT
};
enum check_result {
#define X(e, n) CHECK_##e,
    CHECK_RESULTS(X)
#undef X
        CHECK_RESULT_COUNT
};
extern const char *const device_mode_names[],
    *const device_session_state_names[], *const reason_names[],
                                             *const command_type_names[],
                                                 *const ack_state_names[],
                                                     *const ack_code_names[],
                                                         *const check_result_names[]; /* NULL-terminated */
bool device_session_state_is_live(enum device_session_state s);
bool ack_state_is_final(enum ack_state s);

struct message_session { /* the current session, or the last one ended; state NONE: never had one */
    struct uuid id;
    int32_t state;  /* enum device_session_state */
    int32_t reason; /* enum reason */
    int32_t step, step_count;
    int32_t elapsed_ms, remaining_ms; /* program time */
    int32_t intensity;                /* percent of the program's levels, 100 = as written */
    int32_t target_mdegc;             /* current water set point; 0: heater off */
    int64_t started_at, ended_at;     /* 0: not yet */
};

struct message_values {
    int32_t water_mdegc;     /* INT32_MIN: unknown */
    int32_t level_permille;  /* -1: unknown */
    int32_t current_ma;      /* all motors */
    int32_t heater_permille; /* duty */
};

struct message_state {
    struct uuid boot_id;
    int64_t epoch;
    int64_t n; /* counts up within a boot: an older one is dropped by the reader */
    int64_t at;
    int32_t mode; /* enum device_mode */
    struct message_session session;
    struct message_values values;
    int32_t n_faults;
    int32_t faults[PROTO_FAULTS_MAX]; /* enum reason */
    bool rinse;                       /* rinse wanted before the next guest */
};

struct message_hello {
    int32_t v; /* PROTO_VERSION */
    struct uuid boot_id;
    int64_t epoch; /* counts up, kept in the journal: one number for each connection of this device, ever */
    int64_t last_seq; /* highest command sequence in the journal; 0: none */
    char agent[PROTO_NAME_MAX + 1];
    char model[PROTO_NAME_MAX + 1];
    int32_t model_version;
    int64_t uncommitted; /* samples in the spool */
    bool simulated;      /* its board is: nothing it does is felt by anybody */
    struct message_state state;
};

struct message_command {
    struct uuid id;
    int64_t seq, epoch;
    int32_t type; /* enum command_type */
    struct uuid session_id;
    int64_t expires_at; /* 0: never (stop) */
    bool has_intensity, has_water, has_step, has_program;
    int32_t intensity;      /* adjust: 0..100 percent of the program's levels */
    int32_t water_mdegc;    /* adjust */
    int32_t step;           /* confirm: the program step confirmed */
    struct program program; /* start */
};

struct message_check {                       /* of a self-test */
    char name[PROTO_CHECK_NAME_MAX + 1];     /* "water/1", "contact/lid", "roller-sole/2", "heater" */
    int32_t result;                          /* enum check_result */
    char detail[PROTO_CHECK_DETAIL_MAX + 1]; /* for people */
};

#define MESSAGE_ANSWER                                                                                       \
    struct uuid command_id, boot_id;                                                                         \
    int64_t seq, epoch;                                                                                      \
    int32_t state; /* enum ack_state */                                                                      \
    int32_t code;  /* enum ack_code */                                                                       \
    int64_t at;                                                                                              \
    char detail[PROTO_DETAIL_MAX + 1];
struct message_answer { /* an ack without its checks: all that most have, and a hundredth of the room */
    MESSAGE_ANSWER
};
struct message_ack {
    union {
        struct message_answer answer;
        struct {
            MESSAGE_ANSWER
        };
    };
    int32_t n_checks;
    struct message_check checks[PROTO_CHECKS_MAX]; /* of a self-test that ended */
};
#define MESSAGE_ACK_BYTES(m)                                                                                 \
    (offsetof(struct message_ack, checks) + (size_t)(m)->n_checks * sizeof(m)->checks[0])

struct message_sample {
    int64_t at;
    int32_t step, elapsed_ms;
    int32_t water_mdegc, target_mdegc, level_permille, current_ma, heater_permille, intensity;
};

struct message_telemetry {
    struct uuid boot_id;
    struct uuid session_id; /* zero: none; holds for every sample in the message */
    int64_t n;              /* number of the first sample; counts from 1 within a boot */
    int64_t lost;           /* samples directly before n that the device itself gave up (spool full) */
    int32_t n_samples;
    struct message_sample samples[PROTO_SAMPLES_MAX];
};

struct message_committed { /* answers every hello and every telemetry message */
    struct uuid boot_id;
    int64_t epoch; /* of the hello last seen from this device; 0: none, say hello again */
    int64_t n;     /* samples of that boot up to n are in the database; next wanted is n + 1 */
    int64_t at;    /* the server's time */
};

struct message_presence { /* retained; birth and last will */
    bool online;
    struct uuid boot_id;
    int64_t epoch;
};

struct message_server { /* on TOPIC_SERVER_PRESENCE, not retained: devices say hello again, spread over
                           spread_ms */
    struct uuid instance;
    int32_t spread_ms;
};

#define MESSAGE_CODEC(name)                                                                                  \
    must_use bool message_##name##_parse(const char *text, size_t len, struct message_##name *ret,           \
                                         struct field_errors *errors);                                       \
    void message_##name##_write(struct buf *out, const struct message_##name *m);
MESSAGE_CODEC(hello)
MESSAGE_CODEC(command)
MESSAGE_CODEC(ack)
MESSAGE_CODEC(state)
MESSAGE_CODEC(telemetry) /* parse: field_scan for exactly what our agent writes, field_load for the rest */
MESSAGE_CODEC(committed)
MESSAGE_CODEC(presence)
MESSAGE_CODEC(server)

void message_answer_write(struct buf *out, const struct message_answer *m); /* an ack without checks */

/* Just enough of a command that message_command_parse refused to answer it with bad_message. */
must_use bool message_command_head(const char *text, size_t len, struct uuid *ret_id, int64_t *ret_seq,
                                   int64_t *ret_epoch);

#endif
