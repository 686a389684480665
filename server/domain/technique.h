/* What each technique of massage becomes on a machine: a table, docs/techniques.md in C. Pure; thread-safe.
 *
 * A technique has up to TECHNIQUE_CHOICES_MAX choices in order of preference. The first is how it is
 * meant; the others are the explicit fallbacks, gentler where they are a poorer likeness. A technique
 * with `by_hand` may also be done by a person, as a guided step; that is its last fallback. */
#ifndef PEDILUVE_DOMAIN_TECHNIQUE_H
#define PEDILUVE_DOMAIN_TECHNIQUE_H

#include <stdbool.h>
#include <stdint.h>

#include "catalogue/techniques.h"
#include "protocol/program.h"
#include "server/domain/zone.h"

/* TECHNIQUES(X), X(enum, name, title), and TECHNIQUE_ROWS(X), X(enum, members of struct technique...), are
 * schema/catalogue/techniques.json: its one source, with the wording and where each comes from. */
enum technique_id {
#define X(e, n, t) TECHNIQUE_##e,
    TECHNIQUES(X)
#undef X
        TECHNIQUE_COUNT
};
extern const char *const technique_names[TECHNIQUE_COUNT + 1]; /* NULL-terminated */

/* X(enum, name): what kind of work it is; care is what prepares the guest. */
#define TECHNIQUE_GROUPS(X)                                                                                  \
    X(MASSAGE, "massage")                                                                                    \
    X(MOVEMENT, "movement")                                                                                  \
    X(WARMTH, "warmth")                                                                                      \
    X(CARE, "care")
enum technique_group {
#define X(e, n) TECHNIQUE_GROUP_##e,
    TECHNIQUE_GROUPS(X)
#undef X
        TECHNIQUE_GROUP_COUNT
};
extern const char *const technique_group_names[TECHNIQUE_GROUP_COUNT + 1]; /* NULL-terminated */

/* What a screening may bar; a technique, or one choice of it, carries those that are true of it. */
enum technique_trait {
    TRAIT_VIBRATION = 1u << 0,   /* shakes tissue */
    TRAIT_ENERGETIC = 1u << 1,   /* deep or forceful */
    TRAIT_SUDDEN = 1u << 2,      /* sudden movement */
    TRAIT_ELECTRIC = 1u << 3,    /* an electric massager: every choice by an actuator */
    TRAIT_ACUPRESSURE = 1u << 4, /* acts on reflex points */
    TRAIT_HEAT = 1u << 5,        /* warms the feet on purpose */
    TRAIT_BATH = 1u << 6,        /* in a bath that others use after */
};

#define TECHNIQUE_CHOICES_MAX 4
#define TECHNIQUE_ZONES_MAX 4

struct technique_choice {
    int8_t kind;            /* enum actuator_kind */
    int8_t wave;            /* enum wave */
    int16_t level_permille; /* of the step's intensity: 1000 as asked, less for a gentler likeness */
    int16_t duty_permille;  /* pulse; else 1000 */
    int32_t period_ms;      /* 0: steady */
    int32_t ramp_ms;        /* how softly it begins; the model may ask for more */
};

enum technique_water {
    TECHNIQUE_WATER_AS_ASKED, /* a set point only when the step has one */
    TECHNIQUE_WATER_WARM,     /* needs the heater; runs while warming */
    TECHNIQUE_WATER_HOLD,     /* needs the heater; holds until warm, then runs */
};

struct technique {
    int8_t group;            /* enum technique_group */
    bool by_hand;            /* a person can do it as a guided step */
    int8_t direction;        /* enum direction, when the step names none */
    int8_t water;            /* enum technique_water */
    int32_t water_mdegc;     /* when the technique needs the heater and the step names no temperature */
    int32_t repetition_s;    /* seconds of one repetition, when the step names none */
    int32_t least_s, most_s; /* bounds of one repetition, or of the duration; 0: none */
    uint32_t traits;         /* mask of enum technique_trait, whoever does it */
    int8_t n_zones;
    int8_t zones[TECHNIQUE_ZONES_MAX]; /* enum zone: where it acts, when the step names none */
    int8_t n_choices;
    struct technique_choice choices[TECHNIQUE_CHOICES_MAX];
};

const struct technique *technique_get(enum technique_id id);
const char *technique_title(enum technique_id id);
/* TECHNIQUE_COUNT: none. */
enum technique_id technique_find(const char *name);
/* The traits of a technique when done by that kind of actuator. */
uint32_t technique_traits_by(enum technique_id id, enum actuator_kind kind);
/* The traits of anything done by that kind of actuator. */
uint32_t technique_traits_of_kind(enum actuator_kind kind);
/* Mask, 1u << enum actuator_kind, of all kinds that could do it, the heater where needed. */
uint32_t technique_kinds(enum technique_id id);

#endif
