#include "base/auto.h"
#include "device-agent/board/template.h"
#include "subject.h"

static void prepare(struct subject *s) {
    struct template_hardware *hw = s->hardware = xcalloc(1, sizeof *hw);
    pthread_mutex_init(&hw->lock, NULL);
    for (int i = 0; i < s->model.n_actuators; i++)
        for (int c = 0; c < subject_cells(s, i); c++) hw->drive_permille[i][c] = 500;
    hw->level_permille = 800;
    hw->current_ma = 60;
    for (size_t i = 0; i < COUNT_OF(hw->answers); i++) hw->answers[i] = true;
}
static bool open_board(struct subject *s, char error[256]) {
    return template_board_open(&s->model, s->hardware, &s->board, error);
}
static void finish(struct subject *s) {
    struct template_hardware *hw = s->hardware;
    pthread_mutex_destroy(&hw->lock);
    free(hw);
}

/* One value of the hardware, read or, with set, written. */
static int32_t look(struct subject *s, int32_t *value, bool set, int32_t to) {
    struct template_hardware *hw = s->hardware;
    pthread_mutex_lock(&hw->lock);
    if (set) *value = to;
    int32_t is = *value;
    pthread_mutex_unlock(&hw->lock);
    return is;
}
static void put(struct subject *s, bool *value, bool to) {
    struct template_hardware *hw = s->hardware;
    pthread_mutex_lock(&hw->lock);
    *value = to;
    pthread_mutex_unlock(&hw->lock);
}

static int32_t drive(struct subject *s, int channel, int cell) {
    struct template_hardware *hw = s->hardware;
    if (hw->refuses) return -1;
    return look(s, &hw->drive_permille[channel][cell], false, 0);
}
static int64_t writes(struct subject *s) {
    struct template_hardware *hw = s->hardware;
    return look(s, &hw->writes, false, 0);
}
static void set_water(struct subject *s, int32_t mdegc) {
    struct template_hardware *hw = s->hardware;
    for (int i = 0; i < WATER_SENSORS_MAX; i++) look(s, &hw->water_mdegc[i], true, mdegc);
}
static void break_wire(struct subject *s, int sensor) {
    struct template_hardware *hw = s->hardware;
    put(s, &hw->answers[sensor], false);
}
static void silence(struct subject *s, bool silent) {
    struct template_hardware *hw = s->hardware;
    for (size_t i = 0; i < COUNT_OF(hw->answers); i++) put(s, &hw->answers[i], !silent);
}
static void break_outputs(struct subject *s, bool broken) {
    struct template_hardware *hw = s->hardware;
    put(s, &hw->refuses, broken);
}
static void press(struct subject *s, enum subject_button button, bool pressed) {
    struct template_hardware *hw = s->hardware;
    put(s, button == EMERGENCY_STOP ? &hw->emergency_stop : &hw->local_stop, pressed);
}

static void set_contact(struct subject *s, enum contact contact, bool active) {
    struct template_hardware *hw = s->hardware;
    look(s, &hw->contact[contact], true, active);
}
static void lose_contacts(struct subject *s, bool lost) {
    struct template_hardware *hw = s->hardware;
    for (int i = 0; i < CONTACT_COUNT; i++) put(s, &hw->answers[TEMPLATE_CONTACT + i], !lost);
}
static void turn_jets(struct subject *s, bool turns) {
    struct template_hardware *hw = s->hardware;
    look(s, &hw->motion_permille[1], true, turns ? 500 : 0);
}

const struct subject_ops subject_template = {
    false,     false,      0,       prepare,       open_board, finish,      drive,         writes,
    set_water, break_wire, silence, break_outputs, press,      set_contact, lose_contacts, turn_jets};
