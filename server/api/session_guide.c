/* GET /api/v1/sessions/{id}/steps: what is done in a session, step by step, and which one is now. */
#include <string.h>

#include "base/clock.h"
#include "server/api/lookup.h"
#include "server/api/render.h"
#include "server/api/session.h"
#include "server/domain/guide.h"
#include "server/store/held_session_store.h"

static enum err handle_steps(struct request *rq, void *worker);

static const struct route rows[] = {
    ROUTE(GET, "/api/v1/sessions/{id}/steps", READ, 0, handle_steps),
};
const struct route_table session_guide_routes = ROUTE_TABLE(rows);

struct walk {
    struct session_row row;
    int64_t in_step_ms; /* -1: only the device knows */
    struct program program;
    struct routine routine;
};

static bool parse_program(const char *json, struct program *ret) {
    struct field_errors errors = {0};
    return program_parse(json, strlen(json), ret, &errors);
}

/* Of a session without a unit the server knows the step to the millisecond. */
static enum err read_held(struct request *rq, void *worker, struct walk *c, char **ret_program) {
    struct held_session s;
    enum err e = held_session_get(db_of(worker), scope_of(rq), &c->row.id, &s);
    if (e) return e;
    *ret_program = steal(&s.program);
    c->in_step_ms = -1;
    if (parse_program(*ret_program, &c->program)) {
        (void)held_advance(&c->program, &s.held, clock_wall_ms());
        c->row.step = s.held.step;
        c->row.state = s.held.state;
        c->in_step_ms = s.held.step_ms;
    }
    held_session_done(&s);
    return ERR_OK;
}

enum err session_routine(void *worker, const struct session_row *row, struct routine *ret) {
    const struct scope all = {.all = true}; /* whoever may see the session may see its routine */
    struct routine_row routine = {.version = row->routine_version};
    auto_free char *program = NULL;
    lookup_copy(routine.slug, row->routine);
    enum err e = row->trial ? session_get_program(db_of(worker), &all, &row->id, &program, &routine.content)
                            : routine_get(db_of(worker), &all, row->routine, row->routine_version, &routine);
    if (e) return e == ERR_NOT_FOUND ? ERR_INTERNAL : e;
    bool ok = prepare_parse(&routine, ret);
    routine_row_done(&routine);
    return ok ? ERR_OK : ERR_INTERNAL;
}

static enum err read_walk(struct request *rq, void *worker, struct walk *c) {
    auto_free char *program = NULL, *trial = NULL;
    enum err e = session_get(db_of(worker), scope_of(rq), request_param_uuid(rq, 0), &c->row);
    if (e) return e;
    session_row_done(&c->row);
    c->in_step_ms = -1;
    if (uuid_is_zero(&c->row.device_id))
        e = read_held(rq, worker, c, &program);
    else
        e = session_get_program(db_of(worker), scope_of(rq), &c->row.id, &program, &trial);
    if (!e) e = session_routine(worker, &c->row, &c->routine);
    if (e) return e;
    return parse_program(program, &c->program) ? ERR_OK : ERR_INTERNAL;
}

static void render_zones(struct jsonw *w, const struct routine_step *s, int32_t only) {
    const struct technique *t = technique_get((enum technique_id)s->technique);
    jsonw_array(w, "zones");
    if (only >= 0)
        jsonw_str(w, NULL, zone_names[only]);
    else if (s->n_zones > 0)
        for (int32_t i = 0; i < s->n_zones; i++) jsonw_str(w, NULL, zone_names[s->zones[i]]);
    else
        for (int32_t i = 0; i < t->n_zones; i++) jsonw_str(w, NULL, zone_names[t->zones[i]]);
    jsonw_array_end(w);
}

static void render_step(struct jsonw *w, const char *key, const struct walk *c, int32_t i) {
    const struct program_step *ps = &c->program.steps[i];
    const struct routine_step *s = &c->routine.steps[ps->source_step];
    struct guide g;
    bool by_hand = guide_of(&c->routine, &c->program, i, &g);
    jsonw_object(w, key);
    jsonw_int(w, "step", i);
    jsonw_int(w, "routine_step", ps->source_step);
    jsonw_str(w, "state", i < c->row.step ? "done" : i == c->row.step ? "current" : "open");
    jsonw_str(w, "technique", technique_names[s->technique]);
    jsonw_str(w, "title", technique_title((enum technique_id)s->technique));
    jsonw_str(w, "kind", step_kind_names[ps->kind]);
    jsonw_bool(w, "by_hand", by_hand);
    if (by_hand)
        jsonw_str(w, "ends", step_ends_names[ps->auto_next ? STEP_ENDS_TIMER : STEP_ENDS_CONFIRM]);
    else
        jsonw_null(w, "ends");
    render_zones(w, s, by_hand ? g.zone : -1);
    jsonw_str(w, "side", side_names[by_hand ? g.side : s->side]);
    jsonw_int(w, "part", by_hand ? g.part + 1 : 1);
    jsonw_int(w, "parts", by_hand ? g.parts : 1);
    jsonw_int(w, "repetitions", by_hand ? g.repetitions : 0);
    jsonw_int(w, "repetition_ms", by_hand ? g.repetition_ms : 0);
    jsonw_int(w, "duration_ms", ps->ms);
    render_celsius(w, "water_c", ps->water_mdegc, true);
    render_text(w, "instruction", s->instruction);
    jsonw_object_end(w);
}

/* What the person who gives the massage needs to see now. */
static void render_guide(struct jsonw *w, const struct walk *c) {
    struct guide g;
    if (session_is_terminal((enum session_state)c->row.state) ||
        !guide_of(&c->routine, &c->program, c->row.step, &g)) {
        jsonw_null(w, "guide");
        return;
    }
    jsonw_object(w, "guide");
    jsonw_int(w, "step", c->row.step);
    if (c->in_step_ms < 0) {
        jsonw_null(w, "in_step_ms");
        jsonw_null(w, "repetition");
    } else {
        jsonw_int(w, "in_step_ms", c->in_step_ms);
        jsonw_int(w, "repetition", guide_repetition(&g, c->in_step_ms));
    }
    jsonw_object_end(w);
}

static enum err handle_steps(struct request *rq, void *worker) {
    auto_free struct walk *c = xcalloc(1, sizeof(*c));
    enum err e = read_walk(rq, worker, c);
    if (e) return e;
    struct jsonw *w = request_json(rq);
    jsonw_object(w, NULL);
    jsonw_uuid(w, "session_id", &c->row.id);
    jsonw_str(w, "state", session_state_names[c->row.state]);
    jsonw_str(w, "routine", c->row.routine);
    jsonw_int(w, "routine_version", c->row.routine_version);
    render_guide(w, c);
    jsonw_array(w, "items");
    for (int32_t i = 0; i < c->program.n_steps; i++) render_step(w, NULL, c, i);
    jsonw_array_end(w);
    jsonw_object_end(w);
    request_reply(rq, 200);
    return ERR_OK;
}
