#include "device-agent/runtime/self_test.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "device-agent/core/interlock.h"

#define LOOK_MS 3000      /* at the sensors, before anything is driven */
#define FILL_MS 30000     /* for water to come in where the unit fills itself */
#define STEADY_PERMILLE 5 /* a level that changes less within LOOK_MS stands still */
#define BASE_MS 600
#define RAMP_MS 500 /* at least */
#define HOLD_MS 1500
#define SETTLE_MS 500 /* of HOLD_MS, before the current counts */
#define STOP_MS 3000  /* for the current to go away again */
#define NOTICE_MA 10  /* less is noise */
#define LAG_MS 5000   /* of the water's warmth on its way to the sensor */
#define AVERAGE_MS 1000

struct run {
    const struct self_test *test;
    const struct model *model;
    struct self_test_report *report;
    int64_t now_ms;
    struct readings readings;
    struct outputs outputs;
    const char *halted; /* why nothing more is driven; NULL: go on */
    bool driving;       /* a hazard ends the test; before, it is only reported */
    bool wet;           /* water was seen */
};

/* ---- the report ---- */

__attribute__((format(printf, 4, 5))) static void say(struct run *t, const char *name,
                                                      enum self_test_result result, const char *fmt, ...) {
    if (t->report->n == SELF_TEST_CHECKS_MAX) return;
    struct self_test_check *c = &t->report->checks[t->report->n++];
    snprintf(c->name, sizeof c->name, "%s", name);
    c->result = result;
    va_list args;
    va_start(args, fmt);
    vsnprintf(c->detail, sizeof c->detail, fmt, args);
    va_end(args);
    if (t->test->said) t->test->said(t->test->context, c);
}

const char *self_test_result_name(enum self_test_result result) {
    static const char *const names[] = {"passed", "failed", "skipped"};
    return names[result];
}

enum self_test_result self_test_verdict(const struct self_test_report *r) {
    enum self_test_result verdict = SELF_TEST_PASSED;
    for (int32_t i = 0; i < r->n; i++) {
        if (r->checks[i].result == SELF_TEST_FAILED) return SELF_TEST_FAILED;
        if (r->checks[i].result == SELF_TEST_SKIPPED) verdict = SELF_TEST_SKIPPED;
    }
    return verdict;
}

void self_test_write(struct jsonw *w, const struct self_test *test, const struct self_test_report *r) {
    jsonw_object(w, NULL);
    jsonw_str(w, "board", test->board.ops->name);
    jsonw_str(w, "model", test->model->id);
    jsonw_str(w, "result", self_test_result_name(self_test_verdict(r)));
    jsonw_array(w, "checks");
    for (int32_t i = 0; i < r->n; i++) {
        jsonw_object(w, NULL);
        jsonw_str(w, "name", r->checks[i].name);
        jsonw_str(w, "result", self_test_result_name(r->checks[i].result));
        jsonw_str(w, "detail", r->checks[i].detail);
        jsonw_object_end(w);
    }
    jsonw_array_end(w);
    jsonw_object_end(w);
}

/* ---- one control step ---- */

static bool is_fresh(const struct run *t, const struct reading *r) {
    return r->present && t->now_ms - r->at_ms <= WATCH_STALE_MS;
}

static void all_off(struct run *t) {
    bool session = t->outputs.session;
    t->outputs = (struct outputs){.session = session};
}

static void halt(struct run *t, const char *why) {
    if (!t->halted) t->halted = why;
    t->outputs = (struct outputs){0};
}

static const struct {
    const char *name, *active;
} contacts[CONTACT_COUNT] = {
#define X(c, name, active) {"contact/" name, active},
    CONTACTS(X)
#undef X
};

/* A test has no interlocks before it, so it keeps the hard ones itself. The heater's own thermostat keeps
 * only the heater off: no_heat. */
