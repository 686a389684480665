/* One device, its server and the broker between them, around the life of two sessions: start, pause, stop, start.
 *
 * The tables come from the code (dump_server.c, dump_device.c): a change there changes the model. What is written
 * here by hand are the rules around them: protocol/INTERFACES.md, the statements of command_store.c and
 * session_store.c, recorder.c, ledger.c and agent.c.
 *
 * The network may lose, repeat, delay and reorder everything, also across connections: what was said once is a member
 * of a set and may be delivered at any time from then on, often or never. What the broker holds for a connection that
 * ends may be gone. Deadlines pass at any moment on either side, as if no two clocks agreed. The server may die
 * between any commit and what follows it, the device may lose its power between any two steps. A journal write and
 * its act are one step: what is lost before the write is a lost message.
 *
 * MUTANT_*: rules left out, each of which the checks below must miss. */
#include "tables.pml"

#define N_COMMANDS 4
#define N_SESSIONS 2
#ifndef EPOCHS
#define EPOCHS 2 /* connections of the device; the last one holds, so that everything can come to its end */
#endif
#ifndef CRASHES
#define CRASHES 1 /* of the server */
#endif

/* 0: start of session 0, 1: pause, 2: stop, 3: start of session 1 */
#define TYPE(c) (c == 1 -> TYPE_PAUSE : (c == 2 -> TYPE_STOP : TYPE_START))
#define SESSION(c) (c == 3 -> 1 : 0)
#define NONE 255
#define BIT(n) (1 << (n))
#define HAS(set, n) ((set) & BIT(n))
#define ADD(set, n) set = (set) | BIT(n)
#define DROP(set, n) set = (set) & ~BIT(n)

/* ---- the database ---- */
byte seq[N_COMMANDS];       /* 0: not given yet */
byte state[N_COMMANDS];
byte sent_epoch[N_COMMANDS];
byte last_seq;
bit made[N_SESSIONS];
byte session[N_SESSIONS];
byte applied[N_SESSIONS];   /* the report last applied, as rank + 1 */

/* ---- the server's memory ---- */
bit up = 1;
byte crashes;
byte live_epoch;
bit ready;
bit recording;              /* a hello waits to be recorded */
bit unsent[N_COMMANDS];     /* committed, and this process still has to publish it */
#ifdef MUTANT_BELIEVE_STALE
bit doubted[N_COMMANDS];
#endif

/* ---- the network: what was said. A report is any change of the device's session, see was_phase ---- */
byte commands[N_COMMANDS];  /* set of epochs */
byte acks[N_COMMANDS];      /* set of ack states */
byte stales[N_COMMANDS];    /* set of epochs: this copy was refused */
byte hellos;                /* set of epochs */
byte hello_rank[4];         /* of each: the report that it carries */
byte committeds;            /* set of epochs */

/* ---- the device: its journal, and what it loses without power ---- */
byte epoch;
byte seen_seq;
byte answer[N_COMMANDS];    /* 1 + ack state; 0: unknown */
byte mine = NONE;           /* the present or last session */
byte phase;
bit online;
bit greeted;

/* ---- what happened, for the checks ---- */
byte rank;                  /* changes of the device's session so far, at most RANKS - 1 */
#define RANKS 12
byte was_session[RANKS];
byte was_phase[RANKS];
byte begun[N_SESSIONS];
bit over[N_SESSIONS];

hidden byte c, s, next, cell; /* scratch: nothing between two steps */

#define START_OF(c) (TYPE(c) == TYPE_START)
#define GIVEN(c) (seq[c] != 0)
#define UNFINISHED(c) (GIVEN(c) && !cmd_ended[state[c]])
/* Driven again when it is not on its way with the present epoch. */
#define SILENT(c) (UNFINISHED(c) && !HAS(commands[c], live_epoch))
#define RUNS(s) (mine == s && phase_live[phase])

/* The server's word about a command. A start that is said not to have happened must not have happened. */
inline set_command(c, to) {
    assert(cmd_can[state[c] * CMD_COUNT + to]);
    state[c] = to;
    if
    :: START_OF(c) && (to == CMD_EXPIRED || to == CMD_REJECTED || to == CMD_CANCELLED) -> assert(begun[SESSION(c)] == 0)
    :: TYPE(c) == TYPE_STOP && to == CMD_SUCCEEDED -> assert(!RUNS(SESSION(c)))
    :: else
    fi;
    if
    :: cmd_ended[to] -> acks[c] = 0; stales[c] = 0 /* what is still on its way changes nothing */
    :: else
    fi
}

