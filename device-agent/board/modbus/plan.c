#include "device-agent/board/modbus/plan.h"

#include <assert.h>
#include <string.h>

static int32_t find(const struct plan *p, int32_t table, int32_t address) {
    int32_t i = 0;
    while (i < p->n_places &&
           (p->places[i].table < table || (p->places[i].table == table && p->places[i].address < address)))
        i++;
    return i;
}

static bool is_at(const struct plan *p, int32_t i, int32_t table, int32_t address) {
    return i < p->n_places && p->places[i].table == table && p->places[i].address == address;
}

void plan_add(struct plan *p, int32_t table, int32_t address) {
    int32_t i = find(p, table, address);
    if (is_at(p, i, table, address)) return;
    assert(p->n_places < PLAN_PLACES_MAX);
    memmove(&p->places[i + 1], &p->places[i], (size_t)(p->n_places - i) * sizeof p->places[0]);
    p->places[i].table = table;
    p->places[i].address = address;
    p->n_places++;
}

void plan_make(struct plan *p) {
    p->n_runs = 0;
    for (int32_t i = 0; i < p->n_places; i++) {
        struct plan_run *last = p->n_runs > 0 ? &p->runs[p->n_runs - 1] : NULL;
        if (last && last->table == p->places[i].table && last->address + last->count == p->places[i].address)
            last->count++;
        else
            p->runs[p->n_runs++] = (struct plan_run){
                .table = p->places[i].table, .address = p->places[i].address, .count = 1, .first = i};
    }
}

uint16_t *plan_value(struct plan *p, int32_t table, int32_t address) {
    int32_t i = find(p, table, address);
    assert(is_at(p, i, table, address));
    return &p->values[i];
}
