#include "device-agent/core/self_test.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define LOOK_MS 3000
#define FILL_MS 30000     /* for water to come in where the unit fills itself */
#define STEADY_PERMILLE 5 /* a level that changes less within LOOK_MS stands still */
#define BASE_MS 600
#define RAMP_MS 500 /* at least */
#define HOLD_MS 1500
#define SETTLE_MS 500 /* after the ramp, before the current counts */
#define STOP_MS 3000  /* for the current to go away again */
#define NOTICE_MA 10  /* less is noise */
#define LAG_MS 5000   /* of the water's warmth on its way to the sensor */
#define AVERAGE_MS 1000

/* ---- the report ---- */

__attribute__((format(printf, 4, 5))) static void say(struct self_test *t, const char *name,
                                                      enum check_result result, const char *fmt, ...) {
    if (t->report.n == PROTO_CHECKS_MAX) return;
    struct message_check *c = &t->report.checks[t->report.n++];
    *c = (struct message_check){.result = (int32_t)result};
    snprintf(c->name, sizeof c->name, "%s", name);
    va_list args;
    va_start(args, fmt);
    vsnprintf(c->detail, sizeof c->detail, fmt, args);
    va_end(args);
}

/* Thousandths of a degree as "-0.31 K", permille as "80.0 %", anything else as it is. */
static const char *amount(char out[24], int32_t value, const char *unit) {
    int32_t size = value < 0 ? -value : value;
    if (*unit == 'C' || *unit == 'K')
        snprintf(out, 24, "%s%d.%02d %s", value < 0 ? "-" : "", size / 1000, size % 1000 / 10, unit);
    else if (*unit == '%')
        snprintf(out, 24, "%d.%d %s", size / 10, size % 10, unit);
    else
        snprintf(out, 24, "%d %s", value, unit);
    return out;
}

enum check_result self_test_verdict(const struct self_test_report *r) {
    enum check_result verdict = CHECK_PASSED;
    for (int32_t i = 0; i < r->n; i++) {
        if (r->checks[i].result == CHECK_FAILED) return CHECK_FAILED;
        if (r->checks[i].result == CHECK_SKIPPED) verdict = CHECK_SKIPPED;
    }
    return verdict;
}

/* ---- what is looked at ---- */

static bool is_fresh(const struct self_test *t, const struct reading *r) {
    return r->present && t->now_ms - r->at_ms <= WATCH_STALE_MS;
}

static bool has_water(const struct self_test *t) {
    const struct reading *r = &t->readings.level_permille;
    return is_fresh(t, r) && r->value >= t->model->level_min_permille && r->value <= 1000;
}

static bool turns(const struct self_test *t) {
    const struct reading *r = &t->readings.motion_permille[t->channel];
    return is_fresh(t, r) && r->value >= WATCH_MOVES_PERMILLE;
}

/* Each measurement once, however often it is read. */
static void mean_add(struct self_test_mean *m, const struct reading *r) {
    if (!r->present || (m->n > 0 && r->at_ms == m->last_ms)) return;
    m->sum += r->value;
    m->last_ms = r->at_ms;
    m->n++;
}

static int32_t mean_value(const struct self_test_mean *m) { return m->n > 0 ? (int32_t)(m->sum / m->n) : 0; }

static bool has_passed(const struct self_test *t, int64_t ms) { return t->now_ms - t->since_ms >= ms; }

static void all_off(struct self_test *t) {
    bool session = t->outputs.session;
    t->outputs = (struct outputs){.session = session};
}

static const enum reason contact_reasons[CONTACT_COUNT] = {
    [CONTACT_LEAK] = REASON_LEAK, [CONTACT_LID] = REASON_LID_OPEN, [CONTACT_DRAIN] = REASON_DRAIN_OPEN};
static const struct {
    const char *name, *active;
} contacts[CONTACT_COUNT] = {
#define X(c, name, active) {"contact/" name, active},
    CONTACTS(X)
#undef X
};

