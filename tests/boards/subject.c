#include "subject.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "device-agent/core/interlock.h"

#define TURN_MS 20
#define REAL_TURN_MS 5
#define DEADLINE_MS 20000

static void load_model(struct model *ret) {
    auto_buf struct buf text = BUF_INIT;
    struct field_errors errors;
    char piece[4096];
    FILE *f = fopen(PEDILUVE_SOURCE_DIR "/schema/catalogue/models/spa-pro.json", "re");
    cr_assert(f);
    for (size_t n; (n = fread(piece, 1, sizeof piece, f)) > 0;) buf_add(&text, piece, n);
    fclose(f);
    cr_assert(model_parse(text.data, text.len, ret, &errors), "%s", errors.list[0].detail);
}

struct subject *subject_new(const struct subject_ops *ops) {
    struct subject *s = xcalloc(1, sizeof *s);
    char error[256] = "";
    s->ops = ops;
    s->now_ms = ops->is_virtual ? 1000 : clock_mono_ms();
    load_model(&s->model);
    ops->prepare(s);
    cr_assert(ops->open(s, error), "%s", error);
    s->is_open = true;
    return s;
}

void subject_close(struct subject *s) {
    if (s->is_open) s->board.ops->free(s->board.self);
    s->is_open = false;
}

void subject_free(struct subject *s) {
    if (!s) return;
    subject_close(s);
    s->ops->finish(s);
    free(s);
}

void subject_read(struct subject *s) {
    if (s->ops->is_virtual) {
        s->now_ms += TURN_MS;
    } else {
        usleep(REAL_TURN_MS * 1000);
        s->now_ms = clock_mono_ms();
    }
    s->board.ops->sensors->read(s->board.self, s->now_ms, &s->readings);
}

void subject_turn(struct subject *s) {
    subject_read(s);
    s->applied = s->board.ops->actuators->apply(s->board.self, &s->wanted);
}

int64_t subject_deadline(const struct subject *s) { return s->now_ms + DEADLINE_MS; }
bool subject_is_before(const struct subject *s, int64_t deadline) { return s->now_ms < deadline; }

int subject_cells(const struct subject *s, int channel) {
    const struct actuator *a = &s->model.actuators[channel];
    return a->kind == ACTUATOR_HEATER ? 1 : a->cells;
}

int subject_heater(const struct subject *s) { return model_find(&s->model, ACTUATOR_HEATER, NULL); }

static bool is_off_but(struct subject *s, int channel, int cell) {
    for (int i = 0; i < s->model.n_actuators; i++)
        for (int c = 0; c < subject_cells(s, i); c++)
            if ((i != channel || c != cell) && s->ops->drive(s, i, c) > 0) return false;
    return true;
}

bool subject_is_off(struct subject *s) { return is_off_but(s, -1, -1); }

bool subject_is_alone(struct subject *s, int channel, int cell, int32_t permille) {
    return is_off_but(s, channel, cell) && s->ops->drive(s, channel, cell) == permille;
}

void subject_want(struct subject *s, int channel, int cell, int32_t permille) {
    s->wanted = (struct outputs){0};
    if (channel == subject_heater(s))
        s->wanted.heater_permille = permille;
    else
        s->wanted.level[channel][cell] = (uint8_t)(permille / 10);
}

bool subject_is_fresh(const struct subject *s, const struct reading *r) {
    return r->present && r->at_ms <= s->now_ms && s->now_ms - r->at_ms <= WATCH_STALE_MS;
}
