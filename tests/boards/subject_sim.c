#include "device-agent/board/sim.h"
#include "subject.h"

static void prepare(struct subject *s) { (void)s; }
static bool open_board(struct subject *s, char error[256]) {
    (void)error;
    s->board = sim_board_new(&s->model, 1);
    return true;
}
static void finish(struct subject *s) { (void)s; }

/* After it was closed the hardware is gone, too. */
static int32_t drive(struct subject *s, int channel, int cell) {
    if (!s->is_open) return 0;
    struct outputs o = sim_board_truth(s->board).outputs;
    return channel == subject_heater(s) ? o.heater_permille : o.level[channel][cell] * 10;
}
static int64_t writes(struct subject *s) {
    (void)s;
    return 0;
}
static void set_water(struct subject *s, int32_t mdegc) { sim_board_water(s->board, mdegc); }
static void break_wire(struct subject *s, int sensor) {
    sim_board_inject(s->board, SIM_FAULT_SENSOR_MISSING, 1 << sensor);
}
static void silence(struct subject *s, bool silent) {
    sim_board_inject(s->board, SIM_FAULT_SENSOR_STALE, silent ? 3 : 0);
    sim_board_inject(s->board, SIM_FAULT_LEVEL_STALE, silent);
    sim_board_inject(s->board, SIM_FAULT_CURRENT_STALE, silent);
}
static void break_outputs(struct subject *s, bool broken) {
    sim_board_inject(s->board, SIM_FAULT_APPLY_FAILS, broken);
}
static void press(struct subject *s, enum subject_button button, bool pressed) {
    if (button == EMERGENCY_STOP)
        s->board.ops->buttons->emergency_stop(s->board.self, pressed);
    else if (pressed)
        s->board.ops->buttons->local_stop(s->board.self);
}

static void set_contact(struct subject *s, enum contact contact, bool active) {
    static const enum sim_fault faults[CONTACT_COUNT] = {SIM_FAULT_LEAK, SIM_FAULT_LID_OPEN,
                                                         SIM_FAULT_DRAIN_OPEN, SIM_FAULT_CUTOUT};
    sim_board_inject(s->board, faults[contact], active);
}
static void lose_contacts(struct subject *s, bool lost) {
    sim_board_inject(s->board, SIM_FAULT_CONTACT_MISSING, lost ? 15 : 0);
}
static void turn_jets(struct subject *s, bool turns) {
    sim_board_inject(s->board, SIM_FAULT_MOTOR_RUNS_ON, turns ? 1 << 1 : 0);
}

const struct subject_ops subject_sim = {
    false,     true,       200,     prepare,       open_board, finish,      drive,         writes,
    set_water, break_wire, silence, break_outputs, press,      set_contact, lose_contacts, turn_jets};
