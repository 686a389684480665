#include "server/api/render.h"

#include <string.h>

#include "server/domain/session.h"

void render_percent(struct jsonw *w, const char *key, int32_t permille) {
    if (permille < 0)
        jsonw_null(w, key);
    else
        jsonw_milli(w, key, (int64_t)permille * 100);
}

void render_celsius(struct jsonw *w, const char *key, int32_t mdegc, bool zero_is_none) {
    if (mdegc == INT32_MIN || (zero_is_none && mdegc == 0))
        jsonw_null(w, key);
    else
        jsonw_milli(w, key, mdegc);
}

void render_text(struct jsonw *w, const char *key, const char *text) {
    jsonw_str(w, key, text && text[0] ? text : NULL);
}

static void render_opening(struct jsonw *w, const struct course_calendar *c) {
    jsonw_array(w, "opening_days");
    for (int d = 0; d < DATE_WEEKDAY_COUNT; d++)
        if (c->open_days & 1u << d) jsonw_str(w, NULL, date_weekday_names[d]);
    jsonw_array_end(w);
    jsonw_array(w, "closed_dates");
    for (int32_t i = 0; i < c->n_closed; i++) {
        char day[DATE_TEXT_LEN + 1];
        date_format(c->closed[i], day);
        jsonw_str(w, NULL, day);
    }
    jsonw_array_end(w);
}

void render_site(struct jsonw *w, const char *key, const struct site_row *row) {
    jsonw_object(w, key);
    jsonw_uuid(w, "id", &row->id);
    jsonw_str(w, "name", row->name);
    jsonw_str(w, "timezone", row->timezone);
    jsonw_str(w, "jurisdiction", hygiene_rules_names[row->jurisdiction]);
    render_opening(w, &row->calendar);
    jsonw_time(w, "created_at", row->created_at);
    jsonw_time(w, "updated_at", row->updated_at);
    jsonw_int(w, "version", row->version);
    jsonw_object_end(w);
}

void render_model(struct jsonw *w, const char *key, const struct model *m) {
    jsonw_object(w, key);
    jsonw_str(w, "id", m->id);
    jsonw_int(w, "version", m->version);
    jsonw_str(w, "name", m->name);
    jsonw_milli(w, "water_max_c", m->water_max_mdegc);
    jsonw_milli(w, "session_max_s", m->session_max_ms);
    jsonw_int(w, "tub_ml", m->tub_ml);
    jsonw_int(w, "heater_w", m->heater_w);
    render_percent(w, "level_min_percent", m->level_min_permille);
    jsonw_int(w, "water_sensors", m->water_sensors);
    jsonw_array(w, "actuators");
    for (int32_t i = 0; i < m->n_actuators; i++) {
        const struct actuator *a = &m->actuators[i];
        jsonw_object(w, NULL);
        jsonw_str(w, "name", a->name);
        jsonw_str(w, "kind", actuator_kind_names[a->kind]);
        jsonw_str(w, "zone", a->zone);
        jsonw_int(w, "cells", a->cells);
        jsonw_int(w, "level_max_percent", a->level_max);
        jsonw_int(w, "current_max_ma", a->current_max_ma);
        jsonw_int(w, "ramp_min_ms", a->ramp_min_ms);
        jsonw_object_end(w);
    }
    jsonw_array_end(w);
    jsonw_object_end(w);
}

static void render_device_session(struct jsonw *w, const struct live_device *d) {
    const struct message_session *s = &d->state.session;
    bool known = uuid_equal(&d->routine_of, &s->id);
    jsonw_object(w, "session");
    jsonw_uuid(w, "id", &s->id);
    render_text(w, "routine", known ? d->routine : NULL);
    render_text(w, "routine_name", known ? d->routine_name : NULL);
    jsonw_str(w, "state", device_session_state_names[s->state]);
    jsonw_str(w, "reason", reason_names[s->reason]);
    jsonw_int(w, "step", s->step);
    jsonw_int(w, "step_count", s->step_count);
    jsonw_int(w, "elapsed_ms", s->elapsed_ms);
    jsonw_int(w, "remaining_ms", s->remaining_ms);
    jsonw_int(w, "intensity", s->intensity);
    render_celsius(w, "target_c", s->target_mdegc, true);
    jsonw_time(w, "started_at", s->started_at);
    jsonw_object_end(w);
}

static void render_values(struct jsonw *w, const struct message_values *v, int64_t at) {
    jsonw_object(w, "values");
    render_celsius(w, "water_c", v->water_mdegc, false);
    render_percent(w, "level_percent", v->level_permille);
    jsonw_int(w, "current_ma", v->current_ma);
    render_percent(w, "heater_percent", v->heater_permille);
    jsonw_time(w, "at", at);
    jsonw_object_end(w);
}

void render_credentials(struct jsonw *w, const char *key, const struct render_credentials *c) {
    jsonw_object(w, key);
    jsonw_uuid(w, "device_id", &c->device->id);
    jsonw_uuid(w, "username", &c->device->id);
    jsonw_str(w, "password", c->password);
    jsonw_int(w, "version", c->device->credential_version);
    jsonw_object_end(w);
}

