#include "tests/simulation/disk.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

struct record {
    uint32_t len, sum;
};

void disk_init(struct disk *d) {
    d->len = 0;
    memset(&d->base, 0, offsetof(struct agent_recovered, program));
    memset(&d->now, 0, offsetof(struct agent_recovered, program));
    d->base.program.n_steps = d->now.program.n_steps = 0;
}

static size_t program_size(const struct program *p) {
    return p ? offsetof(struct program, steps) + (size_t)p->n_steps * sizeof p->steps[0] : 0;
}

size_t disk_record_size(const struct agent_write *w) {
    return sizeof(struct record) + sizeof *w + program_size(w->program);
}

static uint32_t sum_of(const uint8_t *bytes, size_t len) {
    uint64_t h = 0xcbf29ce484222325ULL, word;
    for (; len >= sizeof word; bytes += sizeof word, len -= sizeof word) {
        memcpy(&word, bytes, sizeof word);
        h = (h ^ word) * 0x100000001b3ULL;
        h ^= h >> 29;
    }
    for (; len > 0; len--) h = (h ^ *bytes++) * 0x100000001b3ULL;
    return (uint32_t)(h ^ (h >> 32));
}

static void apply(struct agent_recovered *r, const struct agent_write *w, const struct program *p) {
    r->ledger.epoch = w->epoch;
    r->ledger.last_seq = w->last_seq;
    if (w->has_session) r->session = w->session;
    if (p) memcpy(&r->program, p, program_size(p));
    for (int32_t i = 0; i < w->n_answers; i++)
        r->ledger.entries[w->answers[i].order % LEDGER_SIZE] = w->answers[i];
}

static void checkpoint(struct disk *d) {
    memcpy(&d->base, &d->now, offsetof(struct agent_recovered, program));
    memcpy(&d->base.program, &d->now.program, program_size(&d->now.program));
    d->len = 0;
}

bool disk_write(struct disk *d, const struct agent_write *w, size_t kept) {
    size_t size = disk_record_size(w);
    if (d->len + size > LOG_MAX) checkpoint(d);
    assert(d->len + size <= LOG_MAX);
    uint8_t *at = d->log + d->len, *body = at + sizeof(struct record);
    memcpy(body, w, sizeof *w);
    if (w->program) memcpy(body + sizeof *w, w->program, program_size(w->program));
    struct record head = {(uint32_t)(size - sizeof head), sum_of(body, size - sizeof head)};
    memcpy(at, &head, sizeof head);
    if (kept < size) memset(at + kept, 0, size - kept); /* blocks that never reached the disk */
    d->len += size;
    /* What did not reach the disk may have been zero anyway: then the record is whole all the same. */
    bool whole = memcmp(at, &head, sizeof head) == 0 && sum_of(body, size - sizeof head) == head.sum;
    if (whole) apply(&d->now, w, w->program);
    return whole;
}

void disk_pretend(struct disk *d, const struct agent_write *w) { apply(&d->now, w, w->program); }

void disk_recover(struct disk *d, struct agent_recovered *ret, bool half) {
    for (size_t at = 0; at + sizeof(struct record) < d->len;) {
        struct record head;
        struct agent_write w;
        memcpy(&head, d->log + at, sizeof head);
        const uint8_t *body = d->log + at + sizeof head;
        bool there = head.len >= sizeof w && at + sizeof head + head.len <= d->len;
        bool whole = there && sum_of(body, head.len) == head.sum;
        if (!whole && !(half && there)) break; /* torn: it and what follows were never promised */
        memcpy(&w, body, sizeof w);
        if (!whole) {
            if (w.n_answers > 0 && w.answers[0].order > 0) w.n_answers = 1;
            w.has_session = false;
            w.program = NULL;
        }
        apply(&d->base, &w, w.program ? (const struct program *)(const void *)(body + sizeof w) : NULL);
        if (!whole) break;
        at += sizeof head + head.len;
    }
    d->len = 0;
    memcpy(ret, &d->base, offsetof(struct agent_recovered, program));
    memcpy(&ret->program, &d->base.program, program_size(&d->base.program));
}

/* ---- spool: the rules of device-agent/journal/spool.h ---- */

struct boot_box *spool_box_find(struct spool_box *s, const struct uuid *boot_id) {
    for (int32_t i = s->n_boots - 1; i >= 0; i--)
        if (uuid_equal(&s->boots[i].id, boot_id)) return &s->boots[i];
    return NULL;
}

static bool holds_any(const struct boot_box *b) {
    for (int64_t n = b->committed + 1; n <= b->last; n++)
        if (b->flags[n] & SAMPLE_HELD) return true;
    return false;
}

