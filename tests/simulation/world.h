/* Many devices, one server and the network between them, in virtual time and from one seed. The agent's
 * core and the simulated board are the real ones; the journal and the spool are kept in memory and tear as
 * files do; server and broker are small models that follow protocol/INTERFACES.md. Nothing here reads a
 * clock, and nothing is random but the dice. */
#ifndef PEDILUVE_TESTS_SIMULATION_WORLD_H
#define PEDILUVE_TESTS_SIMULATION_WORLD_H

#include "device-agent/board/sim.h"
#include "device-agent/core/agent.h"
#include "tests/simulation/dice.h"
#include "tests/simulation/disk.h"

#define DANGERS 4 /* emergency stop, leak, lid, cut-out */
#define DEVICES_MAX 4
#define SESSIONS_MAX 60  /* of a device, in one life */
#define COMMANDS_MAX 400 /* likewise */
#define QUEUE_MAX 32     /* commands that wait for the journal; as in the runtime */
#define PACKETS_MAX 1024
#define LIFE_STEPS 1500
#define SETTLE_STEPS 1600
#define SETTLE_TICK_MS 250
#define WALL_MS 1790000000000 /* where the clocks begin */
#define SERVER_AHEAD_MS 5000

/* X(class, what it is): switched on or off as a whole for a seed, so that a failing one can be made smaller.
 */
#define FAULT_CLASSES(X)                                                                                     \
    X(POWER, "power cuts")                                                                                   \
    X(RESTART, "the agent is killed and started again")                                                      \
    X(LINK, "connections that go")                                                                           \
    X(SERVER, "the server is killed")                                                                        \
    X(CLOCK, "clocks jump, of the device and of the server")                                                 \
    X(SENSOR, "sensors, motors, contacts and the heater fail")                                               \
    X(PEOPLE, "stop keys and emergency stops")                                                               \
    X(DISK, "the disk is full")                                                                              \
    X(SLOW, "the disk takes its time")                                                                       \
    X(LOSS, "messages are lost")                                                                             \
    X(DOUBLE, "messages come twice")                                                                         \
    X(LATE, "messages come late, and after those sent later")                                                \
    X(CORRUPT, "messages are damaged")                                                                       \
    X(STALL, "the control loop stands still")                                                                \
    X(SPOOL, "the spool is small")

enum fault_class {
#define X(c, what) FAULT_##c,
    FAULT_CLASSES(X)
#undef X
        FAULT_CLASS_COUNT
};

/* X(mutant, what is broken): each must be caught, or the checker proves nothing. */
#define MUTANTS(X)                                                                                           \
    X(NONE, "nothing is broken")                                                                             \
    X(JOURNAL_IGNORED, "a journal that says yes and keeps nothing")                                          \
    X(JOURNAL_HALF, "a torn write of which the first part counts")                                           \
    X(NO_DEDUPE, "a ledger that forgets what it answered")                                                   \
    X(EPOCH_REUSED, "a journal that forgets the last epoch")                                                 \
    X(SESSION_REVIVED, "a session that ended comes up running")                                              \
    X(GATE_OPEN, "heat whatever the interlocks say")                                                         \
    X(STALE_AS_FRESH, "old measurements shown to the core as new")                                           \
    X(CONTACTS_IGNORED, "the core is not shown lid, drain, leak and cut-out")                                \
    X(LEVEL_OVER_CAP, "motors stronger than asked")                                                          \
    X(NO_MAX_TIME, "a longest time that never comes")                                                        \
    X(RELEASED_EARLY, "samples deleted when sent")                                                           \
    X(LOST_UNTOLD, "gaps in the samples that are not told")                                                  \
    X(STORED_TWICE, "a server that takes every sample that comes")                                           \
    X(SENT_UNMARKED, "a server that sends before it notes so")                                               \
    X(STOP_UNHEARD, "a stop that is answered and not done")                                                  \
    X(ANSWERED_EARLY, "an answer before the journal has it")

enum mutant {
#define X(m, what) MUTANT_##m,
    MUTANTS(X)
#undef X
        MUTANT_COUNT
};

enum command_progress { PROGRESS_PENDING, PROGRESS_SENT, PROGRESS_ACCEPTED, PROGRESS_FINAL };

struct order { /* a command as the server's database has it */
    struct uuid id;
    int64_t seq, expires_at;
    enum command_type type;
    int32_t session, step, intensity, water_mdegc; /* -1: not asked for */
    int32_t test; /* the self-test that it is about, by the number of its order; -1: a session */
    enum command_progress progress;
    enum ack_state answer; /* once final */
    /* The checker's: */
    int32_t effects, effect_boot;
    bool answered; /* finally, by the device */
    enum ack_state said;
    enum ack_code said_code;
};

struct visit { /* a session likewise */
    struct uuid id;
    bool ended, seen_live;
    enum device_session_state shown;
    bool waiting_step;
    int32_t step;
    struct program program;
    /* The checker's: */
    int32_t begun, start;
    bool over;       /* the device said that it ended */
    bool stopped;    /* the server was told that a stop succeeded */
    int64_t live_ms; /* since the last start of the agent */
};