/* On the command line there are no interlocks before it. The heater's own thermostat keeps only the heater
 * off: no_heat. */
static enum reason hazard(const struct self_test *t, const char **ret_why) {
    const struct readings *r = &t->readings;
    *ret_why = "the emergency stop is pressed";
    if (r->emergency_stop) return REASON_EMERGENCY_STOP;
    *ret_why = "the stop key was pressed";
    if (r->local_stop) return REASON_LOCAL_STOP;
    *ret_why = "the water is too hot";
    for (int i = 0; i < t->model->water_sensors && i < WATER_SENSORS_MAX; i++)
        if (r->water_mdegc[i].present && r->water_mdegc[i].value >= INTERLOCK_WATER_MAX_MDEGC)
            return REASON_OVER_TEMPERATURE;
    for (int i = 0; i < CONTACT_COUNT; i++) {
        *ret_why = contacts[i].active;
        if (contact_reasons[i] != REASON_NONE && r->contact[i].present && r->contact[i].value)
            return contact_reasons[i];
    }
    return REASON_NONE;
}

/* ---- sensors ---- */

static void check_sensor(struct self_test *t, const char *name, const struct reading *r, int32_t least,
                         int32_t most, const char *unit) {
    char text[24];
    if (!r->present)
        say(t, name, CHECK_FAILED, "does not answer");
    else if (!is_fresh(t, r))
        say(t, name, CHECK_FAILED, "measures no more");
    else if (r->value < least || r->value > most)
        say(t, name, CHECK_FAILED, "%s is not plausible", amount(text, r->value, unit));
    else
        say(t, name, CHECK_PASSED, "%s", amount(text, r->value, unit));
}

static bool measures_current(const struct model *m) {
    for (int i = 0; i < m->n_actuators; i++)
        if (m->actuators[i].kind != ACTUATOR_HEATER && m->actuators[i].current_max_ma > 0) return true;
    return false;
}

static bool is_twin_far(const struct self_test *t) {
    const struct reading *water = t->readings.water_mdegc;
    int32_t apart = water[0].value - water[1].value;
    return t->model->water_sensors > 1 && (apart > WATCH_DISAGREE_MDEGC || apart < -WATCH_DISAGREE_MDEGC);
}

static void check_sensors(struct self_test *t) {
    const struct reading *water = t->readings.water_mdegc;
    char name[16], text[24];
    for (int i = 0; i < t->model->water_sensors && i < WATER_SENSORS_MAX && t->model->tub_ml > 0; i++) {
        snprintf(name, sizeof name, "water/%d", i + 1);
        check_sensor(t, name, &water[i], WATCH_PLAUSIBLE_MIN_MDEGC, WATCH_PLAUSIBLE_MAX_MDEGC, "C");
    }
    if (t->model->water_sensors > 1 && t->model->tub_ml > 0 && water[0].present && water[1].present) {
        say(t, "water/agreement", is_twin_far(t) ? CHECK_FAILED : CHECK_PASSED, "%s apart",
            amount(text, water[0].value - water[1].value, "K"));
    }
    if (t->model->tub_ml > 0)
        check_sensor(t, "level", &t->readings.level_permille, 0, WATCH_LEVEL_MAX_PERMILLE, "%");
    if (measures_current(t->model))
        check_sensor(t, "current", &t->readings.current_ma, 0, WATCH_CURRENT_FLOOR_MA, "mA at rest");
    say(t, "emergency_stop", t->readings.emergency_stop ? CHECK_FAILED : CHECK_PASSED, "%s",
        t->readings.emergency_stop ? "is pressed: release it" : "released");
}

