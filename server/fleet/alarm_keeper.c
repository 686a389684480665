/* A round: what is wrong by the live view and the database, what stands in the database, and the difference.
 */
#include "server/fleet/alarm_keeper.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/fleet/event.h"
#include "server/fleet/live.h"
#include "server/store/alarm_store.h"
#include "server/store/hygiene_store.h"

#define OVERDUE_EVERY_MS 5000 /* local days turn slowly, and recording ends it within this */

struct cause {
    enum alarm_kind kind;
    struct uuid device_id, session_id;
    char fault[33], detail[161];
};

struct seen { /* an alarm of the round before */
    struct uuid id;
    int64_t version, absent_since;
};

struct alarm_keeper {
    struct context *ctx;
    int64_t started_ms;
    bool ran; /* what stood before the first round is no news */
    struct seen *seen;
    int32_t n_seen;
    struct alarm_row *rows; /* by id; of this round */
    int32_t n_rows;
    struct cause *causes;
    size_t n_causes, room_causes;
    struct uuid *silent; /* devices of which nothing was heard for ALARM_SILENT_MS */
    size_t n_silent, room_silent;
    int64_t now_ms, overdue_ms; /* when overdue was read */
    struct hygiene_overdue *overdue;
    int32_t n_overdue;
};

static const struct scope everything = {.all = true};

struct alarm_keeper *alarm_keeper_new(struct context *ctx, int64_t now_ms) {
    struct alarm_keeper *k = xcalloc(1, sizeof *k);
    k->ctx = ctx;
    k->started_ms = now_ms;
    k->rows = xmalloc(ALARM_OPEN_MAX * sizeof *k->rows);
    k->seen = xcalloc(ALARM_OPEN_MAX, sizeof *k->seen);
    k->overdue = xmalloc(ALARM_OPEN_MAX * sizeof *k->overdue);
    return k;
}

void alarm_keeper_free(struct alarm_keeper *k) {
    if (!k) return;
    free(k->overdue);
    free(k->seen);
    free(k->rows);
    free(k->causes);
    free(k->silent);
    free(k);
}

/* ---- what is wrong ---- */

static struct cause *add(struct alarm_keeper *k, enum alarm_kind kind, const struct uuid *device,
                         const struct uuid *session, const char *fault) {
    if (k->n_causes == k->room_causes) {
        k->room_causes = k->room_causes ? k->room_causes * 2 : 32;
        k->causes = xrealloc(k->causes, k->room_causes * sizeof *k->causes);
    }
    struct cause *c = &k->causes[k->n_causes++];
    *c = (struct cause){.kind = kind, .device_id = *device, .session_id = *session};
    snprintf(c->fault, sizeof c->fault, "%s", fault);
    return c;
}

static bool is_silent(const struct alarm_keeper *k, const struct live_device *d) {
    int64_t since = d->heard_at > k->started_ms ? d->heard_at : k->started_ms;
    return k->now_ms - since > ALARM_SILENT_MS;
}

static bool is_drifting(const struct alarm_keeper *k, const struct live_device *d) {
    return d->fresh && drift_is_on(&d->drift, k->now_ms);
}

static bool wanted(void *arg, const struct live_device *d) {
    return !live_is_retired(d) && (d->state.n_faults > 0 || d->drift.off_since || is_silent(arg, d));
}

static void look(void *arg, const struct live_device *d) {
    struct alarm_keeper *k = arg;
    const struct message_session *s = &d->state.session;
    static const struct uuid none;
    const struct uuid *session =
        device_session_state_is_live((enum device_session_state)s->state) ? &s->id : &none;
    for (int32_t i = 0; i < d->state.n_faults; i++) {
        const char *fault = reason_names[d->state.faults[i]];
        struct cause *c = add(k, ALARM_DEVICE_FAULT, &d->facts.id, session, fault);
        snprintf(c->detail, sizeof c->detail, "the unit reports: %s", fault);
    }
    if (is_drifting(k, d)) {
        struct cause *c = add(k, ALARM_TEMPERATURE_DRIFT, &d->facts.id, session, "");
        snprintf(c->detail, sizeof c->detail, "the water has %.1f °C and should have %.1f °C",
                 d->state.values.water_mdegc / 1000.0, d->drift.target_mdegc / 1000.0);
    }
    if (!is_silent(k, d)) return;
    if (k->n_silent == k->room_silent) {
        k->room_silent = k->room_silent ? k->room_silent * 2 : 32;
        k->silent = xrealloc(k->silent, k->room_silent * sizeof *k->silent);
    }
    k->silent[k->n_silent++] = d->facts.id;
}