static void render_disinfecting(struct jsonw *w, const struct device_row *row) {
    if (!row->disinfecting_at) {
        jsonw_null(w, "disinfecting");
        return;
    }
    jsonw_object(w, "disinfecting");
    jsonw_str(w, "kind", row->disinfecting_kind);
    jsonw_time(w, "started_at", row->disinfecting_at);
    jsonw_object_end(w);
}

void render_device(struct jsonw *w, const char *key, const struct live_device *d,
                   const struct render_credentials *credentials) {
    const struct device_row *row = &d->facts;
    const struct message_state *s = d->has_state ? &d->state : NULL;
    jsonw_object(w, key);
    jsonw_uuid(w, "id", &row->id);
    jsonw_uuid(w, "site_id", &row->site_id);
    jsonw_str(w, "name", row->name);
    jsonw_str(w, "serial", row->serial);
    jsonw_str(w, "model", row->model);
    jsonw_str(w, "service", row->service);
    jsonw_str(w, "cleaning", row->cleaning);
    jsonw_bool(w, "rinse", row->rinse || (s && s->rinse));
    render_disinfecting(w, row);
    jsonw_bool(w, "connected", d->connected);
    jsonw_time(w, "connected_at", d->connected_at);
    jsonw_bool(w, "fresh", d->fresh);
    jsonw_time(w, "last_seen_at", d->heard_at);
    jsonw_bool(w, "ready", d->ready);
    jsonw_time(w, "ready_at", d->ready_at);
    jsonw_str(w, "mode", s ? device_mode_names[s->mode] : "unknown");
    if (s && device_session_state_is_live((enum device_session_state)s->session.state))
        render_device_session(w, d);
    else
        jsonw_null(w, "session");
    if (s)
        render_values(w, &s->values, d->values_at ? d->values_at : d->state_at);
    else
        jsonw_null(w, "values");
    jsonw_array(w, "faults");
    for (int32_t i = 0; s && i < s->n_faults; i++) jsonw_str(w, NULL, reason_names[s->faults[i]]);
    jsonw_array_end(w);
    render_text(w, "agent", d->agent);
    jsonw_bool(w, "simulated", d->simulated);
    jsonw_time(w, "created_at", row->created_at);
    jsonw_time(w, "updated_at", row->updated_at);
    jsonw_int(w, "version", row->version);
    if (credentials) render_credentials(w, "credentials", credentials);
    jsonw_object_end(w);
}

void render_session(struct jsonw *w, const char *key, const struct session_row *row,
                    const struct command_row *command) {
    jsonw_object(w, key);
    jsonw_uuid(w, "id", &row->id);
    jsonw_str(w, "state", session_state_names[row->state]);
    jsonw_str(w, "reason", row->reason);
    jsonw_uuid(w, "device_id", &row->device_id);
    jsonw_uuid(w, "site_id", &row->site_id);
    render_text(w, "guest", row->guest);
    jsonw_str(w, "routine", row->routine);
    jsonw_int(w, "routine_version", row->routine_version);
    jsonw_bool(w, "trial", row->trial);
    jsonw_int(w, "step", row->step);
    jsonw_int(w, "step_count", row->step_count);
    jsonw_milli(w, "duration_s", row->duration_ms);
    jsonw_int(w, "elapsed_ms", row->elapsed_ms);
    jsonw_int(w, "remaining_ms", row->remaining_ms);
    jsonw_int(w, "intensity", row->intensity);
    render_celsius(w, "target_c", row->target_mdegc, true);
    jsonw_time(w, "requested_at", row->requested_at);
    jsonw_time(w, "started_at", row->started_at);
    jsonw_time(w, "ended_at", row->ended_at);
    jsonw_uuid(w, "created_by", &row->created_by);
    jsonw_int(w, "version", row->version);
    if (row->screening) jsonw_raw(w, "screening", row->screening, strlen(row->screening));
    if (command) render_command(w, "command", command);
    jsonw_object_end(w);
}

/* The command's own part as it is recorded (see outbox_body_write), in the API's units. */
struct wanted {
    bool has_intensity, has_water, has_step;
    int32_t intensity, water_mdegc, step;
};
static const struct field wanted_fields[] = {
    FIELD_INT_HAS(struct wanted, intensity, INT32_MIN, INT32_MAX, 0, has_intensity),
    FIELD_INT_HAS(struct wanted, water_mdegc, INT32_MIN, INT32_MAX, 0, has_water),
    FIELD_INT_HAS(struct wanted, step, INT32_MIN, INT32_MAX, 0, has_step), FIELD_END};

static void render_wanted(struct jsonw *w, const char *body) {
    struct wanted wanted = {0};
    struct field_errors errors = {0};
    if (body && !field_parse(body, strlen(body), wanted_fields, 0, &wanted, sizeof(wanted), NULL, &errors))
        wanted = (struct wanted){0};
    jsonw_object(w, "wanted");
    if (wanted.has_intensity) jsonw_int(w, "intensity", wanted.intensity);
    if (wanted.has_water) jsonw_milli(w, "water_c", wanted.water_mdegc);
    if (wanted.has_step) jsonw_int(w, "step", wanted.step);
    jsonw_object_end(w);
}