/* The server's word about a session. One that is shown as ended does not run. */
inline set_session(s, to) {
    assert(ses_can[session[s] * SES_COUNT + to]);
    session[s] = to;
    if
    :: !ses_live[to] -> assert(!RUNS(s))
    :: else
    fi
}

/* ---- the server ---- */

inline create(c) {
    last_seq++;
    seq[c] = last_seq;
    state[c] = (ready -> CMD_SENT : CMD_PENDING);
    sent_epoch[c] = (ready -> live_epoch : 0);
    unsent[c] = 1;
    if
    :: START_OF(c) -> made[SESSION(c)] = 1; session[SESSION(c)] = SES_REQUESTED
    :: else
    fi
}

inline stop() {
    if
#ifdef MUTANT_TAKE_BACK_WHAT_WAS_SENT
    :: state[0] == CMD_PENDING || state[0] == CMD_SENT ->
        state[0] = CMD_CANCELLED;
        assert(begun[0] == 0);
#else
    :: state[0] == CMD_PENDING -> /* truly never sent: taken back */
        set_command(0, CMD_CANCELLED);
#endif
        set_session(0, SES_STOPPED);
        last_seq++;
        seq[2] = last_seq;
        state[2] = CMD_SUCCEEDED
    :: else -> create(2)
    fi
}

/* command_claim and what is published after it. */
inline drive() {
    c = 0;
    do
    :: c == N_COMMANDS -> break
    :: else ->
        if
        :: UNFINISHED(c) && sent_epoch[c] <= live_epoch ->
#ifndef MUTANT_PUBLISH_BEFORE_MARK
            if
            :: state[c] == CMD_PENDING -> set_command(c, CMD_SENT)
            :: else
            fi;
#endif
            sent_epoch[c] = live_epoch;
            ADD(commands[c], live_epoch)
        :: else
        fi;
        c++
    od;
    c = 0
}

/* Right after the commit: on its own when it is its turn, else as a re-drive. Dies with the process. */
inline publish(c) {
    unsent[c] = 0;
    if
    :: ready && sent_epoch[c] == live_epoch && !cmd_ended[state[c]] -> ADD(commands[c], live_epoch)
    #ifndef MUTANT_NO_REDRIVE
    :: ready && sent_epoch[c] != live_epoch -> drive()
#endif
    :: else
    fi
}

inline apply_report(r) {
    s = was_session[r];
    if
    :: s != NONE && made[s] && applied[s] < r + 1 ->
        next = ses_from_device[shown[was_phase[r]]];
        if
        :: next != SES_COUNT && session[s] == next && ses_live[next] -> applied[s] = r + 1
        :: next != SES_COUNT && session[s] != next && ses_can[session[s] * SES_COUNT + next] ->
            set_session(s, next);
            applied[s] = r + 1
        :: else
        fi
    :: else
    fi;
    s = 0; next = 0
}

#ifdef MUTANT_LATE_HELLO
#define NEWER(s, k) true
#else
#define NEWER(s, k) (applied[s] < hello_rank[k] + 1 && (applied[s] > 0 || sent_epoch[(s == 0 -> 0 : 3)] < k))
#endif

/* session_close_lost: the device took the start and knows nothing of the session any more, by a hello that is newer
 * than what was applied of it. */
inline close_lost(k) {
    s = 0;
    do
    :: s == N_SESSIONS -> break
    :: else ->
        if
        :: made[s] && ses_live[session[s]] && was_session[hello_rank[k]] != s && NEWER(s, k) && state[(s == 0 -> 0 : 3)] == CMD_SUCCEEDED ->
            set_session(s, SES_ABORTED)
        :: else
        fi;
        s++
    od;
    s = 0
}

inline record_hello() {
    recording = 0;
    apply_report(hello_rank[live_epoch]);
    close_lost(live_epoch);
#ifndef MUTANT_NO_REDRIVE
    drive();
#endif
    ready = 1;
    ADD(committeds, live_epoch)
}

inline take_ack(c, a) {
    next = cmd_from_ack[a];
    if
    :: cmd_can[state[c] * CMD_COUNT + next] ->
        set_command(c, next);
        s = SESSION(c);
        if
        :: START_OF(c) && (next == CMD_FAILED || next == CMD_REJECTED || next == CMD_EXPIRED) && ses_live[session[s]] ->
            if
            :: session[s] != SES_REQUESTED -> set_session(s, SES_ABORTED)
            :: session[s] == SES_REQUESTED && next == CMD_EXPIRED -> set_session(s, SES_EXPIRED)
            :: else -> set_session(s, SES_REJECTED)
            fi
        :: else
        fi
    :: else
    fi;
    next = 0; s = 0
}

