/* Sharded so that the HTTP threads, the link and the recorder seldom meet; entries are never freed
 * while the process runs (a retired device stays as a fact), so no reader needs more than its
 * shard's lock for the length of a copy. */
#include "server/fleet/live.h"

#include <stdio.h>

#include "base/clock.h"
#include "server/fleet/live_inside.h"

static void heard(struct live *l, struct entry *e, int64_t now_ms) {
    e->d.heard_at = now_ms;
    touch(l, e);
}

/* True when it changed. */
static bool set_connected(struct live *l, struct entry *e, bool connected, int64_t now_ms) {
    if (e->d.connected == connected) return false;
    e->d.connected = connected;
    e->d.connected_at = now_ms;
    if (connected)
        atomic_fetch_add(&l->connected, 1);
    else
        atomic_fetch_sub(&l->connected, 1);
    return true;
}

static bool set_ready(struct live *l, struct entry *e, bool ready, int64_t now_ms) {
    if (e->d.ready == ready) return false;
    e->d.ready = ready;
    e->d.ready_at = now_ms;
    if (ready)
        atomic_fetch_add(&l->ready, 1);
    else
        atomic_fetch_sub(&l->ready, 1);
    return true;
}

struct live *live_new(void) {
    struct live *l = xcalloc(1, sizeof *l);
    /* Starts from the time of day: a tag of an earlier process never comes back. */
    atomic_init(&l->rev, (uint64_t)clock_wall_ms() << 20);
    pthread_mutex_init(&l->texts_lock, NULL);
    for (size_t i = 0; i < SHARDS; i++) pthread_mutex_init(&l->shards[i].lock, NULL);
    return l;
}

void live_free(struct live *l) {
    if (!l) return;
    for (size_t i = 0; i < SHARDS; i++) {
        for (size_t b = 0; b < SHARD_BUCKETS; b++)
            for (struct entry *e = l->shards[i].buckets[b], *next; e; e = next) {
                next = e->next;
                free(e);
            }
        pthread_mutex_destroy(&l->shards[i].lock);
    }
    for (struct text *t = l->texts, *next; t; t = next) {
        next = t->next;
        free(t);
    }
    pthread_mutex_destroy(&l->texts_lock);
    free(l);
}

static bool is_retired(const struct device_row *row) { return strcmp(row->service, "retired") == 0; }

bool live_is_retired(const struct live_device *d) { return is_retired(&d->facts); }

bool live_put_device(struct live *l, const struct device_row *row) {
    struct shard *s = shard_of(l, &row->id);
    pthread_mutex_lock(&s->lock);
    auto_unlock pthread_mutex_t *locked = &s->lock;
    struct entry **at = slot(s, &row->id);
    if (!*at) {
        if (atomic_fetch_add(&l->known, 1) >= LIMIT_DEVICES) {
            atomic_fetch_sub(&l->known, 1);
            return false;
        }
        *at = xcalloc(1, sizeof **at);
        (*at)->d.state.values = (struct message_values){.water_mdegc = INT32_MIN, .level_permille = -1};
    } else if ((*at)->d.facts.version > row->version) {
        return true; /* two writers' copies crossed on the way here: the newer row stays */
    }
    (*at)->d.facts = *row;
    touch(l, *at);
    return true;
}

bool live_put_cleaning(struct live *l, const struct device_row *row) {
    ENTRY_LOCKED(l, &row->id);
    if (!e) return false;
    struct device_row *facts = &e->d.facts;
    if (strcmp(facts->cleaning, row->cleaning) == 0 && facts->rinse == row->rinse &&
        facts->disinfecting_at == row->disinfecting_at)
        return false;
    memcpy(facts->cleaning, row->cleaning, sizeof facts->cleaning);
    memcpy(facts->disinfecting_kind, row->disinfecting_kind, sizeof facts->disinfecting_kind);
    facts->disinfecting_at = row->disinfecting_at;
    facts->rinse = row->rinse;
    touch(l, e);
    return true;
}

bool live_get(const struct live *l, const struct uuid *id, int64_t now_ms, struct live_device *ret) {
    ENTRY_LOCKED(l, id);
    if (!e) return false;
    copy_out(e, now_ms, ret);
    return true;
}

bool live_ready(const struct live *l, const struct uuid *id, int64_t *ret_epoch) {
    ENTRY_LOCKED(l, id);
    if (!e || !e->d.ready) return false;
    *ret_epoch = e->d.epoch;
    return true;
}

