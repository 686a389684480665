/* The program: a routine lowered to timed setpoints for one model. Deterministic bytes. Pure. */
#ifndef PEDILUVE_PROTOCOL_PROGRAM_H
#define PEDILUVE_PROTOCOL_PROGRAM_H

#include "base/buf.h"
#include "base/field.h"
#include "base/jsonw.h"
#include "protocol/limits.h"
#include "protocol/model.h"

/* X(enum, name): run = timed; heat = hold until the water is at target (then at most ms);
 * guide = done by hand: ends by confirm, or by itself after ms when auto_next; rest = all off, timed. */
#define STEP_KINDS(X)                                                                                        \
    X(RUN, "run")                                                                                            \
    X(HEAT, "heat")                                                                                          \
    X(GUIDE, "guide")                                                                                        \
    X(REST, "rest")

/* Waveforms over the actuator's cells, within one period: steady = all cells at level; pulse = all
 * cells on for duty permille of the period; travel = cell after cell in direction; alternate = odd
 * and even cells in turn; sequence = cell after cell, each staying on until the period ends. */
#define WAVES(X)                                                                                             \
    X(STEADY, "steady")                                                                                      \
    X(PULSE, "pulse")                                                                                        \
    X(TRAVEL, "travel")                                                                                      \
    X(ALTERNATE, "alternate")                                                                                \
    X(SEQUENCE, "sequence")

#define DIRECTIONS(X)                                                                                        \
    X(PROXIMAL, "proximal")                                                                                  \
    X(DISTAL, "distal")                                                                                      \
    X(BOTH, "both")

enum step_kind {
#define X(e, n) STEP_##e,
    STEP_KINDS(X)
#undef X
        STEP_KIND_COUNT
};
enum wave {
#define X(e, n) WAVE_##e,
    WAVES(X)
#undef X
        WAVE_COUNT
};
enum direction {
#define X(e, n) DIRECTION_##e,
    DIRECTIONS(X)
#undef X
        DIRECTION_COUNT
};
extern const char *const step_kind_names[], *const wave_names[], *const direction_names[];

struct setpoint {
    int8_t channel;        /* index into the model's actuators; never the heater */
    int8_t level;          /* percent at the end of the ramp */
    int8_t wave;           /* enum wave */
    int8_t direction;      /* enum direction */
    int16_t duty_permille; /* of the period; pulse only, else 1000 */
    int32_t period_ms;     /* 0 for steady, else 100..60000 */
    int32_t ramp_ms;       /* from the level of the step before to this one */
};

struct program_step {
    int8_t kind;         /* enum step_kind */
    bool auto_next;      /* guide: goes on by itself after ms */
    int16_t source_step; /* index of the routine's step that it came from */
    int32_t ms;          /* duration; heat: longest wait; guide: own timer */
    int32_t water_mdegc; /* set point kept during the step; 0: heater off */
    int32_t n_sets;
    struct setpoint sets[PROTO_SETS_MAX]; /* channels not named are off */
};

struct program {
    char model[PROTO_NAME_MAX + 1];
    int32_t model_version;
    int32_t intensity_max;   /* cap for every level, also after adjust; percent */
    int32_t water_max_mdegc; /* cap for the set point, also after adjust */
    int32_t total_max_ms;    /* the device stops then, whatever happens */
    bool rinse;              /* additive in the water: rinse before the next guest */
    int32_t n_barred;
    int32_t barred[ACTUATOR_KIND_COUNT]; /* enum actuator_kind that no step may use; each at most once */
    int32_t n_steps;
    struct program_step steps[PROTO_STEPS_MAX];
};
extern const struct field program_fields[];

/* Every rule that needs no model, plus, when model is not NULL, everything the model limits.
 * Pointers in errors are relative to the program. The agent calls it again before it runs. */
must_use bool program_check(const struct program *p, const struct model *model, struct field_errors *errors);
/* What program_write wrote, len bytes; false, and where in errors, when it is no program. Checked against no
 * model. */
must_use bool program_parse(const char *json, size_t len, struct program *ret, struct field_errors *errors);
/* Canonical JSON: same program, same bytes. */
void program_write(struct jsonw *w, const char *key, const struct program *p);
/* Nominal running time: run, rest and guide timers; heat steps count 0. */
int64_t program_total_ms(const struct program *p);

#endif
