/* POST /api/v1/routines/{slug}/preview: what a device of a model would do, without running it. */
#include <string.h>

#include "server/api/lookup.h"
#include "server/api/prepare.h"
#include "server/api/render.h"

static enum err handle_preview(struct request *rq, void *worker);

struct preview {
    char model[33];
    int32_t version; /* 0: the latest published */
    bool has_intensity_max, has_water_max_c;
    int32_t intensity_max, water_max_c; /* thousandths, although the wire says degrees */
};
static const struct field preview_fields[] = {
    FIELD_STR(struct preview, model, 1, FIELD_REQUIRED), FIELD_INT(struct preview, version, 1, INT32_MAX, 0),
    FIELD_INT_HAS(struct preview, intensity_max, 1, 100, FIELD_NULLABLE, has_intensity_max),
    FIELD_MILLI_HAS(struct preview, water_max_c, PROTO_WATER_MDEGC_MIN, PROTO_WATER_MDEGC_MAX, FIELD_NULLABLE,
                    has_water_max_c),
    FIELD_END};

static const struct route rows[] = {
    ROUTE(POST, "/api/v1/routines/{slug}/preview", READ, 0, handle_preview,
          ROUTE_BODY(struct preview, preview_fields)),
};
const struct route_table preview_routes = ROUTE_TABLE(rows);

static void render_set(struct jsonw *w, const struct setpoint *s, const struct model *m) {
    const struct actuator *a = &m->actuators[s->channel];
    jsonw_object(w, NULL);
    jsonw_str(w, "actuator", a->name);
    jsonw_str(w, "kind", actuator_kind_names[a->kind]);
    jsonw_str(w, "zone", a->zone);
    jsonw_int(w, "level", s->level);
    jsonw_str(w, "wave", wave_names[s->wave]);
    jsonw_str(w, "direction", direction_names[s->direction]);
    render_percent(w, "duty_percent", s->duty_permille);
    jsonw_int(w, "period_ms", s->period_ms);
    jsonw_int(w, "ramp_ms", s->ramp_ms);
    jsonw_object_end(w);
}

static int64_t at_of(const struct program *p, int32_t step) {
    int64_t at_ms = 0;
    for (int32_t i = 0; i < step; i++)
        if (p->steps[i].kind != STEP_HEAT) at_ms += p->steps[i].ms; /* how long a wait takes nobody knows */
    return at_ms;
}

static void render_step(struct jsonw *w, const struct lowering *p, int32_t i) {
    const struct program_step *s = &p->program.steps[i];
    const struct routine_step *source = &p->routine.steps[s->source_step];
    jsonw_object(w, NULL);
    jsonw_int(w, "step", i);
    jsonw_int(w, "routine_step", s->source_step);
    jsonw_str(w, "technique", technique_names[source->technique]);
    jsonw_str(w, "kind", step_kind_names[s->kind]);
    jsonw_int(w, "at_ms", at_of(&p->program, i));
    jsonw_int(w, "duration_ms", s->ms);
    render_celsius(w, "water_c", s->water_mdegc, true);
    render_text(w, "instruction", source->instruction);
    jsonw_array(w, "sets");
    for (int32_t k = 0; k < s->n_sets; k++) render_set(w, &s->sets[k], &p->model);
    jsonw_array_end(w);
    jsonw_object_end(w);
}

static void render_segment(struct jsonw *w, const struct program *p, int32_t i, const struct setpoint *s,
                           int32_t level_from) {
    jsonw_object(w, NULL);
    jsonw_int(w, "step", i);
    jsonw_int(w, "at_ms", at_of(p, i));
    jsonw_int(w, "duration_ms", p->steps[i].ms);
    jsonw_int(w, "level_from", level_from);
    jsonw_int(w, "level", s->level);
    jsonw_int(w, "ramp_ms", s->ramp_ms);
    jsonw_str(w, "wave", wave_names[s->wave]);
    jsonw_str(w, "direction", direction_names[s->direction]);
    render_percent(w, "duty_percent", s->duty_permille);
    jsonw_int(w, "period_ms", s->period_ms);
    jsonw_object_end(w);
}

/* One line of the picture: when this actuator does what. */
static void render_track(struct jsonw *w, const struct lowering *p, int32_t channel) {
    const struct actuator *a = &p->model.actuators[channel];
    int32_t before = 0;
    jsonw_object(w, NULL);
    jsonw_str(w, "actuator", a->name);
    jsonw_str(w, "kind", actuator_kind_names[a->kind]);
    jsonw_str(w, "zone", a->zone);
    jsonw_int(w, "cells", a->cells);
    jsonw_array(w, "segments");
    for (int32_t i = 0; i < p->program.n_steps; i++) {
        const struct program_step *s = &p->program.steps[i];
        const struct setpoint *set = NULL;
        for (int32_t k = 0; k < s->n_sets && !set; k++)
            if (s->sets[k].channel == channel) set = &s->sets[k];
        if (set) render_segment(w, &p->program, i, set, before);
        before = set ? set->level : 0;
    }
    jsonw_array_end(w);
    jsonw_object_end(w);
}

static void render_timeline(struct jsonw *w, const struct lowering *p) {
    jsonw_array(w, "timeline");
    for (int32_t ch = 0; ch < p->model.n_actuators; ch++)
        if (p->model.actuators[ch].kind != ACTUATOR_HEATER) render_track(w, p, ch);
    jsonw_array_end(w);
    jsonw_array(w, "water");
    for (int32_t i = 0; i < p->program.n_steps; i++) {
        const struct program_step *s = &p->program.steps[i];
        if (s->water_mdegc == 0) continue;
        jsonw_object(w, NULL);
        jsonw_int(w, "step", i);
        jsonw_int(w, "at_ms", at_of(&p->program, i));
        jsonw_int(w, "duration_ms", s->kind == STEP_HEAT ? 0 : s->ms);
        jsonw_int(w, "hold_max_ms", s->kind == STEP_HEAT ? s->ms : 0);
        render_celsius(w, "target_c", s->water_mdegc, true);
        jsonw_object_end(w);
    }
    jsonw_array_end(w);
}

static enum err handle_preview(struct request *rq, void *worker) {
    const struct preview *q = request_body(rq);
    struct lowering_caps caps = CAPS_DEFAULT;
    if (q->has_intensity_max) caps.intensity_max = q->intensity_max;
    if (q->has_water_max_c) caps.water_max_mdegc = q->water_max_c;
    auto_free struct lowering *p = NULL;
    enum err e = prepare_preview(rq, worker, request_param(rq, 0), q->version, q->model, &caps, &p);
    if (e) return e;
    struct jsonw *w = request_json(rq);
    jsonw_object(w, NULL);
    jsonw_str(w, "routine", p->routine.slug);
    jsonw_int(w, "routine_version", p->routine_version);
    jsonw_str(w, "model", p->model.id);
    jsonw_int(w, "model_version", p->model.version);
    jsonw_int(w, "total_ms", program_total_ms(&p->program));
    jsonw_int(w, "total_max_ms", p->program.total_max_ms);
    jsonw_bool(w, "rinse", p->program.rinse);
    jsonw_array(w, "steps");
    for (int32_t i = 0; i < p->program.n_steps; i++) render_step(w, p, i);
    jsonw_array_end(w);
    render_timeline(w, p);
    jsonw_array(w, "notes");
    for (int32_t i = 0; i < p->report.n; i++) prepare_write_note(w, p, &p->report.notes[i]);
    jsonw_array_end(w);
    jsonw_object_end(w);
    request_reply(rq, 200);
    return ERR_OK;
}