bool live_is_simulated(const struct live *l, const struct uuid *id) {
    ENTRY_LOCKED(l, id);
    return e && e->d.simulated;
}

void live_count(const struct live *l, size_t *ret_known, size_t *ret_connected) {
    if (ret_known) *ret_known = atomic_load(&l->known);
    if (ret_connected) *ret_connected = atomic_load(&l->connected);
}

size_t live_count_ready(const struct live *l) { return atomic_load(&l->ready); }

bool live_heard(struct live *l, const struct uuid *id, int64_t now_ms) {
    ENTRY_LOCKED(l, id);
    if (e) heard(l, e, now_ms);
    return e;
}

static void end(struct entry *e, int64_t epoch, const struct uuid *boot_id, enum presence_why why,
                int64_t now_ms) {
    bool began = epoch == e->d.epoch && uuid_equal(boot_id, &e->d.boot_id);
    e->end = (struct end){*boot_id, epoch, now_ms, began ? e->epoch_at : 0, why, e->end.n + 1};
}

bool live_put_presence(struct live *l, const struct uuid *id, const struct message_presence *p,
                       int64_t now_ms, bool *ret_changed) {
    if (ret_changed) *ret_changed = false;
    ENTRY_LOCKED(l, id);
    if (!e || is_retired(&e->d.facts)) return false;
    /* The last will of a connection that was taken over comes after the birth of the new one. A birth
     * may be the retained one, so it is no proof of life: heard_at stays. */
    if (p->epoch < e->d.epoch) return false;
    bool newer = p->epoch > e->d.epoch;
    bool changed = set_connected(l, e, p->online, now_ms);
    if (changed && !p->online) end(e, p->epoch, &p->boot_id, PRESENCE_LAST_WILL, now_ms);
    if (newer && p->online) e->epoch_at = now_ms;
    if (newer) e->d.simulated = false;
    if (newer || !p->online) changed |= set_ready(l, e, false, now_ms);
    e->d.epoch = p->epoch;
    e->d.boot_id = p->boot_id;
    if (changed || newer) touch(l, e);
    if (ret_changed) *ret_changed = changed;
    return true;
}

/* What a person would call another state; values and times are left out. */
static bool state_differs(const struct message_state *a, const struct message_state *b) {
    return a->mode != b->mode || a->rinse != b->rinse || a->n_faults != b->n_faults ||
           memcmp(a->faults, b->faults, sizeof a->faults[0] * (size_t)a->n_faults) != 0 ||
           !uuid_equal(&a->session.id, &b->session.id) || a->session.state != b->session.state ||
           a->session.reason != b->session.reason || a->session.step != b->session.step ||
           a->session.intensity != b->session.intensity || a->session.target_mdegc != b->session.target_mdegc;
}

static void look_for_drift(struct entry *e, int64_t now_ms) {
    const struct message_session *s = &e->d.state.session;
    bool holds = device_session_state_is_live((enum device_session_state)s->state);
    drift_look(&e->d.drift, holds ? s->target_mdegc : 0, e->d.state.values.water_mdegc, now_ms);
}

static void show_values(struct entry *e, int64_t now_ms) {
    e->shown_at = now_ms;
    e->shown_water_mdegc = e->d.state.values.water_mdegc;
    e->shown_level_permille = e->d.state.values.level_permille;
}

static bool differs_by(int32_t a, int32_t b, int32_t unknown, int64_t least) {
    if (a == unknown || b == unknown) return a != b;
    int64_t by = (int64_t)a - b;
    return by >= least || -by >= least;
}

/* True: subscribers are to be told, and count as told. */
static bool values_are_news(struct entry *e, int64_t now_ms) {
    const struct message_values *v = &e->d.state.values;
    if (e->shown_at && is_recent(e->shown_at, now_ms, LIVE_SHOW_MS)) return false;
    if (e->shown_at && !differs_by(v->water_mdegc, e->shown_water_mdegc, INT32_MIN, LIVE_SHOW_WATER_MDEGC) &&
        !differs_by(v->level_permille, e->shown_level_permille, -1, LIVE_SHOW_LEVEL_PERMILLE))
        return false;
    show_values(e, now_ms);
    return true;
}

