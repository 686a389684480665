/* What each technique of massage becomes on a machine: a table, docs/techniques.md in C. Pure; thread-safe.
 *
 * A technique has up to TECHNIQUE_CHOICES_MAX choices in order of preference. The first is how it is
 * meant; the others are the explicit fallbacks, gentler where they are a poorer likeness. A technique
 * with `by_hand` may also be done by a person, as a guided step; that is its last fallback. */
#ifndef PEDILUVE_DOMAIN_TECHNIQUE_H
#define PEDILUVE_DOMAIN_TECHNIQUE_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol/program.h"
#include "server/domain/zone.h"

/* X(enum, name, title). The name is also the row id of its source, after "technique."; the lymph
 * wave comes from the massage type of that name. */
#define TECHNIQUES(X)                                                                                        \
    X(STROKING, "stroking", "Stroking")                                                                      \
    X(PALM_RUBBING, "palm-rubbing", "Palm rubbing")                                                          \
    X(KNEADING, "kneading", "Kneading")                                                                      \
    X(SQUEEZING, "squeezing", "Squeezing")                                                                   \
    X(HEEL_OF_PALM_PUSH, "heel-of-palm-push", "Push with the heel of the palm")                              \
    X(TWISTING, "twisting", "Twisting")                                                                      \
    X(SPIRAL_WARMING, "spiral-warming", "Spiral warming of the foot")                                        \
    X(TAPPING, "tapping", "Tapping")                                                                         \
    X(GRASPING_VIBRATION, "grasping-vibration", "Grasping vibration")                                        \
    X(PATTING, "patting", "Patting")                                                                         \
    X(PINCER_KNEADING, "pincer-kneading", "Pincer kneading")                                                 \
    X(TOE_ROOT_PRESS, "toe-root-press", "Press at the root of the toe")                                      \
    X(TOE_END_PRESS, "toe-end-press", "Press on the end of the toe")                                         \
    X(POINT_PRESS, "point-press", "Point press")                                                             \
    X(CUPPING, "cupping", "Cupping")                                                                         \
    X(PASSIVE_GYMNASTICS, "passive-gymnastics", "Passive gymnastics")                                        \
    X(FOOT_ROTATION, "foot-rotation", "Foot rotation")                                                       \
    X(HEEL_COUNTER_PUSH, "heel-counter-push", "Heel counter-push")                                           \
    X(ACHILLES_STRETCH, "achilles-stretch", "Achilles stretch")                                              \
    X(SIDE_TURN, "side-turn", "Side-to-side turn")                                                           \
    X(PAD_RUB, "pad-rub", "Rub of the toe pads")                                                             \
    X(TOE_SPREAD, "toe-spread", "Toe spread")                                                                \
    X(TOE_ROTATE_PULL, "toe-rotate-pull", "Toe rotation and pull")                                           \
    X(ALL_TOES_SHAKE, "all-toes-shake", "Shake of all toes")                                                 \
    X(THUMB_STROKE, "thumb-stroke", "Thumb stroke")                                                          \
    X(TOE_STRETCH, "toe-stretch", "Toe stretch")                                                             \
    X(LOWER_LEG_STROKE, "lower-leg-stroke", "Lower-leg stroke")                                              \
    X(FOREARM_STROKE, "forearm-stroke", "Forearm stroke")                                                    \
    X(FINGER_STRETCH, "finger-stretch", "Finger stretch")                                                    \
    X(PALM_PRESS_HOLD, "palm-press-hold", "Press and hold of the palm")                                      \
    X(HEAT, "heat", "Heat")                                                                                  \
    X(SOAK, "soak", "Soak")                                                                                  \
    X(ROLLER, "roller", "Roller")                                                                            \
    X(PRESSURE_BOX, "pressure-box", "Pebble box")                                                            \
    X(MASSAGE_MAT, "massage-mat", "Massage mat")                                                             \
    X(LYMPH_WAVE, "lymph-wave", "Lymphatic wave")

enum technique_id {
#define X(e, n, t) TECHNIQUE_##e,
    TECHNIQUES(X)
#undef X
        TECHNIQUE_COUNT
};
extern const char *const technique_names[TECHNIQUE_COUNT + 1]; /* NULL-terminated */

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
