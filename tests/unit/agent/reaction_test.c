/* From the first reading that shows a danger to outputs that are off: never longer than the table of the
 * interlocks says, in every phase of a session and at every moment of it. */
#include <criterion/criterion.h>

#include "agent_fixture.h"

#define LOOP_MS 20
#define HARD_MS 100 /* what must never take longer */
#define OFFSETS 25  /* moments of a phase at which it happens */

static void press_emergency(struct readings *r) { r->emergency_stop = true; }
static void press_stop(struct readings *r) { r->local_stop = true; }
static void trip(struct readings *r) { r->contact[CONTACT_CUTOUT].value = 1; }
static void overheat(struct readings *r) { r->water_mdegc[1].value = PROTO_WATER_MDEGC_MAX; }
static void leak(struct readings *r) { r->contact[CONTACT_LEAK].value = 1; }
static void overload(struct readings *r) { r->current_ma.value = 60000; }
static void unplug(struct readings *r) { r->water_mdegc[0].present = false; }
static void break_wire(struct readings *r) { r->water_mdegc[0].value = -40000; }
static void disagree(struct readings *r) { r->water_mdegc[0].value -= 2500; }
static void open_lid(struct readings *r) { r->contact[CONTACT_LID].value = 1; }
static void open_drain(struct readings *r) { r->contact[CONTACT_DRAIN].value = 1; }
static void fail_board(struct readings *r) { r->board_failed = true; }
static void run_dry(struct readings *r) { r->level_permille.value = 0; }

/* Not here: rows whose condition itself is a matter of time (runaway, stuck, failed heating, motors, the
 * longest session) or no reading (the loop, the journal): their figures stand in watch.h. */
static const struct {
    enum reason reason;
    void (*danger)(struct readings *r);
    bool hard;         /* within HARD_MS, everything off */
    bool heat_at_once; /* the heater in the very step, whatever the row waits for */
} dangers[] = {
    {REASON_EMERGENCY_STOP, press_emergency, true, true},
    {REASON_THERMAL_CUTOUT, trip, true, true},
    {REASON_OVER_TEMPERATURE, overheat, true, true},
    {REASON_LEAK, leak, true, true},
    {REASON_OVER_CURRENT, overload, true, false},
    {REASON_LOCAL_STOP, press_stop, true, true},
    {REASON_SENSOR_STALE, unplug, true, true},
    {REASON_SENSOR_IMPLAUSIBLE, break_wire, true, true},
    {REASON_BOARD_FAILED, fail_board, true, true},
    {REASON_LID_OPEN, open_lid, true, true},
    {REASON_DRAIN_OPEN, open_drain, true, true},
    {REASON_SENSOR_DISAGREE, disagree, false, true},
    {REASON_LEVEL_LOW, run_dry, false, true},
};
static const enum session_phase phases[] = {PHASE_STARTING, PHASE_RUNNING, PHASE_WAITING,
                                            PHASE_PAUSING,  PHASE_PAUSED,  PHASE_STOPPING};

static const struct interlock_row *row_of(enum reason reason) {
    for (int i = 0; i < INTERLOCK_COUNT; i++)
        if (interlock_rows[i].reason == (int32_t)reason) return &interlock_rows[i];
    cr_assert_fail("no row for %s", reason_names[reason]);
    return NULL;
}

static struct rig *begin(void) {
    struct rig *r = rig_new("spa-pro", 3);
    auto_free struct program *p = xcalloc(1, sizeof *p);
    fixture_program(p, &r->model);
    struct program_step *s = fixture_step(p, STEP_RUN, 60000, 40000);
    for (int i = 1; i < 6; i++) fixture_set(s, i, 60, 0);
    s = fixture_step(p, STEP_GUIDE, 120000, 40000);
    s->auto_next = true;
    for (int i = 1; i < 6; i++) fixture_set(s, i, 60, 0);
    rig_connect(r);
    rig_run(r, 2000, LOOP_MS);
    rig_start(r, fixture_id(1), p);
    return r;
}