static const char *hazard(const struct run *t) {
    const struct readings *r = &t->readings;
    if (r->emergency_stop) return "the emergency stop is pressed";
    if (r->local_stop) return "the stop key was pressed";
    for (int i = 0; i < t->model->water_sensors && i < WATER_SENSORS_MAX; i++)
        if (r->water_mdegc[i].present && r->water_mdegc[i].value >= INTERLOCK_WATER_MAX_MDEGC)
            return "the water is too hot";
    for (int i = 0; i < CONTACT_COUNT; i++)
        if (i != CONTACT_CUTOUT && r->contact[i].present && r->contact[i].value) return contacts[i].active;
    return NULL;
}

static void step(struct run *t) {
    const struct self_test *test = t->test;
    if (!test->wait(test->context, test->step_ms, &t->now_ms)) halt(t, "it was ended");
    test->board.ops->sensors->read(test->board.self, t->now_ms, &t->readings);
    const char *why = t->driving ? hazard(t) : NULL;
    if (why) halt(t, why);
    if (!test->board.ops->actuators->apply(test->board.self, &t->outputs))
        halt(t, "the board cannot drive its outputs");
}

static void steps(struct run *t, int32_t ms) {
    for (int64_t until_ms = t->now_ms + ms; t->now_ms < until_ms && !t->halted;) step(t);
}

struct mean {
    int64_t sum, last_ms;
    int32_t n;
};

/* Each measurement once, however often it is read. */
static void mean_add(struct mean *m, const struct reading *r) {
    if (!r->present || (m->n > 0 && r->at_ms == m->last_ms)) return;
    m->sum += r->value;
    m->last_ms = r->at_ms;
    m->n++;
}

static int32_t mean_value(const struct mean *m) { return m->n > 0 ? (int32_t)(m->sum / m->n) : 0; }

static int32_t mean_current(struct run *t, int32_t ms) {
    struct mean m = {0};
    for (int64_t until_ms = t->now_ms + ms; t->now_ms < until_ms && !t->halted;) {
        step(t);
        mean_add(&m, &t->readings.current_ma);
    }
    return mean_value(&m);
}

/* ---- sensors ---- */

static void check_sensor(struct run *t, const char *name, const struct reading *r, int32_t least,
                         int32_t most, const char *unit) {
    if (!r->present)
        say(t, name, SELF_TEST_FAILED, "does not answer");
    else if (!is_fresh(t, r))
        say(t, name, SELF_TEST_FAILED, "measures no more");
    else if (r->value < least || r->value > most)
        say(t, name, SELF_TEST_FAILED, "%d %s is not plausible", r->value, unit);
    else
        say(t, name, SELF_TEST_PASSED, "%d %s", r->value, unit);
}

static bool measures_current(const struct model *m) {
    for (int i = 0; i < m->n_actuators; i++)
        if (m->actuators[i].kind != ACTUATOR_HEATER && m->actuators[i].current_max_ma > 0) return true;
    return false;
}

static bool is_twin_far(const struct run *t) {
    const struct reading *water = t->readings.water_mdegc;
    int32_t apart = water[0].value - water[1].value;
    return t->model->water_sensors > 1 && (apart > WATCH_DISAGREE_MDEGC || apart < -WATCH_DISAGREE_MDEGC);
}

static void check_sensors(struct run *t) {
    const struct reading *water = t->readings.water_mdegc;
    char name[16];
    for (int i = 0; i < t->model->water_sensors && i < WATER_SENSORS_MAX && t->model->tub_ml > 0; i++) {
        snprintf(name, sizeof name, "water/%d", i + 1);
        check_sensor(t, name, &water[i], WATCH_PLAUSIBLE_MIN_MDEGC, WATCH_PLAUSIBLE_MAX_MDEGC, "mdegC");
    }
    if (t->model->water_sensors > 1 && t->model->tub_ml > 0 && water[0].present && water[1].present) {
        say(t, "water/agreement", is_twin_far(t) ? SELF_TEST_FAILED : SELF_TEST_PASSED, "%d mdegC apart",
            water[0].value - water[1].value);
    }
    if (t->model->tub_ml > 0)
        check_sensor(t, "level", &t->readings.level_permille, 0, WATCH_LEVEL_MAX_PERMILLE, "permille");
    if (measures_current(t->model))
        check_sensor(t, "current", &t->readings.current_ma, 0, WATCH_CURRENT_FLOOR_MA, "mA at rest");
    say(t, "emergency_stop", t->readings.emergency_stop ? SELF_TEST_FAILED : SELF_TEST_PASSED, "%s",
        t->readings.emergency_stop ? "is pressed: release it" : "released");
}

