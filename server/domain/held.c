#include "server/domain/held.h"

const struct model held_model = {.id = HELD_MODEL_ID,
                                 .version = 1,
                                 .name = "By hand",
                                 .water_max_mdegc = PROTO_WATER_DEFAULT_MAX_MDEGC,
                                 .session_max_ms = PROTO_SESSION_MS_MAX};

void held_start(const struct program *p, int64_t now, struct held *ret) {
    (void)p;
    *ret =
        (struct held){.state = SESSION_WAITING, .reason = REASON_NONE, .started_at = now, .counted_at = now};
}

static void end(struct held *h, enum session_state state, enum reason reason, int64_t at) {
    h->state = state;
    h->reason = reason;
    h->ended_at = at;
}

static void next_step(const struct program *p, struct held *h, int32_t leftover_ms, int64_t at) {
    h->step++;
    h->step_ms = leftover_ms;
    if (h->step >= p->n_steps) end(h, SESSION_COMPLETED, REASON_NONE, at);
}

bool held_advance(const struct program *p, struct held *h, int64_t now) {
    int32_t step = h->step, state = h->state;
    if (session_is_terminal((enum session_state)h->state) || now <= h->counted_at) return false;
    int64_t last = h->started_at + p->total_max_ms, until = now < last ? now : last;
    if (h->state == SESSION_WAITING && until > h->counted_at) {
        int32_t passed_ms = (int32_t)(until - h->counted_at);
        h->elapsed_ms += passed_ms;
        h->step_ms += passed_ms;
        while (h->state == SESSION_WAITING && p->steps[h->step].auto_next &&
               h->step_ms >= p->steps[h->step].ms)
            next_step(p, h, h->step_ms - p->steps[h->step].ms, until);
    }
    h->counted_at = now;
    if (!session_is_terminal((enum session_state)h->state) && now >= last)
        end(h, SESSION_ABORTED, REASON_MAX_TIME, last);
    return h->step != step || h->state != state;
}

int64_t held_due_at(const struct program *p, const struct held *h) {
    if (session_is_terminal((enum session_state)h->state)) return 0;
    int64_t last = h->started_at + p->total_max_ms;
    const struct program_step *s = &p->steps[h->step];
    if (h->state != SESSION_WAITING || !s->auto_next) return last;
    int64_t over = h->counted_at + (s->ms - h->step_ms);
    return over < last ? over : last;
}

enum held_answer held_order(const struct program *p, struct held *h, enum command_type type, int32_t step,
                            int64_t now) {
    (void)held_advance(p, h, now);
    if (!session_allows((enum session_state)h->state, type)) return HELD_WRONG_STATE;
    switch (type) {
    case COMMAND_PAUSE: h->state = SESSION_PAUSED; return HELD_DONE;
    case COMMAND_RESUME: h->state = SESSION_WAITING; return HELD_DONE;
    case COMMAND_STOP: end(h, SESSION_STOPPED, REASON_COMMAND, now); return HELD_DONE;
    case COMMAND_CONFIRM:
        if (step != h->step) return HELD_WRONG_STEP;
        next_step(p, h, 0, now);
        return HELD_DONE;
    default: return HELD_NOTHING;
    }
}

int32_t held_remaining_ms(const struct program *p, const struct held *h) {
    int64_t left = 0;
    if (session_is_terminal((enum session_state)h->state)) return 0;
    const struct program_step *now = &p->steps[h->step];
    if (h->step_ms < now->ms) left = now->ms - h->step_ms;
    for (int32_t i = h->step + 1; i < p->n_steps; i++) left += p->steps[i].ms;
    return left > INT32_MAX ? INT32_MAX : (int32_t)left;
}
