#include "device-agent/board/modbus/wire.h"

#include <errno.h>
#include <modbus.h>
#include <stdio.h>

#define BYTE_TIMEOUT_MS 50 /* between two bytes of one answer */

struct wire {
    const struct modbus_description *d;
    modbus_t *ctx;
    bool connected;
    char error[160];
};

static modbus_t *context_of(const struct modbus_link *l) {
    static const char parity[] = {'E', 'O', 'N'};
    if (l->kind == MODBUS_LINK_TCP) return modbus_new_tcp(l->address, l->port);
    return modbus_new_rtu(l->device, l->baud, parity[l->parity], 8, l->stop_bits);
}

struct wire *wire_new(const struct modbus_description *d) {
    struct wire *w = xcalloc(1, sizeof *w);
    w->d = d;
    w->ctx = context_of(&d->link);
    if (!w->ctx) abort(); /* no memory: every parameter is within the bounds of the description */
    int32_t byte_ms = d->timeout_ms < BYTE_TIMEOUT_MS ? d->timeout_ms : BYTE_TIMEOUT_MS;
    modbus_set_slave(w->ctx, d->unit);
    modbus_set_response_timeout(w->ctx, 0, (uint32_t)d->timeout_ms * 1000);
    modbus_set_byte_timeout(w->ctx, 0, (uint32_t)byte_ms * 1000);
    return w;
}

void wire_free(struct wire *w) {
    if (!w) return;
    wire_disconnect(w);
    modbus_free(w->ctx);
    free(w);
}

const char *wire_error(const struct wire *w) { return w->error; }

static bool is_exception(int error) { return error > MODBUS_ENOBASE && error < EMBBADCRC; }

/* The descriptor is of no more use: a closed connection, an adapter that was pulled out. */
static bool is_dead(int error) {
    return error == EPIPE || error == ECONNRESET || error == EBADF || error == EIO || error == ENXIO;
}

/* ---- one transaction, again and again ---- */

struct transaction {
    enum { WRITE, READ } way;
    const struct plan_run *run;
    uint16_t *values;
};

static int do_write(modbus_t *ctx, const struct plan_run *r, const uint16_t *values) {
    uint8_t bits[PLAN_PLACES_MAX];
    if (r->table == MODBUS_HOLDING) return modbus_write_registers(ctx, r->address, r->count, values);
    for (int32_t i = 0; i < r->count; i++) bits[i] = values[i] != 0;
    return modbus_write_bits(ctx, r->address, r->count, bits);
}

static int do_read(modbus_t *ctx, const struct plan_run *r, uint16_t *values) {
    uint8_t bits[PLAN_PLACES_MAX];
    if (r->table == MODBUS_HOLDING) return modbus_read_registers(ctx, r->address, r->count, values);
    if (r->table == MODBUS_INPUT) return modbus_read_input_registers(ctx, r->address, r->count, values);
    int n = r->table == MODBUS_COIL ? modbus_read_bits(ctx, r->address, r->count, bits)
                                    : modbus_read_input_bits(ctx, r->address, r->count, bits);
    for (int i = 0; i < n; i++) values[i] = bits[i];
    return n;
}

/* A late answer to a question given up must not be taken for that to the next: RTU answers carry no number,
 * so what lies in the line is thrown away before each try. */
static enum wire_result transact(struct wire *w, const struct transaction *t) {
    static const char *const names[MODBUS_TABLE_COUNT] = {"holding register", "coil", "input register",
                                                          "discrete input"};
    for (int32_t i = 0; i <= w->d->retries; i++) {
        modbus_flush(w->ctx);
        errno = 0;
        int n = t->way == WRITE ? do_write(w->ctx, t->run, t->values) : do_read(w->ctx, t->run, t->values);
        if (n == t->run->count) return WIRE_OK;
        snprintf(w->error, sizeof w->error, "%s %d: %s", names[t->run->table], t->run->address,
                 modbus_strerror(errno));
        if (is_exception(errno)) return WIRE_REFUSED;
        if (is_dead(errno)) break;
    }
    if (w->d->link.kind == MODBUS_LINK_TCP || is_dead(errno)) wire_disconnect(w);
    return WIRE_LOST;
}

/* ---- all of them ---- */

static enum wire_result set_up(struct wire *w) {
    for (int32_t i = 0; i < w->d->n_setup; i++) {
        uint16_t value = (uint16_t)w->d->setup[i].value;
        struct plan_run run = {.table = MODBUS_HOLDING, .address = w->d->setup[i].address, .count = 1};
        enum wire_result r = transact(w, &(struct transaction){WRITE, &run, &value});
        if (r != WIRE_OK) return r;
    }
    return WIRE_OK;
}

enum wire_result wire_connect(struct wire *w) {
    if (w->connected) return WIRE_OK;
    if (modbus_connect(w->ctx) != 0) {
        snprintf(w->error, sizeof w->error, "no connection: %s", modbus_strerror(errno));
        return WIRE_LOST;
    }
    w->connected = true;
    enum wire_result r = set_up(w);
    if (r != WIRE_OK) wire_disconnect(w);
    return r;
}

void wire_disconnect(struct wire *w) {
    if (w->connected) modbus_close(w->ctx);
    w->connected = false;
}

static enum wire_result all(struct wire *w, struct plan *p, bool is_write) {
    enum wire_result result = WIRE_OK;
    for (int32_t i = 0; i < p->n_runs; i++) {
        struct transaction t = {is_write ? WRITE : READ, &p->runs[i], &p->values[p->runs[i].first]};
        enum wire_result r = transact(w, &t);
        if (r == WIRE_LOST) return r;
        if (r != WIRE_OK) result = r;
    }
    return result;
}

enum wire_result wire_expect(struct wire *w, int32_t address, uint16_t value) {
    uint16_t is = 0;
    struct plan_run run = {.table = MODBUS_HOLDING, .address = address, .count = 1};
    enum wire_result r = transact(w, &(struct transaction){READ, &run, &is});
    if (r != WIRE_OK || is == value) return r;
    snprintf(w->error, sizeof w->error, "holding register %d does not show what was written", address);
    return WIRE_LOST;
}

enum wire_result wire_write(struct wire *w, const struct plan *p) { return all(w, (struct plan *)p, true); }
enum wire_result wire_read(struct wire *w, struct plan *p) { return all(w, p, false); }