static void check_contacts(struct run *t) {
    for (int i = 0; i < CONTACT_COUNT; i++) {
        const struct reading *r = &t->readings.contact[i];
        if (!r->present) continue;
        if (!is_fresh(t, r))
            say(t, contacts[i].name, SELF_TEST_FAILED, "cannot be read");
        else if (r->value)
            say(t, contacts[i].name, SELF_TEST_FAILED, "%s", contacts[i].active);
        else
            say(t, contacts[i].name, SELF_TEST_PASSED, "well");
    }
}

/* ---- water ---- */

static bool has_water(const struct run *t) {
    const struct reading *r = &t->readings.level_permille;
    return is_fresh(t, r) && r->value >= t->model->level_min_permille && r->value <= 1000;
}

/* Some units fill themselves when a session begins: waits until the level stands still. */
static void wait_for_water(struct run *t) {
    if (t->model->tub_ml == 0) return;
    t->outputs.session = true;
    for (int64_t until_ms = t->now_ms + FILL_MS; t->now_ms < until_ms && !t->halted;) {
        int32_t before = t->readings.level_permille.value;
        steps(t, LOOK_MS);
        int32_t more = t->readings.level_permille.value - before;
        if (more <= STEADY_PERMILLE && more >= -STEADY_PERMILLE) break;
    }
    t->wet = has_water(t);
}

/* ---- motors ---- */

static int32_t current_limit(const struct actuator *a) { return WATCH_CURRENT_FLOOR_MA + a->current_max_ma; }

/* Up slowly, as the model wants; false: it drew too much. */
static bool ramp(struct run *t, int channel, int cell, int32_t level) {
    const struct actuator *a = &t->model->actuators[channel];
    int32_t ms = a->ramp_min_ms * level / 100 > RAMP_MS ? a->ramp_min_ms * level / 100 : RAMP_MS;
    int64_t from_ms = t->now_ms;
    while (t->now_ms - from_ms < ms + SETTLE_MS && !t->halted) {
        int64_t now = (t->now_ms - from_ms) * level / ms;
        t->outputs.level[channel][cell] = (uint8_t)(now > level ? level : now < 1 ? 1 : now);
        step(t);
        if (a->current_max_ma > 0 && t->readings.current_ma.value > current_limit(a)) return false;
    }
    return true;
}

/* What one cell did while it was driven. */
struct trial {
    const char *name;
    const struct actuator *a;
    int channel;
    int32_t level, base_ma, driven_ma;
    bool draws, sees; /* its current is measured; a sensor sees it turn */
    bool turned;
};

static bool turns(const struct run *t, int channel) {
    const struct reading *r = &t->readings.motion_permille[channel];
    return is_fresh(t, r) && r->value >= WATCH_MOVES_PERMILLE;
}

static int32_t least_current(const struct trial *r) {
    int32_t least_ma = r->a->current_max_ma * r->level / 100 / r->a->cells / SELF_TEST_SHARE;
    return least_ma < NOTICE_MA ? NOTICE_MA : least_ma;
}

/* NULL: it stopped, as far as can be seen. */
static const char *why_not_stopped(struct run *t, const struct trial *r) {
    bool draws = r->draws, moves = r->sees;
    for (int64_t until_ms = t->now_ms + STOP_MS; t->now_ms < until_ms && !t->halted && (draws || moves);) {
        int32_t ma = mean_current(t, BASE_MS);
        draws = draws && ma >= r->base_ma + least_current(r);
        moves = moves && turns(t, r->channel);
    }
    if (draws) return "goes on drawing current after it was turned off";
    return moves ? "goes on turning after it was turned off" : NULL;
}

