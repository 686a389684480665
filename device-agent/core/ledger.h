/* The command ledger: what was answered to the last commands, the rules that a command must pass,
 * and the two tables of the command life cycle. Pure; not thread-safe.
 *
 * A command is judged once. Its id then has an answer, and every later copy gets that answer and
 * nothing else. An answer may be shown only after the journal has it. */
#ifndef PEDILUVE_AGENT_CORE_LEDGER_H
#define PEDILUVE_AGENT_CORE_LEDGER_H

#include "device-agent/core/session.h"
#include "protocol/message.h"

#define LEDGER_SIZE 256  /* answers remembered; the journal keeps as many */
#define LEDGER_PENDING 8 /* answers not final or not yet durable, at most */

struct ledger_entry {
    struct uuid command_id, session_id;
    int64_t seq;
    int64_t order;                    /* counts up with every new entry; 0: empty slot */
    int8_t type, state, code, reason; /* enum command_type, ack_state, ack_code, reason */
};

struct ledger {
    int64_t epoch, last_seq;
    int64_t order;
    struct ledger_entry entries[LEDGER_SIZE]; /* slot = order modulo LEDGER_SIZE */
    struct {
        int16_t slot;
        bool dirty; /* changed since the journal had it */
    } pending[LEDGER_PENDING];
    int32_t n_pending;
};

/* What is to be done about a command. */
enum ledger_effect {
    LEDGER_REJECT, /* final answer in state/code */
    LEDGER_DONE,   /* the wanted state is there already: succeeded, nothing acts */
    LEDGER_START,
    LEDGER_PAUSE,
    LEDGER_RESUME,
    LEDGER_STOP,
    LEDGER_ADJUST,
    LEDGER_CONFIRM,
    LEDGER_SELF_TEST,
    LEDGER_END_TEST /* of a stop: no session, the self-test ends; never in the table */
};

struct ledger_judgement {
    enum ledger_effect effect;
    enum ack_state state; /* LEDGER_REJECT: rejected or expired */
    enum ack_code code;
    enum reason reason; /* ACKCODE_INTERLOCK: which */
};

struct ledger_view { /* what the rules look at */
    int64_t epoch;   /* of the present connection; 0: it has none yet */
    const struct session_record *session;
    const struct executor *executor;
    const struct program *program; /* of the session */
    const struct model *model;
    struct uuid test;  /* the self-test that goes on; zero: none */
    enum reason fault; /* the first active fault, or REASON_NONE */
    int64_t server_ms; /* the server's time as estimated here */
};

/* The entry of a known command, or NULL. */
const struct ledger_entry *ledger_find(const struct ledger *l, const struct uuid *command_id);
/* Applies the rules in this order: epoch, sequence, expiry, phase table, then what the type itself
 * asks for. Does not change the ledger. The command's id must be unknown. */
struct ledger_judgement ledger_judge(const struct ledger *l, const struct ledger_view *v,
                                     const struct message_command *c);
/* Adds or changes an answer and marks it to be journalled. False: too many pending (new ids only). */
bool ledger_put(struct ledger *l, const struct ledger_entry *e);
/* Settles every answer that is not final by the phase the session has come to; see the table. */
void ledger_settle(struct ledger *l, enum session_phase phase, enum reason reason);
/* How a self-test came to its end: OK, SUPERSEDED by a stop, or INTERLOCK with its reason. */
void ledger_end_test(struct ledger *l, const struct uuid *command_id, enum ack_code code, enum reason reason);
/* The journal has exactly this answer now; drops it from the pending when final. */
void ledger_durable(struct ledger *l, const struct ledger_entry *written);
bool ledger_is_dirty(const struct ledger *l, const struct ledger_entry *e);
/* After the journal was read into entries: finds order, and settles what a power loss left open. */
void ledger_recover(struct ledger *l, enum session_phase phase, enum reason reason);
void ledger_text(const struct ledger_entry *e, char out[PROTO_DETAIL_MAX + 1]);

/* The tables, open to tests: command type x phase, for a command that names the present session. */
extern const uint8_t ledger_effects[PHASE_COUNT][COMMAND_TYPE_COUNT]; /* ledger_effect, or 0x80 | ack_code */
#define LEDGER_REFUSES(cell) ((cell)&0x80u)
#define LEDGER_CODE(cell) ((enum ack_code)((cell)&0x7fu))
/* What becomes of an accepted command in each phase: an ack_code; LEDGER_OPEN: not decided yet. */
#define LEDGER_OPEN 0x7f
extern const uint8_t ledger_outcomes[PHASE_COUNT][COMMAND_TYPE_COUNT];

#endif