static enum err look_at_silent(struct alarm_keeper *k, struct db *db) {
    if (!k->n_silent) return ERR_OK;
    auto_free struct alarm_silent *found = xmalloc(k->n_silent * sizeof *found);
    int32_t n = 0;
    enum err e = alarm_list_silent(db, k->silent, (int32_t)k->n_silent, k->now_ms, found, &n);
    for (int32_t i = 0; e == ERR_OK && i < n; i++) {
        struct cause *c = add(k, ALARM_OFFLINE_IN_SESSION, &found[i].device_id, &found[i].session_id, "");
        snprintf(c->detail, sizeof c->detail, "nothing was heard of the unit for more than %d seconds",
                 ALARM_SILENT_MS / 1000);
    }
    return e;
}

static enum err look_at_overdue(struct alarm_keeper *k, struct db *db) {
    if (k->now_ms - k->overdue_ms >= OVERDUE_EVERY_MS || k->now_ms < k->overdue_ms) {
        enum err e = hygiene_list_overdue(db, k->overdue, ALARM_OPEN_MAX, &k->n_overdue);
        if (e != ERR_OK) return e;
        k->overdue_ms = k->now_ms;
    }
    for (int32_t i = 0; i < k->n_overdue; i++) {
        const struct hygiene_overdue *o = &k->overdue[i];
        static const struct uuid none;
        char day[DATE_TEXT_LEN + 1];
        date_format(o->due_on, day);
        struct cause *c = add(k, ALARM_CLEANING_OVERDUE, &o->device_id, &none, cleaning_kind_names[o->kind]);
        snprintf(c->detail, sizeof c->detail, "the disinfection %s was due on %s",
                 cleaning_kind_get((enum cleaning_kind)o->kind)->words, day);
    }
    return ERR_OK;
}

/* ---- what stands ---- */

static bool is_of(const struct alarm_row *row, const struct cause *c) {
    return row->kind == (int32_t)c->kind && uuid_equal(&row->device_id, &c->device_id) &&
           strcmp(row->fault, c->fault) == 0;
}

static bool stands(const struct alarm_keeper *k, const struct cause *c) {
    for (int32_t i = 0; i < k->n_rows; i++)
        if (is_of(&k->rows[i], c)) return true;
    return false;
}

static bool lasts(const struct alarm_keeper *k, const struct alarm_row *row) {
    for (size_t i = 0; i < k->n_causes; i++)
        if (is_of(row, &k->causes[i])) return true;
    return false;
}

/* No cause was found; is it known that there is none? */
static bool is_proven(const struct alarm_keeper *k, const struct alarm_row *row) {
    struct live_device d;
    if (row->kind == ALARM_CLEANING_OVERDUE) return true; /* the database knows */
    if (!live_get(k->ctx->live, &row->device_id, k->now_ms, &d)) return false;
    if (live_is_retired(&d)) return true;
    if (row->kind == ALARM_OFFLINE_IN_SESSION) return d.fresh || is_silent(k, &d);
    return d.fresh && d.has_state;
}

static int by_id(const void *a, const void *b) {
    return memcmp(((const struct seen *)a)->id.b, ((const struct seen *)b)->id.b, sizeof(struct uuid));
}

static struct seen *seen_before(const struct alarm_keeper *k, const struct uuid *id) {
    const struct seen key = {.id = *id};
    return bsearch(&key, k->seen, (size_t)k->n_seen, sizeof key, by_id);
}