static void check_contacts(struct self_test *t) {
    for (int i = 0; i < CONTACT_COUNT; i++) {
        const struct reading *r = &t->readings.contact[i];
        if (!r->present) continue;
        if (!is_fresh(t, r))
            say(t, contacts[i].name, CHECK_FAILED, "cannot be read");
        else if (r->value)
            say(t, contacts[i].name, CHECK_FAILED, "%s", contacts[i].active);
        else
            say(t, contacts[i].name, CHECK_PASSED, "well");
    }
}

static enum self_test_stage look(struct self_test *t) {
    if (!has_passed(t, LOOK_MS)) return SELF_TEST_LOOK;
    check_sensors(t);
    check_contacts(t);
    t->look_ms = t->now_ms;
    t->level_permille = t->readings.level_permille.value;
    return t->model->tub_ml > 0 ? SELF_TEST_FILL : SELF_TEST_NEXT;
}

/* Some units fill themselves when a session begins: waits until the level stands still. */
static enum self_test_stage fill(struct self_test *t) {
    t->outputs.session = true;
    t->wet = has_water(t);
    if (t->now_ms - t->look_ms < LOOK_MS) return SELF_TEST_FILL;
    int32_t more = t->readings.level_permille.value - t->level_permille;
    t->look_ms = t->now_ms;
    t->level_permille = t->readings.level_permille.value;
    bool steady = more <= STEADY_PERMILLE && more >= -STEADY_PERMILLE;
    return steady || has_passed(t, FILL_MS) ? SELF_TEST_NEXT : SELF_TEST_FILL;
}

/* ---- motors ---- */

static const struct actuator *tried(const struct self_test *t) { return &t->model->actuators[t->channel]; }

static int32_t current_limit(const struct actuator *a) { return WATCH_CURRENT_FLOOR_MA + a->current_max_ma; }

static int32_t least_current(const struct self_test *t) {
    const struct actuator *a = tried(t);
    int32_t least_ma = a->current_max_ma * t->trial.level / 100 / a->cells / SELF_TEST_SHARE;
    return least_ma < NOTICE_MA ? NOTICE_MA : least_ma;
}

static void cell_name(const struct self_test *t, char out[PROTO_CHECK_NAME_MAX + 1]) {
    snprintf(out, PROTO_CHECK_NAME_MAX + 1, "%s/%d", tried(t)->name, t->cell + 1);
}

/* To the next cell from here on, this one included. False: all have been tried. */
static bool find_cell(struct self_test *t) {
    for (; t->channel < t->model->n_actuators; t->channel++, t->cell = 0)
        if (tried(t)->kind != ACTUATOR_HEATER && t->cell < tried(t)->cells) return true;
    return false;
}

static enum self_test_stage next(struct self_test *t) {
    char name[PROTO_CHECK_NAME_MAX + 1];
    for (; find_cell(t); t->cell++) {
        const struct actuator *a = tried(t);
        if (a->kind != ACTUATOR_JETS || t->wet) {
            memset(&t->trial, 0, sizeof t->trial);
            t->trial.level = a->level_max < SELF_TEST_LEVEL ? a->level_max : SELF_TEST_LEVEL;
            t->trial.draws = a->current_max_ma > 0;
            t->trial.sees = t->readings.motion_permille[t->channel].present;
            return SELF_TEST_REST;
        }
        cell_name(t, name);
        say(t, name, CHECK_SKIPPED, "no water in the tub");
    }
    return SELF_TEST_COLD;
}

static enum self_test_stage rest(struct self_test *t) {
    mean_add(&t->mean[0], &t->readings.current_ma);
    if (!has_passed(t, BASE_MS)) return SELF_TEST_REST;
    t->trial.base_ma = mean_value(&t->mean[0]);
    return SELF_TEST_RAMP;
}

/* Off, and how it was until then. */
static enum self_test_stage turn_off(struct self_test *t, int32_t driven_ma) {
    t->trial.driven_ma = driven_ma;
    t->trial.turned = turns(t);
    t->trial.dry = tried(t)->kind == ACTUATOR_JETS && !has_water(t);
    t->trial.still_draws = t->trial.draws;
    t->trial.still_turns = t->trial.sees;
    all_off(t);
    return SELF_TEST_STOP;
}

