/* Which registers go together: places of a control board's tables, put in as few runs of neighbours as there
 * are, so that a turn takes few transactions. Pure. */
#ifndef PEDILUVE_AGENT_BOARD_MODBUS_PLAN_H
#define PEDILUVE_AGENT_BOARD_MODBUS_PLAN_H

#include "device-agent/board/modbus/description.h"

#define PLAN_PLACES_MAX (MODBUS_OUTPUTS_MAX + 8)

struct plan_run {
    int32_t table, address, count;
    int32_t first; /* of its values */
};

struct plan {
    int32_t n_places, n_runs;
    struct {
        int32_t table, address;
    } places[PLAN_PLACES_MAX]; /* in order */
    struct plan_run runs[PLAN_PLACES_MAX];
    uint16_t values[PLAN_PLACES_MAX]; /* one a place */
};

void plan_add(struct plan *p, int32_t table, int32_t address); /* twice is once; at most PLAN_PLACES_MAX */
void plan_make(struct plan *p);                                /* after all plan_add */
uint16_t *plan_value(struct plan *p, int32_t table, int32_t address); /* of a place that was added */

#endif