static void reach(struct rig *r, enum session_phase phase) {
    if (phase == PHASE_STARTING) return;
    rig_run(r, 8000, LOOP_MS); /* past the filling of the tub */
    if (phase == PHASE_WAITING) rig_run(r, 60000, LOOP_MS);
    if (phase == PHASE_PAUSING || phase == PHASE_PAUSED) rig_command(r, COMMAND_PAUSE, fixture_id(1));
    if (phase == PHASE_STOPPING) rig_command(r, COMMAND_STOP, fixture_id(1));
    if (phase == PHASE_PAUSED) rig_run(r, 3000, LOOP_MS);
    cr_assert_eq(r->agent.session.r.phase, (int32_t)phase, "phase %d", r->agent.session.r.phase);
}

static void tick(struct rig *r, void (*danger)(struct readings *r)) {
    r->now.control_ms += LOOP_MS;
    r->now.mono_ms += LOOP_MS;
    r->now.wall_ms += LOOP_MS;
    r->board.ops->sensors->read(r->board.self, r->now.control_ms, &r->readings);
    danger(&r->readings);
    rig_event(r, &(struct agent_event){.type = EVENT_TICK, .readings = &r->readings});
}

/* Milliseconds from just after a reading that was still well: the first step comes a whole period later. */
static void measure(size_t i, enum session_phase phase, int offset) {
    auto_rig struct rig *r = begin();
    reach(r, phase);
    rig_run(r, offset * LOOP_MS * 3, LOOP_MS);
    if (!session_is_live(r->agent.session.r.phase)) return; /* it came to its end before */
    const struct interlock_row *row = row_of(dangers[i].reason);
    int32_t worst_ms = interlock_worst_ms(row, LOOP_MS), off_ms = -1, cold_ms = -1;
    cr_assert_eq(r->agent.verdict.action, INTERLOCK_NONE);
    for (int32_t ms = LOOP_MS; ms <= worst_ms; ms += LOOP_MS) {
        tick(r, dangers[i].danger);
        if (cold_ms < 0 && !sim_board_truth(r->board).heater_on) cold_ms = ms;
        if (off_ms < 0 && !rig_moves(r)) off_ms = ms;
    }
    const char *name = reason_names[dangers[i].reason];
    cr_assert_gt(off_ms, 0, "%s in phase %d + %d: not off within %d ms", name, phase, offset, worst_ms);
    cr_assert(!dangers[i].heat_at_once || cold_ms == LOOP_MS, "%s: heat for %d ms", name, cold_ms);
    cr_assert(!dangers[i].hard || worst_ms <= HARD_MS, "%s takes %d ms", name, worst_ms);
    bool over = !session_is_live(r->agent.session.r.phase); /* a stop may have come to its end meanwhile */
    cr_assert(over || r->agent.verdict.action == row->action, "%s does nothing in phase %d + %d", name, phase,
              offset);
}

Test(reaction, every_danger_is_off_within_what_its_row_promises_in_every_phase, .timeout = 120) {
    for (size_t i = 0; i < COUNT_OF(dangers); i++)
        for (size_t p = 0; p < COUNT_OF(phases); p++)
            for (int offset = 0; offset < (phases[p] == PHASE_STARTING ? 1 : OFFSETS); offset += 6)
                measure(i, phases[p], offset);
}

Test(reaction, every_row_is_measured_or_known_to_be_slow) {
    static const enum reason slow[] = {REASON_HEATING_RUNAWAY, REASON_MOTOR_FAULT,  REASON_MAX_TIME,
                                       REASON_LOOP_OVERRUN,    REASON_SENSOR_STUCK, REASON_HEATING_FAILED,
                                       REASON_JOURNAL};
    unsigned seen = 0, all = 0;
    for (int i = 0; i < INTERLOCK_COUNT; i++) all |= 1u << interlock_rows[i].reason;
    for (size_t i = 0; i < COUNT_OF(slow); i++) seen |= 1u << slow[i];
    for (size_t i = 0; i < COUNT_OF(dangers); i++) seen |= 1u << dangers[i].reason;
    cr_expect_eq(seen, all);
}