static bool put_state(struct live *l, struct entry *e, const struct message_state *s, int64_t now_ms,
                      bool *ret_changed) {
    if (e->d.has_state) {
        bool same_boot = uuid_equal(&s->boot_id, &e->d.state.boot_id);
        if (same_boot ? s->n <= e->d.state.n : s->epoch < e->d.state.epoch) return false;
    }
    *ret_changed = !e->d.has_state || state_differs(s, &e->d.state);
    e->d.has_state = true;
    e->d.state = *s;
    e->d.state_at = e->d.values_at = now_ms;
    /* During a session every state is told, for its progress. */
    if (*ret_changed || device_session_state_is_live((enum device_session_state)s->session.state))
        show_values(e, now_ms);
    else
        *ret_changed = values_are_news(e, now_ms);
    look_for_drift(e, now_ms);
    heard(l, e, now_ms);
    return true;
}

bool live_put_state(struct live *l, const struct uuid *id, const struct message_state *s, int64_t now_ms,
                    bool *ret_changed) {
    bool changed = false;
    ENTRY_LOCKED(l, id);
    bool taken = e && put_state(l, e, s, now_ms, &changed);
    if (ret_changed) *ret_changed = changed;
    return taken;
}

bool live_put_sample(struct live *l, const struct uuid *id, const struct uuid *boot_id,
                     const struct message_sample *s, int64_t now_ms, bool *ret_changed) {
    if (ret_changed) *ret_changed = false;
    ENTRY_LOCKED(l, id);
    if (!e) return false;
    heard(l, e, now_ms);
    if (!uuid_equal(&e->d.boot_id, boot_id)) return true; /* an old boot's spool: history, not the present */
    e->d.state.values =
        (struct message_values){s->water_mdegc, s->level_permille, s->current_ma, s->heater_permille};
    e->d.values_at = now_ms;
    look_for_drift(e, now_ms);
    bool news = e->d.has_state && values_are_news(e, now_ms);
    if (ret_changed) *ret_changed = news;
    return true;
}

bool live_put_hello(struct live *l, const struct uuid *id, const struct message_hello *h, int64_t now_ms) {
    ENTRY_LOCKED(l, id);
    if (!e || is_retired(&e->d.facts)) return false;
    if (h->epoch < e->d.epoch) {
        if (uuid_equal(&h->boot_id, &e->d.boot_id)) return false;
        e->d.has_state = false; /* its numbers begin again */
    }
    if (h->epoch != e->d.epoch) {
        set_ready(l, e, false, now_ms);
        e->epoch_at = now_ms;
    }
    set_connected(l, e, true, now_ms);
    e->d.epoch = e->hello_epoch = h->epoch;
    e->d.boot_id = h->boot_id;
    e->missed = false;
    memcpy(e->d.agent, h->agent, sizeof e->d.agent);
    e->d.simulated = h->simulated;
    bool changed;
    if (!put_state(l, e, &h->state, now_ms, &changed)) heard(l, e, now_ms);
    return true;
}

bool live_put_ready(struct live *l, const struct uuid *id, int64_t epoch, int64_t now_ms, bool *ret_changed,
                    bool *ret_missed) {
    *ret_changed = *ret_missed = false;
    ENTRY_LOCKED(l, id);
    if (!e || e->d.epoch != epoch || !e->d.connected) return false;
    *ret_changed = set_ready(l, e, true, now_ms);
    *ret_missed = e->missed;
    e->missed = false;
    if (*ret_changed) touch(l, e);
    return true;
}

bool live_answer_epoch(const struct live *l, const struct uuid *id, int64_t *ret_epoch) {
    ENTRY_LOCKED(l, id);
    if (!e || (!e->d.ready && e->hello_epoch && e->hello_epoch == e->d.epoch)) return false;
    *ret_epoch = e->d.ready ? e->d.epoch : 0;
    return true;
}

void live_put_offline(struct live *l, const struct uuid *id, int64_t now_ms) {
    ENTRY_LOCKED(l, id);
    if (!e) return;
    if (set_connected(l, e, false, now_ms)) end(e, e->d.epoch, &e->d.boot_id, PRESENCE_RETIRED, now_ms);
    set_ready(l, e, false, now_ms);
    touch(l, e);
}

void live_put_unready(struct live *l, int64_t now_ms) {
    for (size_t i = 0; i < SHARDS; i++) {
        struct shard *s = &l->shards[i];
        pthread_mutex_lock(&s->lock);
        for (size_t b = 0; b < SHARD_BUCKETS; b++)
            for (struct entry *e = s->buckets[b]; e; e = e->next) {
                e->hello_epoch = 0;
                e->told.known = false;
                if (set_ready(l, e, false, now_ms)) touch(l, e);
            }
        pthread_mutex_unlock(&s->lock);
    }
}