enum packet_kind {
    PACKET_HELLO,
    PACKET_ACK,
    PACKET_STATE,
    PACKET_TELEMETRY,
    PACKET_COMMAND,
    PACKET_COMMITTED,
    PACKET_SERVER
};

struct packet {
    int64_t due_ms, number;
    enum packet_kind kind;
    int32_t device;
    bool damaged;
    union {
        struct message_hello hello;
        struct message_answer ack;
        struct message_state state;
        struct message_telemetry telemetry;
        struct message_committed committed;
        struct message_server server;
        struct {
            int32_t order;
            int64_t epoch;
            uint64_t damage; /* which bytes, when damaged */
        } command;
    };
};

struct queued {
    int32_t order;
    int64_t epoch;
    bool bad;
    struct uuid id; /* of a damaged one: what could be read */
    int64_t seq;
};

struct device {
    struct agent agent;
    struct disk disk;
    struct spool_box spool;
    struct order orders[COMMANDS_MAX];
    struct visit visits[SESSIONS_MAX];
    struct world
        *world; /* from here on all is zero at the beginning; what stands above is emptied by counts */
    const struct model *model;
    struct board board;
    int32_t index;
    /* Power, time and connection. */
    bool powered, connected, pressed, full, board_failed;
    int64_t on_at_ms, boot_at_ms, connect_at_ms, stalled_until_ms, clock_off_ms, connection;
    int32_t boots;
    const struct agent_write *write;
    int64_t written_at_ms, spooled;
    bool wants_head;
    struct queued queue[QUEUE_MAX];
    int32_t n_queue;
    struct readings raw; /* of the last tick, before any mutant */
    int32_t lying;       /* faults that make a water sensor lie, since the last healing */
    bool level_fault;
    /* The server's. */
    int32_t n_orders, n_visits, live; /* live: the visit that is on, or -1 */
    int64_t epoch;                    /* of the last hello; 0: none heard by this server process */
    int64_t epoch_stored;             /* in the database */
    struct uuid shown_boot;
    int64_t shown_n, driven_ms;
    /* The checker's. */
    int64_t said_epoch, said_connection, ticked_ms, danger_since_ms[DANGERS]; /* 0: none */
    struct uuid present_command;
};

struct weather { /* once in so many; 0: never */
    bool on[FAULT_CLASS_COUNT];
    int32_t loss, twice, late, corrupt;
    int32_t delay_ms, disk_ms;
};

struct counts { /* what a run has seen: a test of nothing must not pass */
    int64_t effects[COMMAND_TYPE_COUNT];
    int64_t steps, sessions, cuts, torn, samples, ended, damaged, heat_steps, motor_steps, interlocked,
        settled;
};

struct world {
    struct dice dice;
    enum mutant mutant;
    struct weather weather;
    bool calm; /* faults have stopped */
    int64_t now_ms, tick_ms, step, server_off_ms, server_up_at_ms, packets_sent;
    bool server_up;
    int32_t n_devices, n_packets;
    struct packet packets[PACKETS_MAX];
    struct device devices[DEVICES_MAX];
    struct message_command command; /* room */
    struct message_telemetry telemetry;
    struct agent_recovered recovered;
    struct packet delivered;
    struct counts *counts;
    bool failed;
    char why[256];
};

/* Notes the first thing that is wrong; the run ends at the next step. */
__attribute__((format(printf, 2, 3))) void world_fail(struct world *w, const char *fmt, ...);
/* One seed from its beginning until all has settled. False: why says what was wrong. mask: fault classes
 * allowed. */
bool world_run(struct world *w, const struct model *models, int32_t n_models, uint64_t seed, uint32_t mask,
               enum mutant mutant, struct counts *counts);
int64_t world_server_ms(const struct world *w);
struct uuid world_id(uint8_t kind, int32_t device, int32_t number);
int32_t world_number(const struct uuid *id, uint8_t kind, int32_t device); /* -1: none of these */
#define ID_COMMAND 1
#define ID_SESSION 2
#define ID_BOOT 3

/* network.c */
struct packet *network_send(struct world *w, enum packet_kind kind, int32_t device); /* NULL: lost */
void network_deliver(struct world *w);

/* device.c */
void device_init(struct device *d, struct world *w, int32_t index, const struct model *model);
void device_turn(struct device *d); /* one step of time */
void device_cut(struct device *d, int64_t off_ms, bool power);
void device_disconnect(struct device *d, int64_t away_ms);
void device_take(struct device *d, const struct packet *p);
struct moment device_now(const struct device *d);

/* server.c */
void server_turn(struct world *w);
void server_kill(struct world *w, int64_t down_ms);
void server_take(struct world *w, const struct packet *p);
/* False: which device is not, and why. */
bool server_settled(const struct world *w, int32_t *ret_device, const char **ret_why);

/* faults.c */
void faults_begin(struct world *w, uint32_t mask);
void faults_turn(struct world *w);
void faults_heal(struct world *w);

#endif
