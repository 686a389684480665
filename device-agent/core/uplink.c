#include "device-agent/core/uplink.h"

/* xorshift64*: only spreads devices over time, so its quality hardly matters. */
static uint32_t jitter(struct uplink *u, uint32_t below) {
    u->rng ^= u->rng >> 12;
    u->rng ^= u->rng << 25;
    u->rng ^= u->rng >> 27;
    return below ? (uint32_t)((u->rng * 0x2545f4914f6cdd1dULL) >> 33) % below : 0;
}

void uplink_init(struct uplink *u, uint64_t seed) {
    *u = (struct uplink){.rng = seed ? seed : 1};
    jitter(u, 1);
}

/* Whatever was on its way on the old connection is gone: it starts again at the watermark. */
static void go_back(struct uplink *u, int64_t mono_ms) {
    u->head.next = u->head.committed + 1;
    u->back_at_ms = mono_ms;
    u->progress_at_ms = mono_ms;
}

void uplink_online(struct uplink *u, int64_t mono_ms) {
    u->online = true;
    u->greeted = false;
    u->hello_at_ms = mono_ms;
    u->hello_wait_ms = UPLINK_HELLO_MIN_MS;
    go_back(u, mono_ms);
}

void uplink_offline(struct uplink *u) { u->online = u->greeted = false; }

static void greet_again(struct uplink *u, int32_t within_ms, int64_t mono_ms) {
    if (!u->online) return;
    u->greeted = false;
    u->hello_at_ms = mono_ms + jitter(u, (uint32_t)within_ms + 1);
    u->hello_wait_ms = UPLINK_HELLO_MIN_MS;
}

void uplink_server(struct uplink *u, int32_t spread_ms, int64_t mono_ms) {
    greet_again(u, spread_ms, mono_ms);
}

bool uplink_hello_due(struct uplink *u, int64_t mono_ms) {
    bool in_flight = u->head.set && u->head.next > u->head.committed + 1;
    if (u->online && u->greeted && in_flight && mono_ms - u->progress_at_ms >= UPLINK_SILENCE_MS) {
        greet_again(u, 0, mono_ms);
        u->progress_at_ms = mono_ms;
    }
    if (!u->online || u->greeted || mono_ms < u->hello_at_ms) return false;
    u->hello_at_ms = mono_ms + u->hello_wait_ms + jitter(u, (uint32_t)u->hello_wait_ms / 4);
    u->hello_wait_ms =
        u->hello_wait_ms * 2 > UPLINK_HELLO_MAX_MS ? UPLINK_HELLO_MAX_MS : u->hello_wait_ms * 2;
    return true;
}

/* A watermark below ours is an old message, or a database that was set back. Seen twice it is the
 * latter: we go by it, and what is no longer in the spool goes out as `lost`. */
static void take_lower(struct uplink *u, int64_t n, int64_t mono_ms) {
    if (u->lower_n == n) {
        u->head.committed = n;
        go_back(u, mono_ms);
    }
    u->lower_n = n;
}

static void take_watermark(struct uplink *u, int64_t n, int64_t mono_ms) {
    if (n > u->head.last) n = u->head.last; /* a server cannot have what was never sent */
    if (n < u->head.committed) {
        take_lower(u, n, mono_ms);
        return;
    }
    u->lower_n = -1;
    if (n > u->head.committed) {
        u->head.committed = n;
        if (u->head.next <= n) u->head.next = n + 1;
        u->progress_at_ms = mono_ms;
    } else if (u->head.next > u->head.committed + 1 && mono_ms - u->back_at_ms >= UPLINK_BACK_MIN_MS) {
        go_back(u, mono_ms); /* the same watermark again while samples fly: it saw a gap */
    }
}