static enum err raise_new(struct alarm_keeper *k, struct db *db, bool *changed) {
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < k->n_causes; i++) {
        const struct cause *c = &k->causes[i];
        bool raised = false;
        if (stands(k, c)) continue;
        e = alarm_raise(db, c->kind, c->fault, &c->device_id, &c->session_id, c->detail, &raised);
        if (raised) context_count(k->ctx, alarms_raised, 1);
        *changed |= raised;
    }
    return e;
}

static enum err end_gone(struct alarm_keeper *k, struct db *db, bool *changed) {
    enum err e = ERR_OK;
    for (int32_t i = 0; e == ERR_OK && i < k->n_rows; i++) {
        const struct alarm_row *row = &k->rows[i];
        struct seen *before = seen_before(k, &row->id);
        if (!before || !alarm_kind_get((enum alarm_kind)row->kind)->ends) continue;
        if (lasts(k, row) || !is_proven(k, row)) {
            before->absent_since = 0;
        } else if (!before->absent_since) {
            before->absent_since = k->now_ms;
        } else if (k->now_ms - before->absent_since >= ALARM_KEEPER_GONE_MS) {
            e = alarm_end(db, &row->id);
            *changed = true;
        }
    }
    return e;
}

/* ---- telling ---- */

static void publish(const struct alarm_keeper *k, const struct alarm_row *row) {
    auto_buf struct buf json = BUF_INIT;
    event_alarm_write(&json, row);
    context_publish(k->ctx, &row->site_id, "alarm", &json);
}

static bool is_there(const struct alarm_keeper *k, const struct uuid *id) {
    for (int32_t i = 0; i < k->n_rows; i++)
        if (uuid_equal(&k->rows[i].id, id)) return true;
    return false;
}

static enum err tell(struct alarm_keeper *k, struct db *db) {
    enum err e = ERR_OK;
    for (int32_t i = 0; e == ERR_OK && i < k->n_seen; i++) {
        struct alarm_row ended;
        if (is_there(k, &k->seen[i].id)) continue;
        e = alarm_get(db, &everything, &k->seen[i].id, &ended);
        if (e == ERR_OK && ended.version != k->seen[i].version) publish(k, &ended);
    }
    for (int32_t i = 0; e == ERR_OK && i < k->n_rows; i++) {
        const struct seen *before = seen_before(k, &k->rows[i].id);
        if (before ? before->version != k->rows[i].version : k->ran) publish(k, &k->rows[i]);
    }
    return e;
}

static void remember(struct alarm_keeper *k) {
    struct seen *now = xcalloc(ALARM_OPEN_MAX, sizeof *now);
    int64_t count[ALARM_STATE_COUNT] = {0};
    for (int32_t i = 0; i < k->n_rows; i++) {
        const struct seen *before = seen_before(k, &k->rows[i].id);
        now[i] = (struct seen){.id = k->rows[i].id,
                               .version = k->rows[i].version,
                               .absent_since = before ? before->absent_since : 0};
        count[k->rows[i].state]++;
    }
    free(k->seen);
    k->seen = now;
    k->n_seen = k->n_rows;
    k->ran = true;
    atomic_store(&k->ctx->alarms_open, count[ALARM_OPEN]);
    atomic_store(&k->ctx->alarms_acknowledged, count[ALARM_ACKNOWLEDGED]);
}

enum err alarm_keeper_run(struct alarm_keeper *k, struct db *db, int64_t now_ms) {
    bool changed = false;
    k->n_causes = k->n_silent = 0;
    k->now_ms = now_ms;
    live_each(k->ctx->live, now_ms, wanted, look, k);
    enum err e = look_at_silent(k, db);
    if (e == ERR_OK) e = look_at_overdue(k, db);
    if (e == ERR_OK) e = alarm_list_going_on(db, k->rows, &k->n_rows);
    if (e == ERR_OK) e = raise_new(k, db, &changed);
    if (e == ERR_OK) e = end_gone(k, db, &changed);
    if (e == ERR_OK && changed) e = alarm_list_going_on(db, k->rows, &k->n_rows);
    if (e == ERR_OK) e = tell(k, db);
    if (e == ERR_OK) remember(k);
    return e;
}
