/* Physics in doubles and small steps; whatever the sensors say of it is whole numbers. Nothing here
 * protects the guest but the watchdog and the emergency stop's own contact, as on a real board: the
 * interlocks are the core's. */
#include "device-agent/board/sim.h"

#include <string.h>

#include "base/auto.h"
#include "device-agent/board/outputs.h"

#define STEP_MAX_MS 100
#define GAP_MAX_MS 600000    /* a longer silence is not made up for */
#define JOULE_PER_ML_K 4.186 /* to warm one ml of water by one degree */
#define LOSS_W_PER_K 3.0     /* through the tub's wall and surface */
#define FILL_PERMILLE_PER_S 60.0
#define DRAIN_PERMILLE_PER_S 10.0
#define LEAK_PERMILLE_PER_S 300.0
#define RINSE_S 60.0    /* between sessions the water goes back to the tap's mix in this time */
#define IDLE_MA 60      /* fans and valves, motors at rest */
#define MOTOR_SHARE 0.7 /* of current_max_ma, at full level */
#define BROKEN_WIRE_MDEGC (-40000)

struct sensor {
    struct reading reading;
    int32_t bias, stuck_at;
};

struct sim {
    const struct model *model;
    uint64_t rng;
    int64_t now_ms, applied_ms;
    bool started;
    double water_c, level; /* level in permille */
    struct outputs outputs;
    bool emergency_stop, local_stop;
    int fault[SIM_FAULT_COUNT];
    struct sensor water[WATER_SENSORS_MAX], height, current, motion[PROTO_ACTUATORS_MAX];
};

