/* What the agent's tests share: models from the catalogue, programs built step by step, and a rig:
 * one agent on a simulated board with a journal in memory, driven by a clock of its own. */
#ifndef PEDILUVE_TESTS_AGENT_FIXTURE_H
#define PEDILUVE_TESTS_AGENT_FIXTURE_H

#include "device-agent/board/sim.h"
#include "device-agent/core/agent.h"

void fixture_model(const char *id, struct model *ret);
struct uuid fixture_id(uint32_t n); /* the same n, the same id */

/* A program without steps: all that the model allows. */
void fixture_program(struct program *p, const struct model *m);
struct program_step *fixture_step(struct program *p, enum step_kind kind, int32_t ms, int32_t water_mdegc);
struct setpoint *fixture_set(struct program_step *s, int channel, int level, int32_t ramp_ms);
/* Warm water, a massage with everything the model has, a guided step, a rest: about two minutes. */
void fixture_routine(struct program *p, const struct model *m);

enum rig_journal { RIG_JOURNAL_NOW, RIG_JOURNAL_HELD, RIG_JOURNAL_FAILS };

struct rig {
    struct model model;
    struct board board;
    struct agent agent;
    struct agent_recovered disk;
    struct moment now;
    enum rig_journal journal;
    const struct agent_write *write; /* on its way */
    struct readings readings;        /* of the last tick */
    bool board_failed;               /* its last apply said false */
    struct message_command command;  /* the last one sent */
    uint32_t boots;
    int64_t seq;
    int n_acks, n_states, n_hellos, n_writes;
    int64_t n_samples;
    struct message_answer acks[256];
    bool reported; /* the last ack had checks: report */
    struct self_test_report report;
    struct message_state state; /* the last one, also from a hello */
    struct message_sample sample;
    void (*check)(const struct rig *r); /* after every actuator change, unless NULL */
};

struct rig *rig_new(const char *model, uint64_t seed);
void rig_free(struct rig *r);
AUTO_DEFINE(struct rig *, rig_free)
#define auto_rig auto_call(rig_free_p)

void rig_event(struct rig *r, const struct agent_event *event);
void rig_tick(struct rig *r, int32_t dt_ms); /* all three clocks move together */
void rig_run(struct rig *r, int32_t ms, int32_t dt_ms);
/* Until the phase is there; fails the test after so long. */
void rig_until(struct rig *r, enum session_phase phase, int32_t within_ms);
void rig_connect(struct rig *r); /* and the server has answered its hello */
/* The journal answers what is on its way, well or badly. */
void rig_journal(struct rig *r, bool ok);
/* Off at once, nothing flushed; comes up again after off_ms of real time, not connected. */
void rig_power_loss(struct rig *r, int32_t off_ms);

/* A command for that session, made by fill (or NULL), numbered and with the present epoch. */
void rig_prepare(struct rig *r, enum command_type type, struct uuid session);
void rig_send(struct rig *r); /* what rig_prepare made, as changed since */
void rig_command(struct rig *r, enum command_type type, struct uuid session);
void rig_start(struct rig *r, struct uuid session, const struct program *p);
const struct message_answer *rig_ack(const struct rig *r); /* the newest one of the last command, or NULL */
int rig_count_acks(const struct rig *r, const struct uuid *command_id);
bool rig_moves(const struct rig *r); /* a motor or the heater is on */

#endif
