/* Turns a program into setpoints: one level for each cell of each actuator, and a heater duty.
 * Pure: time is given, nothing is allocated; not thread-safe. It knows nothing of faults: the
 * interlocks have the last word over what it asks for. */
#ifndef PEDILUVE_AGENT_CORE_EXECUTOR_H
#define PEDILUVE_AGENT_CORE_EXECUTOR_H

#include "device-agent/core/types.h"
#include "protocol/program.h"

#define EXECUTOR_SOFT_STOP_MS 1500      /* longest time from 100 percent to still */
#define EXECUTOR_HEAT_BAND_MDEGC 400    /* full heat this far below the target, none at it */
#define EXECUTOR_AT_TARGET_MDEGC 300    /* a heat step ends this close below its target */
#define EXECUTOR_TARGET_MAX_MDEGC 42500 /* no target is closer to the 43.0 interlock than this */

/* What executor_step reports, as bits. */
#define EXECUTOR_STEP_CHANGED 1u
#define EXECUTOR_STILL 2u    /* every motor has come to rest */
#define EXECUTOR_FINISHED 4u /* past the last step, and still */

struct executor {
    const struct model *model;     /* borrowed */
    const struct program *program; /* borrowed; must not change while in use */
    int32_t step;                  /* n_steps: past the last */
    int32_t step_ms, elapsed_ms;   /* program time; stands while held */
    int32_t intensity;             /* percent of the program's levels */
    int32_t water_mdegc;           /* adjusted set point for all steps that heat; 0: off; -1: as written */
    bool running;                  /* false: held, motors ramp down */
    bool heat;                     /* held: keep the water warm all the same */
    int32_t amplitude[PROTO_ACTUATORS_MAX]; /* now, in thousandths of a percent */
    int32_t from[PROTO_ACTUATORS_MAX];      /* at the step's start: where its ramps begin */
};

/* Stands held at a position of the program, everything off. */
void executor_load(struct executor *e, const struct program *p, const struct model *m, int32_t step,
                   int32_t step_ms, int32_t elapsed_ms);
void executor_run(struct executor *e); /* soft start, or goes on */
/* Motors ramp down; reported as EXECUTOR_STILL when they rest. keep_heat: the water stays warm. */
void executor_hold(struct executor *e, bool keep_heat);
void executor_cut(struct executor *e);     /* held, all off at once, no ramp */
void executor_confirm(struct executor *e); /* ends the present guide step */
/* Intensity in percent, set point (0: heater off); -1: as it is. Capped by program and model. */
void executor_adjust(struct executor *e, int32_t intensity, int32_t water_mdegc);

/* One step of dt_ms; water_mdegc is the present temperature or WATER_UNKNOWN (then no heat). */
unsigned executor_step(struct executor *e, int32_t dt_ms, int32_t water_mdegc, struct outputs *ret);

int32_t executor_target_mdegc(const struct executor *e); /* 0: heater off */
bool executor_is_guide(const struct executor *e);        /* the present step is done by hand */
bool executor_is_wet(const struct executor *e);          /* the present step needs water in the tub */
int32_t executor_remaining_ms(const struct executor *e); /* nominal; heat steps count 0 */

#endif