enum live_turn live_send_turn(struct live *l, const struct uuid *id, int64_t seq, int64_t epoch,
                              live_send *send, void *arg, int64_t now_ms) {
    ENTRY_LOCKED(l, id);
    if (!e) return LIVE_TURN_WAIT;
    if (!e->d.ready) {
        e->missed = true;
        return LIVE_TURN_WAIT;
    }
    /* A command of an earlier epoch (or none: it was written as pending) needs the database to give
     * it the present one, even when it is its turn. */
    if (epoch == e->d.epoch && seq <= e->sent_seq) return LIVE_TURN_DONE;
    if (epoch != e->d.epoch || seq != e->sent_seq + 1 || !send(arg)) return LIVE_TURN_GAP;
    if (e->acked_seq >= e->sent_seq || !e->sent_at) e->sent_at = now_ms;
    e->sent_seq = seq;
    return LIVE_TURN_SENT;
}

void live_put_sent(struct live *l, const struct uuid *id, int64_t epoch, int64_t seq, bool any,
                   int64_t now_ms) {
    ENTRY_LOCKED(l, id);
    if (!e || e->d.epoch != epoch) return;
    if (seq > e->sent_seq) e->sent_seq = seq;
    if (any)
        e->sent_at = now_ms;
    else
        e->acked_seq = e->sent_seq;
}

void live_put_acked(struct live *l, const struct uuid *id, int64_t seq, int64_t now_ms) {
    ENTRY_LOCKED(l, id);
    if (!e || seq <= e->acked_seq) return;
    e->acked_seq = seq;
    e->sent_at = now_ms;
}

bool live_stale_once(struct live *l, const struct uuid *id, int64_t seq) {
    ENTRY_LOCKED(l, id);
    if (!e || e->stale_seq >= seq) return false;
    e->stale_seq = seq;
    return true;
}

bool live_session_differs(const struct live *l, const struct uuid *id, const struct message_state *s) {
    ENTRY_LOCKED(l, id);
    if (!e) return false;
    if (!e->has_persisted) return true;
    const struct message_session *a = &e->persisted, *b = &s->session;
    return !uuid_equal(&a->id, &b->id) || a->state != b->state || a->reason != b->reason ||
           a->step != b->step || a->step_count != b->step_count || a->intensity != b->intensity ||
           a->target_mdegc != b->target_mdegc || a->started_at != b->started_at ||
           a->ended_at != b->ended_at || e->persisted_mode != s->mode ||
           e->persisted_n_faults != s->n_faults ||
           memcmp(e->persisted_faults, s->faults, sizeof s->faults[0] * (size_t)s->n_faults) != 0;
}

void live_put_persisted(struct live *l, const struct uuid *id, const struct message_state *s) {
    ENTRY_LOCKED(l, id);
    if (!e) return;
    e->has_persisted = true;
    e->persisted = s->session;
    e->persisted_mode = s->mode;
    e->persisted_n_faults = s->n_faults;
    memcpy(e->persisted_faults, s->faults, sizeof e->persisted_faults);
}

bool live_knows_routine(const struct live *l, const struct uuid *id, const struct uuid *session_id) {
    ENTRY_LOCKED(l, id);
    return e && uuid_equal(&e->d.routine_of, session_id);
}

static const char *keep_text(struct live *l, const char *text) {
    pthread_mutex_lock(&l->texts_lock);
    auto_unlock pthread_mutex_t *locked = &l->texts_lock;
    for (const struct text *t = l->texts; t; t = t->next)
        if (strcmp(t->text, text) == 0) return t->text;
    if (l->n_texts == TEXTS_MAX) return NULL;
    size_t size = strlen(text) + 1;
    struct text *made = xmalloc(sizeof *made + size);
    memcpy(made->text, text, size);
    made->next = l->texts;
    l->texts = made;
    l->n_texts++;
    return made->text;
}

void live_put_routine(struct live *l, const struct uuid *id, const struct uuid *session_id,
                      const char *routine, const char *name) {
    const char *slug = keep_text(l, routine), *words = keep_text(l, name);
    ENTRY_LOCKED(l, id);
    if (!e) return;
    e->d.routine_of = *session_id;
    e->d.routine = slug;
    e->d.routine_name = words;
    touch(l, e);
}