static bool is_greedy(const struct self_test *t) {
    return t->trial.draws && t->readings.current_ma.value > current_limit(tried(t));
}

static enum self_test_stage ramp(struct self_test *t) {
    int32_t level = t->trial.level, ms = tried(t)->ramp_min_ms * level / 100;
    if (ms < RAMP_MS) ms = RAMP_MS;
    int64_t now = (t->now_ms - t->since_ms) * level / ms;
    t->trial.greedy = t->now_ms > t->since_ms && is_greedy(t);
    if (t->trial.greedy) return turn_off(t, t->readings.current_ma.value);
    t->outputs.level[t->channel][t->cell] = (uint8_t)(now > level ? level : now < 1 ? 1 : now);
    return has_passed(t, ms + SETTLE_MS) ? SELF_TEST_HOLD : SELF_TEST_RAMP;
}

static enum self_test_stage hold(struct self_test *t) {
    mean_add(&t->mean[0], &t->readings.current_ma);
    if (!has_passed(t, HOLD_MS)) return SELF_TEST_HOLD;
    int32_t driven_ma = mean_value(&t->mean[0]);
    t->trial.greedy = t->trial.draws && driven_ma > current_limit(tried(t));
    return turn_off(t, driven_ma);
}

static void judge(struct self_test *t, const char *name) {
    int32_t more_ma = t->trial.driven_ma - t->trial.base_ma;
    if (t->trial.greedy)
        say(t, name, CHECK_FAILED, "drew %d mA, more than it may", t->trial.driven_ma);
    else if (t->trial.dry)
        say(t, name, CHECK_FAILED, "the water went away meanwhile");
    else if (!t->trial.draws && !t->trial.sees)
        say(t, name, CHECK_SKIPPED, "was driven; its current is not measured: look at it");
    else if (t->trial.draws && !is_fresh(t, &t->readings.current_ma))
        say(t, name, CHECK_FAILED, "the current sensor measures no more");
    else if (t->trial.draws && more_ma < least_current(t))
        say(t, name, CHECK_FAILED, "drew %d mA at %d %%, at least %d were expected", more_ma, t->trial.level,
            least_current(t));
    else if (t->trial.sees && !t->trial.turned)
        say(t, name, CHECK_FAILED, "did not turn at %d %%", t->trial.level);
    else if (t->trial.still_draws)
        say(t, name, CHECK_FAILED, "goes on drawing current after it was turned off");
    else if (t->trial.still_turns)
        say(t, name, CHECK_FAILED, "goes on turning after it was turned off");
    else if (!t->trial.draws)
        say(t, name, CHECK_PASSED, "turned at %d %%", t->trial.level);
    else
        say(t, name, CHECK_PASSED, "%d mA at %d %%%s", more_ma, t->trial.level,
            t->trial.sees ? ", turned" : "");
}

/* Looks every BASE_MS at what it has drawn and whether it turns. */
static enum self_test_stage stop(struct self_test *t) {
    struct self_test_mean *m = &t->mean[0];
    bool first = t->now_ms == t->since_ms; /* still under the outputs of before */
    if (first) t->look_ms = t->now_ms;
    if (!first) mean_add(m, &t->readings.current_ma);
    bool looks = t->now_ms - t->look_ms >= BASE_MS;
    if (looks) {
        if (mean_value(m) < t->trial.base_ma + least_current(t)) t->trial.still_draws = false;
        if (!turns(t)) t->trial.still_turns = false;
        *m = (struct self_test_mean){0};
        t->look_ms = t->now_ms;
    }
    bool known = (looks && !t->trial.still_draws && !t->trial.still_turns) || has_passed(t, STOP_MS);
    if (!known) return SELF_TEST_STOP;
    char name[PROTO_CHECK_NAME_MAX + 1];
    cell_name(t, name);
    judge(t, name);
    t->cell++;
    return SELF_TEST_NEXT;
}

