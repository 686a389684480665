/* The agent: one function from (state, time, event) to actions. Pure: no allocation, no OS, no
 * sockets; not thread-safe. The runtime carries out the actions, in the order given.
 *
 * Journal before act. A command that changes anything first becomes ACTION_JOURNAL; the runtime
 * makes that write durable, whenever it likes (it may gather the writes of many agents in one
 * commit), and tells the result by EVENT_JOURNAL. Only then does the command act and is its answer
 * shown. One write is on its way at a time; control ticks go on meanwhile. The exceptions go the
 * safe way: a stop, local stop and every interlock act at once and are journalled after; what the
 * device says of a session is always what its journal has. */
#ifndef PEDILUVE_AGENT_CORE_AGENT_H
#define PEDILUVE_AGENT_CORE_AGENT_H

#include "device-agent/core/guard.h"
#include "device-agent/core/ledger.h"
#include "device-agent/core/self_test.h"
#include "device-agent/core/uplink.h"

#define AGENT_SAMPLE_SESSION_MS 1000 /* control time between samples */
#define AGENT_SAMPLE_IDLE_MS 10000
#define AGENT_HEARTBEAT_MS 5000 /* real time between state messages at rest */
#define AGENT_POSITION_MS 5000  /* real time between journalled positions of a running session */
#define AGENT_RETRY_MS 1000     /* after a failed journal write */
#define AGENT_DT_MAX_MS 1000    /* a longer gap between ticks is not made up for */
#define AGENT_ACTIONS_MAX 24

struct agent_write { /* one durable unit: all of it or nothing */
    int64_t epoch, last_seq;
    bool has_session;
    struct session_record session;
    const struct program *program; /* not NULL: the program of a new session, valid until the result */
    const struct self_test_report *report; /* not NULL: of the command `tested`, valid until the result */
    struct uuid tested;
    int32_t n_answers;
    struct ledger_entry answers[LEDGER_PENDING + 1];
};

enum agent_event_type {
    EVENT_TICK,      /* readings */
    EVENT_CONNECTED, /* subscribed; the epoch comes next */
    EVENT_DISCONNECTED,
    EVENT_COMMAND,   /* command; only when agent_accepts(); bad_message: only ids and numbers hold */
    EVENT_COMMITTED, /* committed */
    EVENT_SERVER,    /* server */
    EVENT_JOURNAL,   /* ok: the result of the write that is on its way */
    EVENT_SPOOLED,   /* last: samples of this boot up to there are in the spool */
    EVENT_SENT,      /* last: the newest sample published of ACTION_TELEMETRY; range.from - 1: none */
    EVENT_HEAD,      /* boot_id, watermark, last: the oldest boot in the spool */
    EVENT_COUNT
};

struct agent_event {
    enum agent_event_type type;
    const struct readings *readings;
    const struct message_command *command;
    const struct message_committed *committed;
    const struct message_server *server;
    bool ok, bad_message;
    struct uuid boot_id;
    int64_t watermark, last;
};

enum agent_action_type {
    ACTION_SET,     /* outputs; once in every tick, first */
    ACTION_JOURNAL, /* write; answer with EVENT_JOURNAL */
    ACTION_HELLO,   /* publish presence (birth) and hello */
    ACTION_ACK,
    ACTION_STATE,
    ACTION_SAMPLE,    /* store in the spool, then EVENT_SPOOLED */
    ACTION_TELEMETRY, /* publish stored samples from range.from on, at most to - from + 1; then EVENT_SENT */
    ACTION_RELEASE    /* delete range.to and older of that boot; boot_done: answer with EVENT_HEAD */
};

struct agent_action {
    enum agent_action_type type;
    union {
        struct outputs outputs;
        const struct agent_write *write;
        struct message_hello hello;
        struct {
            struct message_answer ack;
            const struct self_test_report *report; /* its checks; NULL: none. Valid until the next step */
        };
        struct message_state state;
        struct {
            int64_t n;
            struct uuid session_id;
            struct message_sample sample;
        } sample;
        struct {
            struct uplink_range range;
            bool boot_done;
        } telemetry;
    };
};

struct agent_actions {
    int32_t n;
    struct agent_action list[AGENT_ACTIONS_MAX];
};

struct agent {
    const struct model *model;
    struct uuid boot_id;
    char version[PROTO_NAME_MAX + 1];
    bool simulated; /* its board is; told in each hello. Set after agent_init, false by default */
    struct interlock interlock;
    struct interlock_verdict verdict;
    struct guard guard;
    struct outputs outputs;
    struct session session;
    struct session_record durable; /* what the journal has, and so what is shown */
    struct ledger ledger;
    struct uplink uplink;
    struct { /* a command that waits for its journal write */
        bool active;
        enum ledger_effect effect;
        struct ledger_entry answer;
        int32_t step, intensity, water_mdegc;
    } plan;
    struct { /* a self-test; its state is `self_test` below */
        bool active;
        bool unkept;     /* it ended, and the journal does not have its report yet */
        struct uuid id;  /* of the command that asked for it; zero: none known. Its report, once it is over */
        struct uuid run; /* what the command called it */
    } test;
    struct agent_write write;
    bool writing, write_has_epoch, write_has_plan, journal_failed, wants_epoch, connected;
    bool started; /* a tick was seen */
    int64_t retry_at_ms, position_at_ms, heartbeat_at_ms;
    int64_t control_ms, sample_at_ms, sample_n, state_n;
    int64_t ticked_ms;                       /* real time of the last tick */
    int32_t loop_ms;                         /* real time between ticks; 0: lateness is not judged */
    int64_t recovered_at, recovered_mono_ms; /* to count the time without power; 0: done */
    uint64_t shown;                          /* digest of the state last published */
    struct program program;
    struct self_test self_test;
};

struct agent_recovered { /* what journal_load found; all zero for a new device */
    struct session_record session;
    struct ledger ledger;   /* epoch, last_seq, entries */
    struct uuid tested;     /* the command that the report is of; zero: no report */
    struct program program; /* of the session, when it is live */
    struct self_test_report report;
};

/* model is borrowed for the agent's life; r is copied. seed drives jitter only. */
void agent_init(struct agent *a, const struct model *model, const struct uuid *boot_id, const char *version,
                const struct agent_recovered *r, uint64_t seed, const struct moment *now);
/* The control loop's period in real time: from now on a loop that runs late is a fault. Without this call,
 * as on boards whose time is simulated, none is. */
void agent_watch_loop(struct agent *a, int32_t loop_ms);
void agent_step(struct agent *a, const struct moment *now, const struct agent_event *event,
                struct agent_actions *ret);
/* False: keep the next command back until the journal has answered. */
bool agent_accepts(const struct agent *a);
/* The epoch that the next connection will have, for its last will. */
int64_t agent_next_epoch(const struct agent *a);

#endif