/* splitmix64: good enough for noise, and any seed will do. */
static uint64_t draw(struct sim *s) {
    uint64_t z = s->rng += 0x9e3779b97f4a7c15ULL;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

static int32_t noise(struct sim *s, int32_t amplitude) {
    return (int32_t)(draw(s) % (uint64_t)(2 * amplitude + 1)) - amplitude;
}

static double standby(const struct sim *s) { return s->model->level_min_permille + SIM_STANDBY_PERMILLE; }

/* ---- physics ---- */

static bool is_powered(const struct sim *s) { return !s->emergency_stop && !s->fault[SIM_FAULT_APPLY_FAILS]; }

static double heater_w(const struct sim *s) {
    int32_t duty = is_powered(s) ? s->outputs.heater_permille : 0;
    if (s->fault[SIM_FAULT_HEATER_STUCK_ON]) duty = 1000;
    if (s->fault[SIM_FAULT_HEATER_DEAD] || s->fault[SIM_FAULT_CUTOUT]) duty = 0;
    return s->model->heater_w * duty / 1000.0;
}

static double motor_level(const struct sim *s, int channel) { /* mean over its cells, 0 to 1 */
    const struct actuator *a = &s->model->actuators[channel];
    double sum = 0;
    for (int c = 0; c < a->cells && c < PROTO_CELLS_MAX; c++) sum += s->outputs.level[channel][c];
    return sum / 100 / a->cells;
}

static double motors_ma(const struct sim *s) {
    double ma = 0;
    for (int i = 0; i < s->model->n_actuators && is_powered(s); i++) {
        const struct actuator *a = &s->model->actuators[i];
        if (a->kind == ACTUATOR_HEATER) continue;
        double level = motor_level(s, i);
        if (s->fault[SIM_FAULT_MOTOR_RUNS_ON] & (1 << i)) level = 1;
        bool held = level > 0 && (s->fault[SIM_FAULT_MOTOR_STALLED] & (1 << i));
        ma += a->current_max_ma * (held ? 1 : MOTOR_SHARE * level);
    }
    return ma;
}

/* The fastest of its cells. */
static int32_t motion_permille(const struct sim *s, int channel) {
    int32_t most = 0;
    for (int c = 0; c < PROTO_CELLS_MAX && is_powered(s); c++)
        if (s->outputs.level[channel][c] > most) most = s->outputs.level[channel][c];
    if (s->fault[SIM_FAULT_MOTOR_STALLED] & (1 << channel)) return 0;
    return s->fault[SIM_FAULT_MOTOR_RUNS_ON] & (1 << channel) ? 1000 : most * 10;
}

static double approach(double from, double to, double by) {
    if (from < to) return from + by < to ? from + by : to;
    return from - by > to ? from - by : to;
}

static void move_level(struct sim *s, double dt_s) {
    if (s->fault[SIM_FAULT_LEVEL_LOW]) {
        s->level = approach(s->level, 0, LEAK_PERMILLE_PER_S * dt_s);
        return;
    }
    double want = s->outputs.session ? SIM_FULL_PERMILLE : standby(s);
    if (want > 1000) want = 1000;
    double before = s->level;
    s->level = approach(before, want, (want > before ? FILL_PERMILLE_PER_S : DRAIN_PERMILLE_PER_S) * dt_s);
    double fresh = s->level - before; /* the tap's mix comes in on top of what is there */
    if (fresh > 0) s->water_c += (SIM_TAP_MDEGC / 1000.0 - s->water_c) * fresh / s->level;
}

static void move_heat(struct sim *s, double dt_s) {
    /* An empty tub would boil at once: the last of the water stands for the heater's own mass. */
    double ml = s->model->tub_ml * (s->level > 50 ? s->level : 50) / 1000.0;
    if (ml <= 0) return;
    double watts = heater_w(s) - LOSS_W_PER_K * (s->water_c - SIM_ROOM_MDEGC / 1000.0);
    s->water_c += watts * dt_s / (ml * JOULE_PER_ML_K);
    if (s->water_c > 100) s->water_c = 100;
    bool rinsing = !s->outputs.session && !s->fault[SIM_FAULT_HEATER_STUCK_ON];
    if (rinsing) s->water_c += (SIM_TAP_MDEGC / 1000.0 - s->water_c) * dt_s / RINSE_S;
}

static void off(struct outputs *o) {
    memset(o->level, 0, sizeof o->level);
    o->heater_permille = 0;
}

static void move(struct sim *s, int64_t now_ms) {
    int64_t gap_ms = now_ms - s->now_ms;
    if (!s->started || gap_ms < 0 || gap_ms > GAP_MAX_MS) {
        gap_ms = 0;
        s->applied_ms = now_ms;
    }
    int64_t at_ms = now_ms - gap_ms;
    while (at_ms < now_ms) {
        int64_t dt_ms = now_ms - at_ms < STEP_MAX_MS ? now_ms - at_ms : STEP_MAX_MS;
        if (at_ms - s->applied_ms >= SIM_WATCHDOG_MS) off(&s->outputs);
        move_level(s, (double)dt_ms / 1000);
        move_heat(s, (double)dt_ms / 1000);
        at_ms += dt_ms;
    }
    s->now_ms = now_ms;
    s->started = true;
}

/* ---- sensors ---- */

static bool is_due(const struct sensor *t, int64_t now_ms) {
    return !t->reading.present || now_ms - t->reading.at_ms >= SIM_MEASURE_MS || now_ms < t->reading.at_ms;
}

static void take(struct sensor *t, int64_t now_ms, int32_t value) {
    if (is_due(t, now_ms)) t->reading = (struct reading){value, now_ms, true};
}

static void measure_water(struct sim *s, int i, struct reading *ret) {
    static const enum sim_fault offsets[WATER_SENSORS_MAX] = {SIM_FAULT_SENSOR_OFFSET_0,
                                                              SIM_FAULT_SENSOR_OFFSET_1};
    struct sensor *t = &s->water[i];
    int bit = 1 << i;
    int32_t value = (int32_t)(s->water_c * 1000) + t->bias + noise(s, SIM_NOISE_MDEGC);
    if (s->fault[SIM_FAULT_SENSOR_STUCK] & bit) value = t->stuck_at;
    value += s->fault[offsets[i]];
    if (s->fault[SIM_FAULT_SENSOR_IMPLAUSIBLE] & bit) value = BROKEN_WIRE_MDEGC;
    if (!(s->fault[SIM_FAULT_SENSOR_STALE] & bit)) take(t, s->now_ms, value);
    *ret = t->reading;
    if (s->fault[SIM_FAULT_SENSOR_MISSING] & bit) *ret = (struct reading){0};
}

static void measure_inputs(struct sim *s, struct readings *ret) {
    static const enum sim_fault faults[CONTACT_COUNT] = {[CONTACT_LEAK] = SIM_FAULT_LEAK,
                                                         [CONTACT_LID] = SIM_FAULT_LID_OPEN,
                                                         [CONTACT_DRAIN] = SIM_FAULT_DRAIN_OPEN,
                                                         [CONTACT_CUTOUT] = SIM_FAULT_CUTOUT};
    for (int i = 0; i < CONTACT_COUNT; i++) { /* contacts have no conversion time */
        if (s->fault[SIM_FAULT_CONTACT_MISSING] & (1 << i)) continue;
        ret->contact[i] = (struct reading){s->fault[faults[i]] != 0, s->now_ms, true};
    }
    for (int i = 0; i < s->model->n_actuators; i++) {
        if (s->model->actuators[i].kind == ACTUATOR_HEATER) continue;
        take(&s->motion[i], s->now_ms, motion_permille(s, i));
        ret->motion_permille[i] = s->motion[i].reading;
    }
}

static void sim_read(void *board, int64_t now_ms, struct readings *ret) {
    struct sim *s = board;
    move(s, now_ms);
    *ret = (struct readings){.emergency_stop = s->emergency_stop, .local_stop = s->local_stop};
    s->local_stop = false;
    for (int i = 0; i < s->model->water_sensors && i < WATER_SENSORS_MAX; i++)
        measure_water(s, i, &ret->water_mdegc[i]);
    int32_t level = (int32_t)s->level + noise(s, 3), ma = (int32_t)motors_ma(s);
    ma += IDLE_MA + noise(s, 5 + ma / 50) + s->fault[SIM_FAULT_OVER_CURRENT];
    if (!s->fault[SIM_FAULT_LEVEL_STALE])
        take(&s->height, now_ms, level < 0 ? 0 : level > 1000 ? 1000 : level);
    if (!s->fault[SIM_FAULT_CURRENT_STALE]) take(&s->current, now_ms, ma);
    ret->current_ma = s->current.reading;
    measure_inputs(s, ret);
    if (!s->fault[SIM_FAULT_LEVEL_MISSING]) ret->level_permille = s->height.reading;
}

/* ---- actuators and buttons ---- */

static void sim_safe(void *board) {
    struct sim *s = board;
    off(&s->outputs);
}

static bool sim_apply(void *board, const struct outputs *wanted) {
    struct sim *s = board;
    struct outputs accepted;
    bool known = outputs_accept(s->model, wanted, &accepted);
    if (s->fault[SIM_FAULT_APPLY_FAILS]) {
        sim_safe(s);
        return false;
    }
    s->outputs = accepted;
    s->applied_ms = s->now_ms;
    return known;
}

static void sim_local_stop(void *board) {
    struct sim *s = board;
    s->local_stop = true;
}

static void sim_emergency_stop(void *board, bool pressed) {
    struct sim *s = board;
    s->emergency_stop = pressed;
}

static bool sim_is_emergency_stop(void *board) {
    const struct sim *s = board;
    return s->emergency_stop;
}

static void sim_free(void *board) { free(board); }

static const struct hal_sensors sensors = {.read = sim_read};
static const struct hal_actuators actuators = {.apply = sim_apply, .safe = sim_safe};
static const struct hal_buttons buttons = {.local_stop = sim_local_stop,
                                           .emergency_stop = sim_emergency_stop,
                                           .is_emergency_stop = sim_is_emergency_stop};
static const struct hal_board ops = {
    .name = "sim", .sensors = &sensors, .actuators = &actuators, .buttons = &buttons, .free = sim_free};

struct board sim_board_new(const struct model *model, uint64_t seed) {
    struct sim *s = xcalloc(1, sizeof *s);
    s->model = model;
    s->rng = seed;
    s->water_c = SIM_TAP_MDEGC / 1000.0;
    s->level = standby(s) < 1000 ? standby(s) : 1000;
    for (int i = 0; i < WATER_SENSORS_MAX; i++) s->water[i].bias = noise(s, 50);
    return (struct board){.ops = &ops, .self = s};
}

/* ---- for tests ---- */

void sim_board_inject(struct board board, enum sim_fault fault, int value) {
    struct sim *s = board.self;
    if (fault == SIM_FAULT_SENSOR_STUCK)
        for (int i = 0; i < WATER_SENSORS_MAX; i++)
            if (value & ~s->fault[fault] & (1 << i)) s->water[i].stuck_at = s->water[i].reading.value;
    s->fault[fault] = value;
}

void sim_board_heal(struct board board) {
    struct sim *s = board.self;
    memset(s->fault, 0, sizeof s->fault);
}

void sim_board_water(struct board board, int32_t water_mdegc) {
    struct sim *s = board.self;
    s->water_c = water_mdegc / 1000.0;
}

struct sim_truth sim_board_truth(struct board board) {
    const struct sim *s = board.self;
    double ma = motors_ma(s);
    return (struct sim_truth){.water_mdegc = (int32_t)(s->water_c * 1000),
                              .level_permille = (int32_t)s->level,
                              .current_ma = (int32_t)ma,
                              .heater_w = (int32_t)heater_w(s),
                              .heater_on = is_powered(s) && s->outputs.heater_permille > 0,
                              .motors_on = ma > 0,
                              .outputs = s->outputs};
}