static void judge(struct run *t, const struct trial *r) {
    int32_t more_ma = r->driven_ma - r->base_ma;
    const char *why = why_not_stopped(t, r);
    if (t->halted) return;
    if (r->draws && more_ma < least_current(r))
        say(t, r->name, SELF_TEST_FAILED, "drew %d mA at %d %%, at least %d were expected", more_ma, r->level,
            least_current(r));
    else if (r->sees && !r->turned)
        say(t, r->name, SELF_TEST_FAILED, "did not turn at %d %%", r->level);
    else if (why)
        say(t, r->name, SELF_TEST_FAILED, "%s", why);
    else if (!r->draws)
        say(t, r->name, SELF_TEST_PASSED, "turned at %d %%", r->level);
    else
        say(t, r->name, SELF_TEST_PASSED, "%d mA at %d %%%s", more_ma, r->level, r->sees ? ", turned" : "");
}

static void check_cell(struct run *t, int channel, int cell, const char *name) {
    const struct actuator *a = &t->model->actuators[channel];
    struct trial r = {.name = name,
                      .a = a,
                      .channel = channel,
                      .level = a->level_max < SELF_TEST_LEVEL ? a->level_max : SELF_TEST_LEVEL,
                      .base_ma = mean_current(t, BASE_MS),
                      .draws = a->current_max_ma > 0,
                      .sees = t->readings.motion_permille[channel].present};
    bool modest = ramp(t, channel, cell, r.level);
    r.driven_ma = modest ? mean_current(t, HOLD_MS) : t->readings.current_ma.value;
    r.turned = turns(t, channel);
    bool dry = a->kind == ACTUATOR_JETS && !has_water(t);
    all_off(t);
    step(t);
    if (t->halted) return;
    if (!modest || (r.draws && r.driven_ma > current_limit(a)))
        say(t, name, SELF_TEST_FAILED, "drew %d mA, more than it may", r.driven_ma);
    else if (dry)
        say(t, name, SELF_TEST_FAILED, "the water went away meanwhile");
    else if (!r.draws && !r.sees)
        say(t, name, SELF_TEST_SKIPPED, "was driven; its current is not measured: look at it");
    else if (r.draws && !is_fresh(t, &t->readings.current_ma))
        say(t, name, SELF_TEST_FAILED, "the current sensor measures no more");
    else
        judge(t, &r);
}

static void check_motors(struct run *t) {
    for (int i = 0; i < t->model->n_actuators; i++) {
        const struct actuator *a = &t->model->actuators[i];
        for (int c = 0; c < a->cells && a->kind != ACTUATOR_HEATER; c++) {
            char name[PROTO_NAME_MAX + 16];
            snprintf(name, sizeof name, "%s/%d", a->name, c + 1);
            if (!t->halted && a->kind == ACTUATOR_JETS && !t->wet)
                say(t, name, SELF_TEST_SKIPPED, "no water in the tub");
            else if (!t->halted)
                check_cell(t, i, c, name);
            if (t->halted) say(t, name, SELF_TEST_SKIPPED, "%s", t->halted);
        }
    }
}

/* ---- the heater ---- */

/* NULL: it may be turned on. Looked at in every step of heating. */
static const char *no_heat(const struct run *t) {
    int32_t most = t->model->water_max_mdegc < SELF_TEST_HEAT_BELOW_MDEGC ? t->model->water_max_mdegc
                                                                          : SELF_TEST_HEAT_BELOW_MDEGC;
    if (t->halted) return t->halted;
    if (!has_water(t)) return "no water in the tub";
    if (t->readings.contact[CONTACT_CUTOUT].value) return contacts[CONTACT_CUTOUT].active;
    for (int i = 0; i < t->model->water_sensors && i < WATER_SENSORS_MAX; i++) {
        const struct reading *r = &t->readings.water_mdegc[i];
        if (!is_fresh(t, r)) return "a water sensor does not measure";
        if (r->value < WATCH_PLAUSIBLE_MIN_MDEGC || r->value > WATCH_PLAUSIBLE_MAX_MDEGC)
            return "a water sensor is not plausible";
        if (r->value >= most - SELF_TEST_RISE_MDEGC) return "the water is too warm for this test";
    }
    return is_twin_far(t) ? "the water sensors disagree" : NULL;
}