inline take_stale(c) {
#ifdef MUTANT_BELIEVE_STALE
    if
    :: doubted[c] && cmd_can[state[c] * CMD_COUNT + CMD_REJECTED] -> take_ack(c, ACK_REJECTED)
    :: else -> doubted[c] = 1
    fi;
#endif
    if
    :: ready -> drive()
    :: else
    fi
}

inline sweep(c) {
    if
#ifdef MUTANT_EXPIRE_WHAT_WAS_SENT
    :: state[c] == CMD_PENDING || state[c] == CMD_SENT ->
#else
    :: state[c] == CMD_SENT -> set_command(c, CMD_UNKNOWN)
    :: state[c] == CMD_PENDING ->
#endif
        set_command(c, CMD_EXPIRED);
        if
        :: START_OF(c) && session[SESSION(c)] == SES_REQUESTED -> set_session(SESSION(c), SES_EXPIRED)
        :: else
        fi
    fi
}

inline crash() {
    up = 0; crashes++;
    live_epoch = 0; ready = 0; recording = 0;
    hellos = 0; hello_rank[1] = 0; hello_rank[2] = 0; hello_rank[3] = 0; /* its connection was clean */
    unsent[0] = 0; unsent[1] = 0; unsent[2] = 0; unsent[3] = 0
}

/* ---- the device ---- */

inline say(c) {
    if
    :: !cmd_ended[state[c]] -> ADD(acks[c], answer[c] - 1)
    :: else
    fi
}

/* ledger_settle: what the phase means for every answer that is not final. */
inline settle() {
    c = 0;
    do
    :: c == N_COMMANDS -> break
    :: else ->
        cell = outcome[phase * TYPE_COUNT + TYPE(c)];
        if
        :: (answer[c] == 1 + ACK_ACCEPTED || answer[c] == 1 + ACK_RUNNING) && cell != OUTCOME_OPEN ->
            answer[c] = 1 + (cell == OUTCOME_OK -> ACK_SUCCEEDED : ACK_FAILED);
            say(c)
        :: else
        fi;
        c++
    od;
    c = 0; cell = 0
}

inline move(to) {
    if
    :: phase_live[phase] && !phase_live[to] -> over[mine] = 1
    :: else
    fi;
    phase = to;
    rank++;
    assert(rank < RANKS);
    was_session[rank] = mine;
    was_phase[rank] = phase;
    settle()
}

inline judged(c, ack) {
    answer[c] = 1 + ack;
    if
    :: seq[c] > seen_seq -> seen_seq = seq[c]
    :: else
    fi;
    say(c)
}

/* The one place where a session begins. */
inline begin(c) {
    s = SESSION(c);
    assert(begun[s] == 0);                       /* at most once */
    assert(!over[s]);                            /* and never after its end */
    assert(!cmd_ended[state[c]]);                /* nor when the server has said how the start ended */
    assert(made[s] && ses_live[session[s]]);     /* or the session */
    assert(s != 0 || answer[2] == 0);            /* nor after its stop was answered */
    begun[s]++;
    mine = s;
    s = 0;
    judged(c, ACK_ACCEPTED);
    move(PHASE_STARTING)
}

inline stale(c, e) {
    if
    :: !cmd_ended[state[c]] -> ADD(stales[c], e)
    :: else
    fi
}

inline act(c, barred) {
    if
    :: START_OF(c) ->
        if
        :: barred || cell == EFFECT_REJECT || begun[SESSION(c)] -> judged(c, ACK_REJECTED)
        :: else -> begin(c)
        fi
    :: !START_OF(c) && mine != SESSION(c) ->
        if
        :: TYPE(c) == TYPE_STOP && begun[SESSION(c)] -> judged(c, ACK_SUCCEEDED)
        :: else -> judged(c, ACK_REJECTED)
        fi
    :: else ->
        if
        :: cell == EFFECT_REJECT -> judged(c, ACK_REJECTED)
        :: cell == EFFECT_DONE -> judged(c, ACK_SUCCEEDED)
        :: cell == EFFECT_PAUSE && phase != PHASE_PAUSING -> judged(c, ACK_ACCEPTED); move(PHASE_PAUSING)
        :: cell == EFFECT_STOP && phase != PHASE_STOPPING ->
#ifdef MUTANT_ANSWER_BEFORE_JOURNAL
            answer[c] = 1 + ACK_SUCCEEDED; say(c); answer[c] = 0
#else
            judged(c, ACK_ACCEPTED);
            move(PHASE_STOPPING)
#endif
        :: else -> judged(c, ACK_ACCEPTED)
        fi
    fi
}

