/* A routine: the list of steps that people read, write and choose. Pure; thread-safe.
 * Decode with field_parse/field_decode(..., routine_fields, FIELD_REFUSE_UNKNOWN, ...) into heap
 * memory (the struct is about 90 kB), then routine_check. schema/catalogue/routine.schema.json says
 * the same for other tools. field_write with the same table gives the JSON back. */
#ifndef PEDILUVE_DOMAIN_ROUTINE_H
#define PEDILUVE_DOMAIN_ROUTINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/field.h"
#include "catalogue/additives.h"
#include "catalogue/goals.h"
#include "catalogue/types.h"
#include "server/domain/care.h"
#include "server/domain/technique.h"

#define ROUTINE_STEPS_MAX 200
#define ROUTINE_ZONES_MAX 8
#define ROUTINE_GOALS_MAX 8
#define ROUTINE_SOURCES_MAX 16
#define ROUTINE_SLUG_MAX 64
#define ROUTINE_NAME_MAX 80
#define ROUTINE_SUMMARY_MAX 400
#define ROUTINE_INSTRUCTION_MAX 280
#define ROUTINE_REPETITIONS_MAX 100

/* ROUTINE_TYPES(X) and GOALS(X), X(enum, name, title), are schema/catalogue/types.json and goals.json. */

/* Of a version. What is published never changes; what is retired is not offered any more. */
#define ROUTINE_STATES(X)                                                                                    \
    X(DRAFT, "draft")                                                                                        \
    X(PUBLISHED, "published")                                                                                \
    X(RETIRED, "retired")

#define SIDES(X)                                                                                             \
    X(BOTH, "both")                                                                                          \
    X(LEFT, "left")                                                                                          \
    X(RIGHT, "right")

/* auto: by the machine where it can, else by hand; device: by the machine or not at all; guided: by hand. */
#define STEP_MODES(X)                                                                                        \
    X(AUTO, "auto")                                                                                          \
    X(DEVICE, "device")                                                                                      \
    X(GUIDED, "guided")

/* How a step done by hand ends: when staff confirm it, or by its own timer. */
#define STEP_ENDS(X)                                                                                         \
    X(CONFIRM, "confirm")                                                                                    \
    X(TIMER, "timer")

/* ADDITIVES(X), X(enum, name), is schema/catalogue/additives.json. */

enum routine_type {
#define X(e, n, t) ROUTINE_TYPE_##e,
    ROUTINE_TYPES(X)
#undef X
        ROUTINE_TYPE_COUNT
};
enum goal {
#define X(e, n, t) GOAL_##e,
    GOALS(X)
#undef X
        GOAL_COUNT
};
enum routine_state {
#define X(e, n) ROUTINE_STATE_##e,
    ROUTINE_STATES(X)
#undef X
        ROUTINE_STATE_COUNT
};
enum side {
#define X(e, n) SIDE_##e,
    SIDES(X)
#undef X
        SIDE_COUNT
};
enum step_mode {
#define X(e, n) STEP_MODE_##e,
    STEP_MODES(X)
#undef X
        STEP_MODE_COUNT
};
enum step_ends {
#define X(e, n) STEP_ENDS_##e,
    STEP_ENDS(X)
#undef X
        STEP_ENDS_COUNT
};
enum additive {
#define X(e, n) ADDITIVE_##e,
    ADDITIVES(X)
#undef X
        ADDITIVE_COUNT
};
/* All NULL-terminated. */
extern const char *const routine_type_names[ROUTINE_TYPE_COUNT + 1];
extern const char *const goal_names[GOAL_COUNT + 1];
extern const char *const routine_state_names[ROUTINE_STATE_COUNT + 1];
extern const char *const side_names[SIDE_COUNT + 1];
extern const char *const step_mode_names[STEP_MODE_COUNT + 1];
extern const char *const step_ends_names[STEP_ENDS_COUNT + 1];
extern const char *const additive_names[ADDITIVE_COUNT + 1];

struct routine_step {
    int32_t technique;                /* enum technique_id */
    int32_t n_zones;                  /* 0: where the technique acts by default */
    int32_t zones[ROUTINE_ZONES_MAX]; /* enum zone, in order */
    int32_t side;                     /* enum side; both together take the step's time, unless per_side */
    /* Exactly one of duration_s and repetitions. */
    bool has_duration, has_repetitions, has_repetition_s;
    int32_t duration_s;
    int32_t repetitions;
    int32_t repetition_s;   /* without it: the technique's */
    bool per_zone;          /* the repetitions are for each zone in turn: toe after toe */
    bool per_side;          /* the time, or the repetitions, are for the left and then for the right */
    bool has_intensity_end; /* then the intensity goes evenly from intensity to intensity_end */
    int32_t intensity;      /* percent */
    int32_t intensity_end;
    bool has_direction; /* without it: the technique's */
    int32_t direction;  /* enum direction */
    bool has_water;
    int32_t water_c;     /* thousandths of a degree Celsius, although the wire says degrees */
    int32_t mode;        /* enum step_mode */
    int32_t ends;        /* enum step_ends */
    int32_t n_additives; /* any of these may go into the water: rinse afterwards */
    int32_t additives[ADDITIVE_COUNT];
    char instruction[ROUTINE_INSTRUCTION_MAX + 1]; /* for the person who does or receives it */
};

struct routine_source {
    char id[49]; /* a row of the source list, e.g. "routine.relax-10" */
};

struct routine {
    char slug[ROUTINE_SLUG_MAX + 1]; /* [a-z0-9] and single hyphens */
    char name[ROUTINE_NAME_MAX + 1];
    char summary[ROUTINE_SUMMARY_MAX + 1];
    int32_t type; /* enum routine_type */
    int32_t n_goals;
    int32_t goals[ROUTINE_GOALS_MAX]; /* enum goal */
    int32_t n_steps;
    struct routine_step steps[ROUTINE_STEPS_MAX];
    int32_t n_preparations, n_aftercare;   /* the checklist of a session, in order */
    int32_t preparations[CARE_ITEM_COUNT]; /* enum care_item of the phase before */
    int32_t aftercare[CARE_ITEM_COUNT];    /* enum care_item of the phase after */
    int32_t n_sources;
    struct routine_source sources[ROUTINE_SOURCES_MAX];
};
extern const struct field routine_fields[];

/* The bounds of the table and the rules across fields; pointers are relative to the routine. A routine that
 * passes fits into a program on any model that has the actuators and the session time. */
must_use bool routine_check(const struct routine *r, struct field_errors *errors);

/* Nominal time of one step and of all; what a person waits for, and warming up, not counted. */
int64_t routine_step_ms(const struct routine_step *s);
int64_t routine_total_ms(const struct routine *r);

/* A step done by hand is held once for each of these, so that every toe has its place and its confirm: all
 * zones of a side (per_zone), first the left and then the right side (per_side); 1 without either. */
int32_t routine_step_parts(const struct routine_step *s);
/* Part 0..routine_step_parts() - 1: which zone (-1: all of the step's) and side, and how long. */
struct routine_part {
    int32_t zone; /* enum zone, or -1 */
    int32_t side; /* enum side */
    int32_t ms;
};
struct routine_part routine_step_part(const struct routine_step *s, int32_t part);

/* Whether a text is a slug as routines and other catalogue entries have them. */
bool routine_slug_ok(const char *text);

#endif
