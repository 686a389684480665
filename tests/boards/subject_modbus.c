/* The modbus board with a control board behind a pseudo-terminal (RTU) or on TCP. */
#include <stdio.h>

#include "control_board.h"
#include "device-agent/board/modbus/board.h"
#include "subject.h"

static int32_t switches;

static void prepare_rtu(struct subject *s) { s->hardware = control_new(false); }
static void prepare_tcp(struct subject *s) { s->hardware = control_new(true); }

static bool open_board(struct subject *s, char error[256]) {
    auto_buf struct buf text = BUF_INIT;
    struct field_errors errors = {0};
    auto_free struct modbus_description *d = xcalloc(1, sizeof *d);
    control_description(s->hardware, &text, &s->model);
    if (modbus_description_parse(text.data, text.len, &s->model, d, &errors))
        return modbus_board_open(&s->model, d, &s->board, error);
    snprintf(error, 256, "%s: %s", errors.list[0].pointer, errors.list[0].detail);
    return false;
}
static void finish(struct subject *s) { control_free(s->hardware); }

static int32_t drive(struct subject *s, int channel, int cell) {
    int address = 0;
    for (int i = 0; i < channel; i++) address += subject_cells(s, i);
    return control_output(s->hardware, address + cell);
}
static int64_t writes(struct subject *s) { return control_writes(s->hardware); }
static void set_water(struct subject *s, int32_t mdegc) {
    control_set_input(s->hardware, CONTROL_WATER_0, mdegc / 10);
    control_set_input(s->hardware, CONTROL_WATER_1, mdegc / 10);
}
static void break_wire(struct subject *s, int sensor) {
    control_set_input(s->hardware, sensor ? CONTROL_WATER_1 : CONTROL_WATER_0, -32768);
}
static void silence(struct subject *s, bool silent) {
    control_set_mode(s->hardware, silent ? CONTROL_REFUSES_READS : CONTROL_ANSWERS);
}
static void break_outputs(struct subject *s, bool broken) {
    control_set_mode(s->hardware, broken ? CONTROL_REFUSES_WRITES : CONTROL_ANSWERS);
}
static void press(struct subject *s, enum subject_button button, bool pressed) {
    int32_t bit = button == EMERGENCY_STOP ? 1 : 2;
    switches = pressed ? switches | bit : switches & ~bit;
    control_set_input(s->hardware, CONTROL_SWITCHES, switches);
}

static void set_contact(struct subject *s, enum contact contact, bool active) {
    int32_t bit = 4 << contact;
    switches = active ? switches | bit : switches & ~bit;
    control_set_input(s->hardware, CONTROL_SWITCHES, switches);
}
static void lose_contacts(struct subject *s, bool lost) { silence(s, lost); }
static void turn_jets(struct subject *s, bool turns) {
    control_set_input(s->hardware, CONTROL_JETS, turns ? 500 : 0);
}

const struct subject_ops subject_modbus_rtu = {
    true,      false,      10,      prepare_rtu,   open_board, finish,      drive,         writes,
    set_water, break_wire, silence, break_outputs, press,      set_contact, lose_contacts, turn_jets};
const struct subject_ops subject_modbus_tcp = {
    true,      false,      10,      prepare_tcp,   open_board, finish,      drive,         writes,
    set_water, break_wire, silence, break_outputs, press,      set_contact, lose_contacts, turn_jets};