static void mean_water(struct run *t, int32_t ret_mdegc[WATER_SENSORS_MAX]) {
    struct mean m[WATER_SENSORS_MAX] = {0};
    for (int64_t until_ms = t->now_ms + AVERAGE_MS; t->now_ms < until_ms && !t->halted;) {
        step(t);
        for (int i = 0; i < WATER_SENSORS_MAX; i++) mean_add(&m[i], &t->readings.water_mdegc[i]);
    }
    for (int i = 0; i < WATER_SENSORS_MAX; i++) ret_mdegc[i] = mean_value(&m[i]);
}

/* Full power for as long as its energy takes for the wanted rise. Why it ended early, or NULL. */
static const char *heat(struct run *t) {
    /* J = ml * 4.186 J/K: ms = ml * 4.186 * mdegC / W */
    int64_t ms = (int64_t)t->model->tub_ml * 4186 * SELF_TEST_RISE_MDEGC / 1000 / t->model->heater_w;
    const char *why = NULL;
    if (ms > SELF_TEST_HEAT_MS_MAX) ms = SELF_TEST_HEAT_MS_MAX;
    for (int64_t until_ms = t->now_ms + ms; t->now_ms < until_ms && !(why = no_heat(t));) {
        t->outputs.heater_permille = 1000;
        step(t);
    }
    all_off(t);
    step(t);
    return why;
}

static void judge_heat(struct run *t, const int32_t before[], const int32_t after[]) {
    int32_t least = SELF_TEST_RISE_MDEGC / SELF_TEST_SHARE, most = INT32_MIN;
    for (int i = 0; i < t->model->water_sensors && i < WATER_SENSORS_MAX; i++)
        if (after[i] - before[i] > most) most = after[i] - before[i];
    if (most < least) {
        say(t, "heater", SELF_TEST_FAILED, "no sensor saw the water become warmer: %d mdegC", most);
        return;
    }
    say(t, "heater", SELF_TEST_PASSED, "the water became %d mdegC warmer", most);
    for (int i = 0; i < t->model->water_sensors && i < WATER_SENSORS_MAX; i++) {
        char name[24];
        bool follows = after[i] - before[i] >= least;
        snprintf(name, sizeof name, "water/%d/follows", i + 1);
        say(t, name, follows ? SELF_TEST_PASSED : SELF_TEST_FAILED, "%s, by %d mdegC",
            follows ? "follows the heat" : "is stuck: the water became warmer and it did not",
            after[i] - before[i]);
    }
}

static void check_heater(struct run *t) {
    int32_t before[WATER_SENSORS_MAX] = {0}, after[WATER_SENSORS_MAX] = {0};
    int channel = model_find(t->model, ACTUATOR_HEATER, NULL);
    if (channel < 0 || t->model->heater_w == 0 || t->model->tub_ml == 0) return;
    const char *why = no_heat(t);
    if (!why) {
        mean_water(t, before);
        why = heat(t);
        if (!why) steps(t, LAG_MS);
        if (!why) mean_water(t, after);
        if (!why) why = t->halted;
    }
    if (why)
        say(t, "heater", SELF_TEST_SKIPPED, "%s", why);
    else
        judge_heat(t, before, after);
}

/* ---- all of it ---- */

void self_test_run(const struct self_test *test, struct self_test_report *ret) {
    struct run t = {.test = test, .model = test->model, .report = ret};
    ret->n = 0;
    test->board.ops->actuators->safe(test->board.self);
    steps(&t, LOOK_MS);
    check_sensors(&t);
    check_contacts(&t);
    t.driving = true;
    wait_for_water(&t);
    check_motors(&t);
    check_heater(&t);
    test->board.ops->actuators->safe(test->board.self);
    if (t.halted)
        say(&t, "outputs", SELF_TEST_FAILED, "%s", t.halted);
    else
        say(&t, "outputs", SELF_TEST_PASSED, "all off");
}