void uplink_committed(struct uplink *u, const struct message_committed *c, int64_t epoch, int64_t mono_ms) {
    if (c->at > 0) {
        u->time_known = true;
        u->time_offset_ms = c->at - mono_ms;
    }
    bool was_greeted = u->greeted;
    if (c->epoch == 0) {
        if (u->greeted) greet_again(u, 500, mono_ms);
    } else if (u->online && c->epoch == epoch) {
        u->greeted = true;
    }
    if (!u->head.set || !uuid_equal(&c->boot_id, &u->head.boot_id)) return;
    if (!was_greeted && c->n == u->head.committed) return; /* answers the hello: says nothing of a gap */
    take_watermark(u, c->n, mono_ms);
}

void uplink_head(struct uplink *u, const struct uuid *boot_id, int64_t committed, int64_t last) {
    u->head.boot_id = *boot_id;
    u->head.committed = u->head.released = committed;
    u->head.next = committed + 1;
    u->head.last = last > committed ? last : committed;
    u->head.set = true;
    u->lower_n = -1;
}

void uplink_spooled(struct uplink *u, const struct uuid *boot_id, int64_t last) {
    if (u->head.set && uuid_equal(&u->head.boot_id, boot_id) && last > u->head.last) u->head.last = last;
}

bool uplink_send_due(struct uplink *u, int64_t mono_ms, struct uplink_range *ret) {
    if (!u->greeted || !u->head.set) return false;
    bool in_flight = u->head.next > u->head.committed + 1;
    bool silent = mono_ms - u->progress_at_ms >= UPLINK_BACK_MS && mono_ms - u->back_at_ms >= UPLINK_BACK_MS;
    if (in_flight && silent) {
        int64_t progress_at_ms = u->progress_at_ms;
        go_back(u, mono_ms);
        u->progress_at_ms = progress_at_ms; /* so that a long silence still leads to a hello */
    }
    int64_t room = UPLINK_WINDOW - (u->head.next - 1 - u->head.committed);
    int64_t waiting = u->head.last - u->head.next + 1;
    int64_t n = waiting < room ? waiting : room;
    if (n > PROTO_SAMPLES_MAX) n = PROTO_SAMPLES_MAX;
    if (n <= 0 || (n < PROTO_SAMPLES_MAX && mono_ms - u->sent_at_ms < UPLINK_GATHER_MS)) return false;
    if (!in_flight) u->progress_at_ms = mono_ms; /* silence counts from the first that flies */
    *ret = (struct uplink_range){u->head.boot_id, u->head.next, u->head.next + n - 1, u->head.committed};
    u->sent_at_ms = mono_ms;
    return true;
}

void uplink_sent(struct uplink *u, int64_t last) {
    if (u->head.set && last >= u->head.next) u->head.next = last + 1;
}

bool uplink_release_due(struct uplink *u, const struct uuid *present_boot, int64_t mono_ms,
                        struct uplink_range *ret, bool *boot_done) {
    if (!u->head.set) return false;
    int64_t n = u->head.committed - u->head.released; /* below zero after a set-back: nothing to do */
    bool done = !uuid_equal(&u->head.boot_id, present_boot) && u->head.committed >= u->head.last;
    bool late = n > 0 && mono_ms - u->head.released_at_ms >= UPLINK_RELEASE_MS;
    if (!done && n < UPLINK_RELEASE_N && !late) return false;
    *ret = (struct uplink_range){u->head.boot_id, u->head.released + 1, u->head.committed, u->head.committed};
    *boot_done = done;
    if (n > 0) u->head.released = u->head.committed;
    u->head.released_at_ms = mono_ms;
    if (done) u->head.set = false; /* until the runtime tells the next */
    return true;
}

int64_t uplink_server_ms(const struct uplink *u, const struct moment *now) {
    return u->time_known ? now->mono_ms + u->time_offset_ms : now->wall_ms;
}

int64_t uplink_uncommitted(const struct uplink *u) {
    return u->head.set && u->head.last > u->head.committed ? u->head.last - u->head.committed : 0;
}
