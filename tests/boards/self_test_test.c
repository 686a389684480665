/* The self-test on a simulated board: what is well passes, what is broken is named, and nothing dangerous is
 * done. */
#include <criterion/criterion.h>
#include <string.h>

#include "device-agent/board/sim.h"
#include "device-agent/runtime/trial.h"
#include "subject.h"

enum { HEATER, JETS, ROLLER_SOLE }; /* channels of spa-pro */

/* A board between the self-test and the simulated one: with wires that are cut, or welded contacts. It also
 * looks at everything that is asked. */
struct desk {
    struct subject *s;
    struct board board;
    const struct bench *bench;
    struct self_test_report report;
    int64_t now_ms;
    int32_t most_motors, most_level, heat_ms;
    bool hot_and_moving, heat_without_water;
    int32_t end_after; /* steps; 0: never */
    int32_t step;
};

struct bench { /* one fault, and what is said of it */
    const char *what;
    enum sim_fault fault;
    int value;
    int cut_channel, cut_cell;       /* 1-based cell; 0: none is cut */
    int welded_channel, welded_cell; /* the same: once driven, it stays so */
    int press_at;                    /* this step the stop key is pressed; 0: never */
    const char *failed[4];           /* these fail, and no others */
    const char *skipped[2];          /* among others */
};

static void desk_read(void *board, int64_t now_ms, struct readings *ret) {
    struct desk *d = board;
    d->s->board.ops->sensors->read(d->s->board.self, now_ms, ret);
}

static void look_at(struct desk *d, const struct outputs *o) {
    int32_t motors = 0;
    for (int i = 0; i < PROTO_ACTUATORS_MAX; i++)
        for (int c = 0; c < PROTO_CELLS_MAX; c++) {
            motors += o->level[i][c] > 0;
            if (o->level[i][c] > d->most_level) d->most_level = o->level[i][c];
        }
    if (motors > d->most_motors) d->most_motors = motors;
    if (o->heater_permille > 0) d->heat_ms += 20;
    if (o->heater_permille > 0 && motors > 0) d->hot_and_moving = true;
    if (o->heater_permille > 0 &&
        sim_board_truth(d->s->board).level_permille < d->s->model.level_min_permille - 20)
        d->heat_without_water = true;
}

static bool desk_apply(void *board, const struct outputs *wanted) {
    struct desk *d = board;
    const struct bench *b = d->bench;
    struct outputs o = *wanted, is = sim_board_truth(d->s->board).outputs;
    look_at(d, wanted);
    if (b->cut_cell) o.level[b->cut_channel][b->cut_cell - 1] = 0;
    if (b->welded_cell) {
        uint8_t *cell = &o.level[b->welded_channel][b->welded_cell - 1];
        uint8_t was = is.level[b->welded_channel][b->welded_cell - 1];
        if (was > *cell) *cell = was;
    }
    return d->s->board.ops->actuators->apply(d->s->board.self, &o);
}

static void desk_safe(void *board) {
    struct desk *d = board;
    d->s->board.ops->actuators->safe(d->s->board.self);
}

static bool wait_step(void *context, int32_t step_ms, int64_t *ret_now_ms) {
    struct desk *d = context;
    d->step++;
    if (d->bench->press_at && d->step == d->bench->press_at)
        d->s->board.ops->buttons->local_stop(d->s->board.self);
    *ret_now_ms = d->now_ms += step_ms;
    return d->end_after == 0 || d->step < d->end_after;
}

static const struct hal_sensors sensors = {desk_read};
static const struct hal_actuators actuators = {desk_apply, desk_safe};
static const struct hal_board ops = {.name = "desk", .sensors = &sensors, .actuators = &actuators};

