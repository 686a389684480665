#include "server/fleet/event.h"

#include "base/jsonw.h"

void event_device_write(struct buf *out, const struct live_device *d) {
    struct jsonw w;
    jsonw_init(&w, out);
    jsonw_object(&w, NULL);
    jsonw_uuid(&w, "device_id", &d->facts.id);
    jsonw_uuid(&w, "site_id", &d->facts.site_id);
    jsonw_bool(&w, "connected", d->connected);
    jsonw_bool(&w, "fresh", d->fresh);
    jsonw_bool(&w, "ready", d->ready);
    jsonw_int(&w, "epoch", d->epoch);
    jsonw_str(&w, "mode", d->has_state ? device_mode_names[d->state.mode] : NULL);
    jsonw_array(&w, "faults");
    for (int32_t i = 0; i < d->state.n_faults; i++) jsonw_str(&w, NULL, reason_names[d->state.faults[i]]);
    jsonw_array_end(&w);
    jsonw_bool(&w, "rinse", d->facts.rinse || d->state.rinse);
    jsonw_str(&w, "cleaning", d->facts.cleaning);
    jsonw_bool(&w, "simulated", d->simulated);
    jsonw_uuid(&w, "session_id", &d->state.session.id);
    bool known = !uuid_is_zero(&d->routine_of) && uuid_equal(&d->routine_of, &d->state.session.id);
    jsonw_str(&w, "routine_name", known ? d->routine_name : NULL);
    if (d->state.values.water_mdegc == INT32_MIN)
        jsonw_null(&w, "water_c");
    else
        jsonw_milli(&w, "water_c", d->state.values.water_mdegc);
    if (d->state.values.level_permille < 0)
        jsonw_null(&w, "level_permille");
    else
        jsonw_int(&w, "level_permille", d->state.values.level_permille);
    jsonw_time(&w, "heard_at", d->heard_at);
    jsonw_object_end(&w);
}

void event_session_write(struct buf *out, const struct session_row *s) {
    struct jsonw w;
    jsonw_init(&w, out);
    jsonw_object(&w, NULL);
    jsonw_uuid(&w, "session_id", &s->id);
    jsonw_uuid(&w, "device_id", &s->device_id);
    jsonw_uuid(&w, "site_id", &s->site_id);
    jsonw_str(&w, "routine", s->routine);
    jsonw_str(&w, "state", session_state_names[s->state]);
    jsonw_str(&w, "reason", s->reason);
    jsonw_int(&w, "step", s->step);
    jsonw_int(&w, "step_count", s->step_count);
    jsonw_int(&w, "elapsed_ms", s->elapsed_ms);
    jsonw_int(&w, "remaining_ms", s->remaining_ms);
    jsonw_int(&w, "intensity", s->intensity);
    if (s->target_mdegc)
        jsonw_milli(&w, "target_c", s->target_mdegc);
    else
        jsonw_null(&w, "target_c");
    jsonw_time(&w, "started_at", s->started_at);
    jsonw_time(&w, "ended_at", s->ended_at);
    jsonw_object_end(&w);
}

void event_command_write(struct buf *out, const struct command_row *c) {
    struct jsonw w;
    jsonw_init(&w, out);
    jsonw_object(&w, NULL);
    jsonw_uuid(&w, "command_id", &c->id);
    jsonw_uuid(&w, "device_id", &c->device_id);
    jsonw_uuid(&w, "site_id", &c->site_id);
    jsonw_uuid(&w, "session_id", &c->session_id);
    jsonw_uuid(&w, "self_test_id", &c->self_test_id);
    jsonw_str(&w, "type", c->type);
    jsonw_int(&w, "seq", c->seq);
    jsonw_str(&w, "state", command_state_names[c->state]);
    jsonw_str(&w, "code", c->code[0] ? c->code : NULL);
    jsonw_str(&w, "detail", c->detail[0] ? c->detail : NULL);
    jsonw_time(&w, "acked_at", c->acked_at);
    jsonw_object_end(&w);
}

void event_cleaning_write(struct buf *out, const struct device_row *d) {
    struct jsonw w;
    jsonw_init(&w, out);
    jsonw_object(&w, NULL);
    jsonw_uuid(&w, "device_id", &d->id);
    jsonw_uuid(&w, "site_id", &d->site_id);
    jsonw_str(&w, "cleaning", d->cleaning);
    jsonw_bool(&w, "rinse", d->rinse);
    jsonw_str(&w, "disinfecting", d->disinfecting_at ? d->disinfecting_kind : NULL);
    jsonw_time(&w, "disinfecting_since", d->disinfecting_at);
    jsonw_object_end(&w);
}

void event_alarm_write(struct buf *out, const struct alarm_row *a) {
    struct jsonw w;
    jsonw_init(&w, out);
    jsonw_object(&w, NULL);
    jsonw_uuid(&w, "alarm_id", &a->id);
    jsonw_uuid(&w, "device_id", &a->device_id);
    jsonw_uuid(&w, "site_id", &a->site_id);
    jsonw_uuid(&w, "session_id", &a->session_id);
    jsonw_str(&w, "kind", alarm_kind_names[a->kind]);
    jsonw_str(&w, "fault", a->fault[0] ? a->fault : NULL);
    jsonw_str(&w, "severity", alarm_severity_names[a->severity]);
    jsonw_str(&w, "state", alarm_state_names[a->state]);
    jsonw_str(&w, "title", alarm_kind_get((enum alarm_kind)a->kind)->title);
    jsonw_str(&w, "detail", a->detail[0] ? a->detail : NULL);
    jsonw_time(&w, "raised_at", a->raised_at);
    jsonw_time(&w, "acknowledged_at", a->acknowledged_at);
    jsonw_time(&w, "cleared_at", a->cleared_at);
    jsonw_int(&w, "version", a->version);
    jsonw_object_end(&w);
}

void event_course_write(struct buf *out, const struct course_head *c) {
    struct jsonw w;
    jsonw_init(&w, out);
    jsonw_object(&w, NULL);
    jsonw_uuid(&w, "course_id", &c->id);
    jsonw_uuid(&w, "site_id", &c->site_id);
    jsonw_str(&w, "state", course_state_names[c->state]);
    jsonw_int(&w, "done", c->done);
    jsonw_int(&w, "missed", c->missed);
    jsonw_int(&w, "left", c->left);
    jsonw_time(&w, "next_at", c->next_at);
    jsonw_int(&w, "version", c->version);
    jsonw_object_end(&w);
}