/* barred: an interlock of the device stands in the way of a start; late: by the device's idea of the time. */
inline judge(c, e, barred, late) {
    cell = effect[phase * TYPE_COUNT + TYPE(c)];
    if
    :: answer[c] != 0 -> say(c)
    :: else ->
        if
        :: TYPE(c) != TYPE_STOP && e != epoch -> stale(c, e)
#ifndef MUTANT_NO_SEQUENCE
        :: TYPE(c) != TYPE_STOP && e == epoch && seq[c] <= seen_seq -> judged(c, ACK_REJECTED)
#endif
        :: else ->
            if
            :: TYPE(c) != TYPE_STOP && late ->
#ifdef MUTANT_EXPIRED_NOT_JOURNALLED
                answer[c] = 1 + ACK_EXPIRED; say(c); answer[c] = 0
#else
                judged(c, ACK_EXPIRED)
#endif
            :: else -> act(c, barred)
            fi
        fi
    fi;
    cell = 0
}

inline lose() { commands[0] = 0; commands[1] = 0; commands[2] = 0; commands[3] = 0 }

inline power_loss() {
    online = 0; greeted = 0;
#ifdef MUTANT_FORGETS
    answer[0] = 0; answer[1] = 0; answer[2] = 0; answer[3] = 0; seen_seq = 0;
    mine = NONE; phase = PHASE_NONE;
#else
    if
    :: phase == PHASE_STOPPING -> move(PHASE_STOPPED)
    :: phase_live[phase] && phase != PHASE_STOPPING && phase != PHASE_PAUSED -> move(PHASE_PAUSED)
    :: else -> settle()
    fi
#endif
}

/* ---- everything that can happen ---- */

/* Delivery, wherever it can change anything. */
#define COMMAND(i, k) \
    :: d_step { HAS(commands[i], k) && online && !answer[i] -> judge(i, k, 0, 0) } \
    :: d_step { HAS(commands[i], k) && online && !answer[i] && TYPE(i) == TYPE_START -> judge(i, k, 1, 0) } \
    :: d_step { HAS(commands[i], k) && online && !answer[i] && TYPE(i) != TYPE_STOP -> judge(i, k, 0, 1) }
#define COMMITTED(k) :: d_step { HAS(committeds, k) && online && k == epoch && !greeted -> greeted = 1 }
#define HELLO(k) :: d_step { up && HAS(hellos, k) && (k > live_epoch || (k == live_epoch && !ready && !recording)) -> take_hello(k) }
#define ACK(i, k) :: d_step { up && HAS(acks[i], k) && cmd_can[state[i] * CMD_COUNT + cmd_from_ack[k]] -> take_ack(i, k) }
#define STALE(i, k) :: d_step { up && HAS(stales[i], k) -> take_stale(i) }
#define REPORT(k) :: d_step { up && k <= rank && NEWS(k) -> apply_report(k) }
#define NEWS(k) (was_session[k] != NONE && made[was_session[k]] && ses_live[session[was_session[k]]] && \
                 applied[was_session[k]] < k + 1)
#define EPOCHS_OF(m, i) m(i, 1) m(i, 2) m(i, 3)
#define ACKS_OF(i) ACK(i, ACK_ACCEPTED) ACK(i, ACK_SUCCEEDED) ACK(i, ACK_FAILED) ACK(i, ACK_REJECTED) ACK(i, ACK_EXPIRED)

inline take_hello(k) {
    if
    :: k != live_epoch -> ready = 0
    :: else
    fi;
    live_epoch = k;
    recording = 1;
    if
    :: k > 1 -> DROP(hellos, 1); hello_rank[1] = 0 /* older ones are not taken any more */
    :: else
    fi;
    if
    :: k > 2 -> DROP(hellos, 2); hello_rank[2] = 0
    :: else
    fi
}