void spool_box_boot(struct spool_box *s, const struct uuid *id) {
    for (int32_t i = 0; i < s->n_boots; i++)
        if (s->boots[i].listed && !holds_any(&s->boots[i])) s->boots[i].listed = false;
    assert(s->n_boots < BOOTS_MAX);
    struct boot_box *b = &s->boots[s->n_boots++];
    memset(b, 0, offsetof(struct boot_box, samples));
    b->id = *id;
    b->listed = true;
}

void spool_box_take(struct spool_box *s, int64_t n, const struct uuid *session,
                    const struct message_sample *m) {
    struct boot_box *b = &s->boots[s->n_boots - 1];
    assert(n <= BOOT_SAMPLES_MAX);
    b->flags[n] = SAMPLE_TAKEN;
    b->samples[n] = *m;
    b->sessions[n] = *session;
    b->last = n;
}

static void drop_oldest(struct spool_box *s) {
    for (int32_t i = 0; i < s->n_boots; i++) {
        struct boot_box *b = &s->boots[i];
        int32_t dropped = 0;
        for (int64_t n = 1; n <= b->last && dropped < SPOOL_LOT; n++) {
            if (!(b->flags[n] & SAMPLE_HELD)) continue;
            b->flags[n] = (uint8_t)((b->flags[n] & ~SAMPLE_HELD) | SAMPLE_GONE);
            dropped++;
        }
        s->held -= dropped;
        if (dropped) return;
    }
}

void spool_box_keep(struct spool_box *s, int64_t n, bool full_disk) {
    struct boot_box *b = &s->boots[s->n_boots - 1];
    if (full_disk) {
        b->flags[n] |= SAMPLE_GONE;
        return;
    }
    if (s->held >= s->most) drop_oldest(s);
    b->flags[n] |= SAMPLE_HELD;
    s->held++;
}

void spool_box_lose_tail(struct spool_box *s, int32_t lost) {
    struct boot_box *b = &s->boots[s->n_boots - 1];
    for (int64_t n = b->last; n > 0 && lost > 0; n--, lost--) {
        if (!(b->flags[n] & SAMPLE_HELD)) continue;
        b->flags[n] = (uint8_t)((b->flags[n] & ~SAMPLE_HELD) | SAMPLE_GONE);
        s->held--;
    }
}

static int64_t newest_held(const struct boot_box *b) {
    for (int64_t n = b->last; n > b->committed; n--)
        if (b->flags[n] & SAMPLE_HELD) return n;
    return b->committed;
}

bool spool_box_head(const struct spool_box *s, struct uuid *boot_id, int64_t *committed, int64_t *last) {
    for (int32_t i = 0; i < s->n_boots; i++) {
        const struct boot_box *b = &s->boots[i];
        if (!b->listed) continue;
        *boot_id = b->id;
        *committed = b->committed;
        *last = newest_held(b);
        return true;
    }
    return false;
}

bool spool_box_read(struct spool_box *s, const struct uuid *boot_id, int64_t from, int32_t most,
                    struct message_telemetry *ret) {
    const struct boot_box *b = spool_box_find(s, boot_id);
    if (!b || !b->listed) return false;
    ret->boot_id = *boot_id;
    ret->n_samples = 0;
    for (int64_t n = from; n <= b->last && ret->n_samples < most && ret->n_samples < PROTO_SAMPLES_MAX; n++) {
        if (!(b->flags[n] & SAMPLE_HELD)) {
            if (ret->n_samples > 0) break;
            continue;
        }
        if (ret->n_samples == 0) {
            ret->n = n;
            ret->lost = n - from;
            ret->session_id = b->sessions[n];
        } else if (!uuid_equal(&b->sessions[n], &ret->session_id)) {
            break;
        }
        ret->samples[ret->n_samples++] = b->samples[n];
    }
    return ret->n_samples > 0;
}

void spool_box_release(struct spool_box *s, const struct uuid *boot_id, int64_t to, bool forget) {
    struct boot_box *b = spool_box_find(s, boot_id);
    if (!b) return;
    bool present = b == &s->boots[s->n_boots - 1];
    if (forget && !present) to = b->last;
    for (int64_t n = 1; n <= to && n <= b->last; n++) {
        if (!(b->flags[n] & SAMPLE_HELD)) continue;
        b->flags[n] = (uint8_t)((b->flags[n] & ~SAMPLE_HELD) | SAMPLE_RELEASED);
        s->held--;
    }
    if (to > b->committed) b->committed = to;
    if (forget && !present) b->listed = false;
}