/* ---- the heater ---- */

/* NULL: it may be turned on. Looked at in every step of heating. */
static const char *no_heat(const struct self_test *t) {
    int32_t most = t->model->water_max_mdegc < SELF_TEST_HEAT_BELOW_MDEGC ? t->model->water_max_mdegc
                                                                          : SELF_TEST_HEAT_BELOW_MDEGC;
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

static bool has_heater(const struct model *m) {
    return model_find(m, ACTUATOR_HEATER, NULL) >= 0 && m->heater_w > 0 && m->tub_ml > 0;
}

static enum self_test_stage finish(struct self_test *t) {
    t->outputs = (struct outputs){0};
    if (t->halted)
        say(t, "outputs", CHECK_FAILED, "%s", t->halted);
    else
        say(t, "outputs", CHECK_PASSED, "all off");
    return SELF_TEST_DONE;
}

static enum self_test_stage skip_heat(struct self_test *t, const char *why) {
    t->heated = true;
    say(t, "heater", CHECK_SKIPPED, "%s", why);
    return finish(t);
}

static void add_water(struct self_test *t) {
    for (int i = 0; i < WATER_SENSORS_MAX; i++) mean_add(&t->mean[i], &t->readings.water_mdegc[i]);
}

static enum self_test_stage cold(struct self_test *t) {
    if (!has_heater(t->model)) return finish(t);
    const char *why = no_heat(t);
    if (why) return skip_heat(t, why);
    add_water(t);
    if (!has_passed(t, AVERAGE_MS)) return SELF_TEST_COLD;
    for (int i = 0; i < WATER_SENSORS_MAX; i++) t->before_mdegc[i] = mean_value(&t->mean[i]);
    return SELF_TEST_HEAT;
}

/* Full power for as long as its energy takes for the wanted rise: ml * 4.186 J/K, ms = ml * 4.186 * mdegC /
 * W. */
static enum self_test_stage heat(struct self_test *t) {
    int64_t ms = (int64_t)t->model->tub_ml * 4186 * SELF_TEST_RISE_MDEGC / 1000 / t->model->heater_w;
    if (ms > SELF_TEST_HEAT_MS_MAX) ms = SELF_TEST_HEAT_MS_MAX;
    const char *why = no_heat(t);
    if (why) return skip_heat(t, why);
    t->outputs.heater_permille = has_passed(t, ms) ? 0 : 1000;
    return has_passed(t, ms) ? SELF_TEST_LAG : SELF_TEST_HEAT;
}

static enum self_test_stage lag(struct self_test *t) {
    return has_passed(t, LAG_MS) ? SELF_TEST_WARM : SELF_TEST_LAG;
}

static enum self_test_stage warm(struct self_test *t) {
    int32_t least = SELF_TEST_RISE_MDEGC / SELF_TEST_SHARE, most = INT32_MIN, more[WATER_SENSORS_MAX];
    char text[24];
    add_water(t);
    if (!has_passed(t, AVERAGE_MS)) return SELF_TEST_WARM;
    for (int i = 0; i < t->model->water_sensors && i < WATER_SENSORS_MAX; i++) {
        more[i] = mean_value(&t->mean[i]) - t->before_mdegc[i];
        if (more[i] > most) most = more[i];
    }
    t->heated = true;
    if (most < least) {
        say(t, "heater", CHECK_FAILED, "no sensor saw the water become warmer: %s", amount(text, most, "K"));
        return finish(t);
    }
    say(t, "heater", CHECK_PASSED, "the water became warmer by %s", amount(text, most, "K"));
    for (int i = 0; i < t->model->water_sensors && i < WATER_SENSORS_MAX; i++) {
        char name[24];
        bool follows = more[i] >= least;
        snprintf(name, sizeof name, "water/%d/follows", i + 1);
        say(t, name, follows ? CHECK_PASSED : CHECK_FAILED, "%s, by %s",
            follows ? "follows the heat" : "is stuck: the water became warmer and it did not",
            amount(text, more[i], "K"));
    }
    return finish(t);
}

/* ---- all of it ---- */

static enum self_test_stage done(struct self_test *t) {
    (void)t;
    return SELF_TEST_DONE;
}

static enum self_test_stage (*const stages[SELF_TEST_STAGE_COUNT])(struct self_test *t) = {
    [SELF_TEST_LOOK] = look, [SELF_TEST_FILL] = fill, [SELF_TEST_NEXT] = next, [SELF_TEST_REST] = rest,
    [SELF_TEST_RAMP] = ramp, [SELF_TEST_HOLD] = hold, [SELF_TEST_STOP] = stop, [SELF_TEST_COLD] = cold,
    [SELF_TEST_HEAT] = heat, [SELF_TEST_LAG] = lag,   [SELF_TEST_WARM] = warm, [SELF_TEST_DONE] = done,
};

void self_test_begin(struct self_test *t, const struct model *model, int64_t now_ms) {
    memset(t, 0, offsetof(struct self_test, report));
    t->report.n = 0;
    t->model = model;
    t->now_ms = t->began_ms = t->since_ms = now_ms;
}

bool self_test_is_wet(const struct self_test *t) {
    bool motor = t->stage == SELF_TEST_RAMP || t->stage == SELF_TEST_HOLD;
    return t->stage == SELF_TEST_HEAT || (motor && tried(t)->kind == ACTUATOR_JETS);
}

/* What is driven when this comes has brought it about. */
static bool is_own_doing(enum reason reason) {
    return reason == REASON_OVER_CURRENT || reason == REASON_MOTOR_FAULT ||
           reason == REASON_HEATING_RUNAWAY || reason == REASON_HEATING_FAILED;
}

void self_test_halt(struct self_test *t, enum reason reason, const char *why) {
    char name[PROTO_CHECK_NAME_MAX + 1];
    if (t->stage == SELF_TEST_DONE) return;
    bool drives = t->stage == SELF_TEST_RAMP || t->stage == SELF_TEST_HOLD || t->stage == SELF_TEST_STOP;
    t->reason = reason;
    t->halted = why;
    if (t->stage == SELF_TEST_LOOK) {
        check_sensors(t);
        check_contacts(t);
    }
    for (; find_cell(t); t->cell++, drives = false) {
        cell_name(t, name);
        say(t, name, drives && is_own_doing(reason) ? CHECK_FAILED : CHECK_SKIPPED, "%s", why);
    }
    if (has_heater(t->model) && !t->heated)
        say(t, "heater", t->stage == SELF_TEST_HEAT && is_own_doing(reason) ? CHECK_FAILED : CHECK_SKIPPED,
            "%s", why);
    t->stage = finish(t);
}

bool self_test_step(struct self_test *t, int64_t now_ms, const struct readings *readings) {
    const char *why;
    t->now_ms = now_ms;
    t->readings = *readings;
    /* While it looks, nothing is driven, and what is there is only reported. */
    enum reason reason = t->stage > SELF_TEST_LOOK ? hazard(t, &why) : REASON_NONE;
    if (reason != REASON_NONE) self_test_halt(t, reason, why);
    /* A stage that is over hands on to the next in the same step; each but NEXT takes time. */
    for (enum self_test_stage is = SELF_TEST_STAGE_COUNT; is != t->stage;) {
        is = t->stage;
        t->stage = stages[is](t);
        if (t->stage == is) break;
        t->since_ms = now_ms;
        memset(t->mean, 0, sizeof t->mean);
    }
    return t->stage != SELF_TEST_DONE;
}