static void run(struct desk *d, const struct bench *b) {
    d->bench = b;
    d->s = subject_new(&subject_sim);
    subject_read(d->s); /* so that a sensor has something to be stuck at */
    d->now_ms = d->s->now_ms;
    d->board = (struct board){&ops, d};
    sim_board_inject(d->s->board, b->fault, b->value);
    trial_run(
        &(struct trial){
            .board = d->board, .model = &d->s->model, .step_ms = 20, .wait = wait_step, .context = d},
        &d->report);
    struct sim_truth truth = sim_board_truth(d->s->board);
    cr_expect_not(truth.heater_on, "%s", b->what);
    if (!b->welded_cell) cr_expect_not(truth.motors_on, "%s", b->what);
    cr_expect_leq(d->most_motors, 1, "%s: one at a time", b->what);
    cr_expect_leq(d->most_level, SELF_TEST_LEVEL, "%s: gently", b->what);
    cr_expect_leq(d->heat_ms, SELF_TEST_HEAT_MS_MAX, "%s: briefly", b->what);
    cr_expect_not(d->hot_and_moving || d->heat_without_water, "%s", b->what);
}

static const struct message_check *find(const struct desk *d, const char *name) {
    for (int32_t i = 0; i < d->report.n; i++)
        if (!strcmp(d->report.checks[i].name, name)) return &d->report.checks[i];
    return NULL;
}

static void expect_failures(const struct desk *d) {
    const struct bench *b = d->bench;
    int32_t n = 0, wanted = 0;
    for (int32_t i = 0; i < d->report.n; i++) n += d->report.checks[i].result == CHECK_FAILED;
    for (; wanted < 4 && b->failed[wanted]; wanted++) {
        const struct message_check *c = find(d, b->failed[wanted]);
        cr_expect(c && c->result == CHECK_FAILED, "%s: %s: %s", b->what, b->failed[wanted],
                  c ? c->detail : "-");
    }
    cr_expect_eq(n, wanted, "%s: %d failed", b->what, n);
    for (int i = 0; i < 2 && b->skipped[i]; i++) {
        const struct message_check *c = find(d, b->skipped[i]);
        cr_expect(c && c->result == CHECK_SKIPPED, "%s: %s: %s", b->what, b->skipped[i], c ? c->detail : "-");
    }
}

Test(self_test, a_sound_unit_passes_whole) {
    auto_free struct desk *d = xcalloc(1, sizeof *d);
    run(d, &(struct bench){.what = "sound"});
    cr_expect_eq(self_test_verdict(&d->report), CHECK_PASSED);
    int32_t cells = 0;
    for (int i = 0; i < d->s->model.n_actuators; i++)
        for (int c = 0; c < subject_cells(d->s, i); c++) {
            char name[64];
            snprintf(name, sizeof name, i == HEATER ? "%s" : "%s/%d", d->s->model.actuators[i].name, c + 1);
            cr_expect(find(d, name), "%s was not tried", name);
            cells++;
        }
    cr_expect_eq(cells, 19);
    cr_expect_gt(d->heat_ms, 0);
    cr_expect_eq(d->most_motors, 1);
    subject_free(d->s);
}

