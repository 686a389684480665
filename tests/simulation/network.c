/* The broker and the wires: messages come after a while, in the order in which they were sent; in bad weather
 * they come late, twice, damaged or not at all. A damaged one is written and read by the real codec; one that
 * the codec still understands is dropped, since telling that is the transport's work (TCP's checksum, TLS).
 */
#include <string.h>

#include "base/buf.h"
#include "tests/simulation/world.h"

static struct packet *put(struct world *w, enum packet_kind kind, int32_t device) {
    if (w->n_packets == PACKETS_MAX) return NULL;
    struct packet *p = &w->packets[w->n_packets++];
    p->kind = kind;
    p->device = device;
    p->damaged = false;
    p->number = ++w->packets_sent;
    p->due_ms = w->now_ms + w->weather.delay_ms;
    return p;
}

struct packet *network_send(struct world *w, enum packet_kind kind, int32_t device) {
    bool to_server = kind <= PACKET_TELEMETRY;
    if (to_server && !w->devices[device].connected) return NULL;
    if (!w->calm && dice_once_in(&w->dice, w->weather.loss)) return NULL;
    struct packet *p = put(w, kind, device);
    if (!p || w->calm) return p;
    if (dice_once_in(&w->dice, w->weather.late)) p->due_ms += dice_below(&w->dice, 8000);
    if (dice_once_in(&w->dice, w->weather.corrupt)) {
        p->damaged = true;
        w->counts->damaged++;
    }
    return p;
}

/* Writes the message, changes some of its bytes; what the reader makes of it decides. */
static bool damage(struct world *w, struct buf *text) {
    if (dice_once_in(&w->dice, 3)) {
        text->len = (size_t)dice_below(&w->dice, (int32_t)text->len);
    } else {
        for (int32_t n = 1 + dice_below(&w->dice, 3); n > 0; n--)
            text->data[dice_below(&w->dice, (int32_t)text->len)] ^= (char)(1 << dice_below(&w->dice, 8));
    }
    return text->len > 0;
}

static void damage_command(struct world *w, const struct packet *p) {
    auto_buf struct buf text = BUF_INIT;
    struct device *d = &w->devices[p->device];
    const struct order *o = &d->orders[p->command.order];
    struct message_command *c = &w->command;
    struct field_errors errors;
    struct queued q = {.order = p->command.order, .bad = true};
    *c =
        (struct message_command){.id = o->id,
                                 .seq = o->seq,
                                 .epoch = p->command.epoch,
                                 .type = (int32_t)o->type,
                                 .session_id = o->test < 0 ? d->visits[o->session].id : d->orders[o->test].id,
                                 .expires_at = o->expires_at};
    c->has_program = o->type == COMMAND_START;
    if (c->has_program) c->program = d->visits[o->session].program;
    message_command_write(&text, c);
    if (!damage(w, &text) || message_command_parse(text.data, text.len, c, &errors)) return;
    if (!message_command_head(text.data, text.len, &q.id, &q.seq, &q.epoch)) return;
    if (d->powered && d->connected && d->n_queue < QUEUE_MAX) d->queue[d->n_queue++] = q;
}

/* The other kinds have no answer of their own: refused is as good as lost, once the reader has seen it. */
static void damage_other(struct world *w, const struct packet *p) {
    auto_buf struct buf text = BUF_INIT;
    struct field_errors errors;
    struct message_telemetry *t = &w->telemetry;
    struct message_state s;
    if (p->kind == PACKET_TELEMETRY) {
        message_telemetry_write(&text, &p->telemetry);
        if (damage(w, &text)) (void)!message_telemetry_parse(text.data, text.len, t, &errors);
    } else if (p->kind == PACKET_STATE) {
        message_state_write(&text, &p->state);
        if (damage(w, &text)) (void)!message_state_parse(text.data, text.len, &s, &errors);
    }
}

static void deliver(struct world *w, const struct packet *p) {
    if (p->damaged && p->kind == PACKET_COMMAND)
        damage_command(w, p);
    else if (p->damaged)
        damage_other(w, p);
    else if (p->kind <= PACKET_TELEMETRY)
        server_take(w, p);
    else
        device_take(&w->devices[p->device], p);
}

void network_deliver(struct world *w) {
    for (;;) {
        int32_t next = -1;
        for (int32_t i = 0; i < w->n_packets; i++) {
            const struct packet *p = &w->packets[i];
            if (p->due_ms > w->now_ms) continue;
            const struct packet *best = next < 0 ? NULL : &w->packets[next];
            if (!best || p->due_ms < best->due_ms || (p->due_ms == best->due_ms && p->number < best->number))
                next = i;
        }
        if (next < 0 || w->failed) return;
        w->delivered = w->packets[next];
        if (!w->calm && dice_once_in(&w->dice, w->weather.twice))
            w->packets[next].due_ms = w->now_ms + 1 + dice_below(&w->dice, 5000); /* and once more */
        else
            w->packets[next] = w->packets[--w->n_packets];
        deliver(w, &w->delivered);
    }
}