void render_command(struct jsonw *w, const char *key, const struct command_row *row) {
    jsonw_object(w, key);
    jsonw_uuid(w, "id", &row->id);
    jsonw_str(w, "type", row->type);
    jsonw_str(w, "state", command_state_names[row->state]);
    render_text(w, "code", row->code);
    render_text(w, "detail", row->detail);
    jsonw_uuid(w, "session_id", &row->session_id);
    jsonw_uuid(w, "self_test_id", &row->self_test_id);
    jsonw_uuid(w, "device_id", &row->device_id);
    jsonw_uuid(w, "site_id", &row->site_id);
    jsonw_int(w, "seq", row->seq);
    render_wanted(w, row->body);
    jsonw_time(w, "created_at", row->created_at);
    jsonw_time(w, "sent_at", row->sent_at);
    jsonw_time(w, "acked_at", row->acked_at);
    jsonw_time(w, "finished_at", row->finished_at);
    jsonw_time(w, "expires_at", row->expires_at);
    jsonw_uuid(w, "created_by", &row->created_by);
    jsonw_object_end(w);
}

void render_point(struct jsonw *w, const char *key, const struct telemetry_point *p) {
    jsonw_object(w, key);
    jsonw_time(w, "at", p->at);
    jsonw_uuid(w, "session_id", &p->session_id);
    jsonw_int(w, "samples", p->n_samples);
    jsonw_int(w, "step", p->step);
    jsonw_int(w, "elapsed_ms", p->elapsed_ms);
    jsonw_int(w, "intensity", p->intensity);
    render_celsius(w, "target_c", p->target_mdegc, true);
    render_celsius(w, "water_c", p->water_mdegc, false);
    render_celsius(w, "water_min_c", p->water_min_mdegc, false);
    render_celsius(w, "water_max_c", p->water_max_mdegc, false);
    render_percent(w, "level_percent", p->level_permille);
    jsonw_int(w, "current_ma", p->current_ma);
    jsonw_int(w, "current_max_ma", p->current_max_ma);
    render_percent(w, "heater_percent", p->heater_permille);
    jsonw_object_end(w);
}

void render_cleaning(struct jsonw *w, const char *key, const struct cleaning_row *row) {
    jsonw_object(w, key);
    jsonw_uuid(w, "id", &row->id);
    jsonw_uuid(w, "device_id", &row->device_id);
    jsonw_uuid(w, "site_id", &row->site_id);
    jsonw_uuid(w, "session_id", &row->session_id);
    jsonw_str(w, "kind", row->kind);
    render_text(w, "disinfectant", row->product);
    render_text(w, "epa_number", row->epa_number);
    jsonw_int(w, "contact_minutes", row->contact_minutes);
    jsonw_bool(w, "rinsed", row->rinsed);
    render_text(w, "initials", row->initials);
    render_text(w, "note", row->notes);
    jsonw_time(w, "done_at", row->done_at);
    jsonw_uuid(w, "recorded_by", &row->recorded_by);
    jsonw_time(w, "created_at", row->created_at);
    jsonw_object_end(w);
}

void render_token(struct jsonw *w, const char *key, const struct token_row *row, const char *secret) {
    jsonw_object(w, key);
    jsonw_uuid(w, "id", &row->id);
    jsonw_str(w, "name", row->name);
    jsonw_str(w, "role", role_names[row->role]);
    jsonw_bool(w, "all_sites", row->sites.all);
    jsonw_array(w, "site_ids");
    for (int32_t i = 0; !row->sites.all && i < row->sites.n; i++) jsonw_uuid(w, NULL, &row->sites.sites[i]);
    jsonw_array_end(w);
    jsonw_time(w, "created_at", row->created_at);
    jsonw_time(w, "expires_at", row->expires_at);
    jsonw_time(w, "revoked_at", row->revoked_at);
    if (secret) jsonw_str(w, "token", secret);
    jsonw_object_end(w);
}

void render_audit(struct jsonw *w, const char *key, const struct audit_row *row) {
    jsonw_object(w, key);
    jsonw_uuid(w, "id", &row->id);
    jsonw_time(w, "at", row->at);
    jsonw_uuid(w, "actor_id", &row->actor_id);
    jsonw_str(w, "actor", row->actor_name);
    jsonw_str(w, "action", row->action);
    jsonw_str(w, "subject_type", row->subject_type);
    jsonw_str(w, "subject_id", row->subject_id);
    jsonw_uuid(w, "site_id", &row->site_id);
    render_text(w, "request_id", row->request_id);
    if (row->detail)
        jsonw_raw(w, "detail", row->detail, strlen(row->detail));
    else
        jsonw_raw(w, "detail", "{}", 2);
    jsonw_object_end(w);
}