active proctype world() {
    d_step { load_server_tables(); load_device_tables(); was_session[0] = NONE }
end:
    do
    /* people */
    :: d_step { up && !made[0] -> create(0) }
#ifdef WITH_PAUSE
    :: d_step { up && made[0] && !GIVEN(1) && ses_allows[session[0] * TYPE_COUNT + TYPE_PAUSE] -> create(1) }
#endif
#ifdef WITH_STOP
    :: d_step { up && made[0] && !GIVEN(2) && ses_allows[session[0] * TYPE_COUNT + TYPE_STOP] -> stop() }
#endif
#ifdef WITH_SECOND
    :: d_step { up && made[0] && !ses_live[session[0]] && !made[1] -> create(3) }
#endif

    /* the server; a stop never expires */
    :: d_step { up && unsent[0] -> publish(0) }
    :: d_step { up && unsent[1] -> publish(1) }
    :: d_step { up && unsent[2] -> publish(2) }
    :: d_step { up && unsent[3] -> publish(3) }
#ifndef MUTANT_NO_REDRIVE
    :: d_step { up && ready && (SILENT(0) || SILENT(1) || SILENT(2) || SILENT(3)) -> drive() }
#endif
    :: d_step { up && recording -> record_hello() }
    :: d_step { up && crashes < CRASHES && made[0] -> crash() }
    :: d_step { !up -> up = 1 }
    :: d_step { up && GIVEN(0) && (state[0] == CMD_PENDING || state[0] == CMD_SENT) -> sweep(0) }
    :: d_step { up && GIVEN(1) && (state[1] == CMD_PENDING || state[1] == CMD_SENT) -> sweep(1) }
    :: d_step { up && GIVEN(3) && (state[3] == CMD_PENDING || state[3] == CMD_SENT) -> sweep(3) }

    /* messages to the device, and to the server */
    EPOCHS_OF(COMMAND, 0) EPOCHS_OF(COMMAND, 1) EPOCHS_OF(COMMAND, 2) EPOCHS_OF(COMMAND, 3)
    COMMITTED(1) COMMITTED(2) COMMITTED(3)
    HELLO(1) HELLO(2) HELLO(3)
    ACKS_OF(0) ACKS_OF(1) ACKS_OF(2) ACKS_OF(3)
    EPOCHS_OF(STALE, 0) EPOCHS_OF(STALE, 1) EPOCHS_OF(STALE, 3)
    REPORT(1) REPORT(2) REPORT(3) REPORT(4) REPORT(5) REPORT(6) REPORT(7) REPORT(8) REPORT(9) REPORT(10) REPORT(11)

    /* the device */
    :: d_step { !online && epoch < EPOCHS -> epoch++; online = 1; greeted = 0 }
    :: d_step { online && epoch < EPOCHS -> online = 0; greeted = 0 }
    :: d_step { online && epoch < EPOCHS -> online = 0; greeted = 0; lose() }
    :: d_step { epoch < EPOCHS && epoch > 0 -> power_loss() }
    /* A hello is said again until it is answered; of two of one connection either may come. */
    :: d_step { online && !greeted && !HAS(hellos, epoch) -> ADD(hellos, epoch); hello_rank[epoch] = rank }
    :: d_step { online && !greeted && HAS(hellos, epoch) && hello_rank[epoch] != rank -> hello_rank[epoch] = rank }
    /* its telemetry is answered with epoch 0 */
    :: d_step { online && greeted && up && !recording && live_epoch != epoch -> greeted = 0; ADD(hellos, epoch); hello_rank[epoch] = rank }
    :: d_step { phase == PHASE_STARTING -> move(PHASE_RUNNING) }
    :: d_step { phase == PHASE_STARTING -> move(PHASE_ABORTED) }
    :: d_step { phase == PHASE_RUNNING -> move(PHASE_COMPLETED) }
    :: d_step { phase == PHASE_RUNNING -> move(PHASE_STOPPED) }  /* the key on the device */
    :: d_step { phase == PHASE_RUNNING -> move(PHASE_ABORTED) }  /* an interlock */
    :: d_step { phase == PHASE_PAUSING -> move(PHASE_PAUSED) }
    :: d_step { phase == PHASE_PAUSED -> move(PHASE_ABORTED) }   /* its longest time */
    :: d_step { phase == PHASE_STOPPING -> move(PHASE_STOPPED) }

    /* Nothing is left to do: then every command has its end, every session too, and both sides agree. */
    :: timeout ->
        assert(online && greeted && ready && live_epoch == epoch);
        assert(!UNFINISHED(0) && !UNFINISHED(1) && !UNFINISHED(2) && !UNFINISHED(3));
        assert(!made[0] || !ses_live[session[0]]);
        assert(!made[1] || !ses_live[session[1]]);
        break
    od
}