Test(self_test, what_is_broken_is_named) {
    static const struct bench rows[] = {
        {.what = "a motor's wire is cut",
         .cut_channel = ROLLER_SOLE,
         .cut_cell = 3,
         .failed = {"roller-sole/3"}},
        {.what = "a pump's wire is cut", .cut_channel = JETS, .cut_cell = 1, .failed = {"jets/1"}},
        {.what = "a motor does not stop",
         .welded_channel = ROLLER_SOLE,
         .welded_cell = 2,
         .failed = {"roller-sole/2", "roller-sole/3", "roller-sole/4"}}, /* one sensor sees all cells */
        {"the first sensor is stuck", SIM_FAULT_SENSOR_STUCK, 1, .failed = {"water/1/follows"}},
        {"the second sensor is stuck", SIM_FAULT_SENSOR_STUCK, 2, .failed = {"water/2/follows"}},
        {"a sensor is missing", SIM_FAULT_SENSOR_MISSING, 1, .failed = {"water/1"}, .skipped = {"heater"}},
        {"a sensor measures no more", SIM_FAULT_SENSOR_STALE, 2, .failed = {"water/2"},
         .skipped = {"heater"}},
        {"a sensor's wire is broken", SIM_FAULT_SENSOR_IMPLAUSIBLE, 2,
         .failed = {"water/2", "water/agreement"}, .skipped = {"heater"}},
        {"a sensor is wrong", SIM_FAULT_SENSOR_OFFSET_1, 3000, .failed = {"water/agreement"},
         .skipped = {"heater"}},
        {"both sensors say that it is hot", SIM_FAULT_SENSOR_OFFSET_0, 12000,
         .failed = {"water/agreement", "outputs"}, .skipped = {"heater", "jets/1"}},
        {"no water", SIM_FAULT_LEVEL_LOW, 1, .skipped = {"heater", "jets/1"}},
        {"no level sensor", SIM_FAULT_LEVEL_MISSING, 1, .failed = {"level"}, .skipped = {"heater", "jets/2"}},
        {"the lid is open", SIM_FAULT_LID_OPEN, 1, .failed = {"contact/lid", "outputs"},
         .skipped = {"heater", "roller-sole/1"}},
        {"it leaks", SIM_FAULT_LEAK, 1, .failed = {"contact/leak", "outputs"},
         .skipped = {"heater", "jets/1"}},
        {"the drain is open", SIM_FAULT_DRAIN_OPEN, 1, .failed = {"contact/drain", "outputs"},
         .skipped = {"heater", "jets/1"}},
        {"the thermostat has tripped", SIM_FAULT_CUTOUT, 1, .failed = {"contact/cutout"},
         .skipped = {"heater"}},
        {"a pump draws current and does not turn", SIM_FAULT_MOTOR_STALLED, 1 << JETS,
         .failed = {"jets/1", "jets/2"}},
        {"too much current", SIM_FAULT_OVER_CURRENT, 900, .failed = {"current"}},
        {"the heater is dead", SIM_FAULT_HEATER_DEAD, 1, .failed = {"heater"}},
        {"outputs cannot be driven", SIM_FAULT_APPLY_FAILS, 1, .failed = {"outputs"},
         .skipped = {"jets/1", "heater"}},
        {.what = "the stop key is pressed",
         .press_at = 1000,
         .failed = {"outputs"},
         .skipped = {"heater", "air-calf/4"}},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        auto_free struct desk *d = xcalloc(1, sizeof *d);
        run(d, &rows[i]);
        expect_failures(d);
        subject_free(d->s);
    }
}

Test(self_test, it_ends_at_once_wherever_it_is_ended) {
    auto_free struct desk *whole = xcalloc(1, sizeof *whole);
    run(whole, &(struct bench){.what = "sound"});
    cr_assert_gt(whole->step, 1000);
    for (int32_t end = 1; end < whole->step; end += whole->step / 16) {
        auto_free struct desk *d = xcalloc(1, sizeof *d);
        d->end_after = end;
        run(d, &(struct bench){.what = "ended"});
        cr_expect_leq(d->step, end + 1);
        cr_expect_eq(self_test_verdict(&d->report), CHECK_FAILED);
        subject_free(d->s);
    }
    subject_free(whole->s);
}

Test(self_test, the_report_is_json_with_a_line_a_check) {
    auto_free struct desk *d = xcalloc(1, sizeof *d);
    auto_buf struct buf text = BUF_INIT;
    struct jsonw w;
    run(d, &(struct bench){"no water", SIM_FAULT_LEVEL_LOW, 1});
    jsonw_init(&w, &text);
    trial_write(&w, &(struct trial){.board = d->board, .model = &d->s->model}, &d->report);
    json_t *tree = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, NULL);
    cr_assert(tree, "%s", text.data);
    cr_expect_str_eq(json_string_value(json_object_get(tree, "result")), "skipped");
    cr_expect_str_eq(json_string_value(json_object_get(tree, "model")), "spa-pro");
    const json_t *checks = json_object_get(tree, "checks");
    cr_expect_eq((int32_t)json_array_size(checks), d->report.n);
    for (int32_t i = 0; i < d->report.n; i++)
        cr_expect_str_eq(json_string_value(json_object_get(json_array_get(checks, (size_t)i), "name")),
                         d->report.checks[i].name);
    json_decref(tree);
    subject_free(d->s);
}
