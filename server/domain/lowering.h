/* The compiler of the product: routine + model + caps -> program. Deterministic: same input, same
 * bytes. Pure; thread-safe; no allocation. docs/techniques.md explains what it does. */
#ifndef PEDILUVE_DOMAIN_LOWERING_H
#define PEDILUVE_DOMAIN_LOWERING_H

#include "protocol/program.h"
#include "server/domain/caps.h"
#include "server/domain/routine.h"

enum lower_result {
    LOWER_OK,         /* *ret passes program_check for the model; the notes tell what was changed */
    LOWER_CANNOT_RUN, /* at least one step cannot run: the notes with blocks say which and why */
    LOWER_TOO_LONG,   /* longer than the model or the caps allow */
};

/* X(enum, name, blocks) */
#define LOWERING_NOTES(X)                                                                                    \
    X(OTHER_ACTUATOR, "other_actuator", 0)     /* a fallback: by `kind` instead of `missing` */              \
    X(BY_HAND, "by_hand", 0)                   /* a fallback: guided, since `missing` */                     \
    X(INTENSITY_CAPPED, "intensity_capped", 0) /* percent: from -> to */                                     \
    X(INTENSITY_SHORT, "intensity_short", 0)   /* too short a step to reach it softly: from -> to */         \
    X(WATER_CAPPED, "water_capped", 0)         /* thousandths of a degree: from -> to */                     \
    X(WATER_LEFT_OUT, "water_left_out", 0)     /* runs without warmth: `missing` the heater, or `barred` */  \
    X(ZONE_LEFT_OUT, "zone_left_out", 0) /* from = enum zone; `missing` does not reach it, or `barred` */    \
    X(NO_ACTUATOR, "no_actuator", 1)     /* none of `missing` reaches the zone */                            \
    X(BARRED, "barred", 1)               /* the screening bars it: `barred` */                               \
    X(TOO_LONG, "too_long", 1)           /* step -1; milliseconds: from (wanted) > to (allowed) */

enum lowering_note_kind {
#define X(e, n, blocks) NOTE_##e,
    LOWERING_NOTES(X)
#undef X
        NOTE_COUNT
};
extern const char *const lowering_note_names[NOTE_COUNT + 1]; /* NULL-terminated */

struct lowering_note {
    int16_t step;     /* index in the routine; -1: the whole */
    int8_t note;      /* enum lowering_note_kind */
    int8_t kind;      /* OTHER_ACTUATOR: enum actuator_kind that was taken; else -1 */
    uint32_t missing; /* mask, 1u << enum actuator_kind: what would have served better, or at all */
    uint32_t barred;  /* mask of enum technique_trait */
    int32_t from, to;
};

#define LOWERING_NOTES_MAX (ROUTINE_STEPS_MAX * 5 + 1)

struct lowering_report {
    int32_t n; /* notes, in order of the steps */
    int32_t n_blocking;
    struct lowering_note notes[LOWERING_NOTES_MAX];
};

/* What a session may take beyond its nominal time, for pauses, and for each step that waits for a
 * person, before the device ends it by itself (never more than the model and the caps allow). */
#define LOWERING_PAUSE_MS 1200000
#define LOWERING_CONFIRM_MS 300000
/* How long a soak may wait until the water is warm; between them, the model's heater and tub decide. */
#define LOWERING_HOLD_MIN_MS 60000
#define LOWERING_HOLD_MAX_MS 2700000

/* r has passed routine_check, m model_check. *report is always written;
 * *ret is used as scratch and holds a program only for LOWER_OK. When more than PROTO_SETS_MAX
 * actuators could serve a step, those with the lowest channels do. */
must_use enum lower_result lowering_run(const struct routine *r, const struct model *m,
                                        const struct lowering_caps *caps, struct program *ret,
                                        struct lowering_report *report);

bool lowering_note_blocks(const struct lowering_note *n);
/* The zone that is left out, or that nothing reaches; ZONE_COUNT: the note is of none. */
enum zone lowering_note_zone(const struct lowering_note *n, const struct routine *r);
#define LOWERING_WORDS_MAX 256
/* A plain sentence, without its full stop: which step, which technique, what is missing. */
void lowering_note_words(const struct lowering_note *n, const struct routine *r, const struct model *m,
                         char out[LOWERING_WORDS_MAX]);
/* Each blocking note as an error of the body: pointer <prefix>/steps/N, the words as detail. */
void lowering_note_errors(const struct lowering_report *report, const struct routine *r,
                          const struct model *m, const char *prefix, struct field_errors *errors);

#endif
