/* The table that docs/techniques.md draws. A choice reads: kind, wave, level as a share of the step's
 * intensity, duty, period, ramp. */
#include <string.h>

#include "base/auto.h"
#include "server/domain/technique.h"

const char *const technique_names[TECHNIQUE_COUNT + 1] = {
#define X(e, n, t) n,
    TECHNIQUES(X)
#undef X
};

static const char *const technique_titles[TECHNIQUE_COUNT] = {
#define X(e, n, t) t,
    TECHNIQUES(X)
#undef X
};
_Static_assert(ACTUATOR_KIND_COUNT <= 32, "kinds are kept in a 32-bit mask");

/* clang-format off */
#define BY(k, w, level, duty, period, ramp)                                                          \
    {.kind = ACTUATOR_##k, .wave = WAVE_##w, .level_permille = level, .duty_permille = duty,         \
     .period_ms = period, .ramp_ms = ramp}
#define N_(T, ...) ((int8_t)(sizeof((T[]){__VA_ARGS__}) / sizeof(T)))
#define CHOICES(...) .choices = {__VA_ARGS__}, .n_choices = N_(struct technique_choice, __VA_ARGS__)
#define AT(...) .zones = {__VA_ARGS__}, .n_zones = N_(int8_t, __VA_ARGS__)
#define ROW(e) [TECHNIQUE_##e]

static const struct technique techniques[TECHNIQUE_COUNT] = {
    ROW(STROKING) = {.by_hand = true, .direction = DIRECTION_PROXIMAL, .repetition_s = 10,
        AT(ZONE_SOLE, ZONE_LOWER_LEG), CHOICES(
        BY(ROLLER, TRAVEL, 600, 1000, 6000, 3000),
        BY(AIR, TRAVEL, 500, 1000, 8000, 3000),
        BY(VIBRATION, STEADY, 300, 1000, 0, 4000))},
    ROW(PALM_RUBBING) = {.by_hand = true, .direction = DIRECTION_BOTH, .repetition_s = 5,
        AT(ZONE_SOLE), CHOICES(
        BY(ROLLER, TRAVEL, 800, 1000, 3000, 2000),
        BY(AIR, ALTERNATE, 600, 1000, 4000, 2000),
        BY(JETS, STEADY, 700, 1000, 0, 2000),
        BY(VIBRATION, STEADY, 400, 1000, 0, 3000))},
    ROW(KNEADING) = {.by_hand = true, .direction = DIRECTION_PROXIMAL, .repetition_s = 5,
        .traits = TRAIT_ENERGETIC, AT(ZONE_SOLE, ZONE_CALF), CHOICES(
        BY(SHIATSU, ALTERNATE, 1000, 1000, 4000, 2000),
        BY(AIR, ALTERNATE, 900, 1000, 4000, 2000),
        BY(ROLLER, TRAVEL, 900, 1000, 4000, 2000),
        BY(VIBRATION, PULSE, 500, 600, 2000, 2000))},
    ROW(SQUEEZING) = {.by_hand = true, .direction = DIRECTION_PROXIMAL, .repetition_s = 4,
        .traits = TRAIT_ENERGETIC, AT(ZONE_FOOT, ZONE_CALF), CHOICES(
        BY(AIR, PULSE, 900, 500, 4000, 2000))},
    ROW(HEEL_OF_PALM_PUSH) = {.by_hand = true, .direction = DIRECTION_PROXIMAL, .repetition_s = 4,
        .traits = TRAIT_ENERGETIC, AT(ZONE_SOLE, ZONE_CALF), CHOICES(
        BY(SHIATSU, PULSE, 900, 400, 4000, 2000),
        BY(AIR, PULSE, 800, 400, 4000, 2000))},
    ROW(TWISTING) = {.by_hand = true, .direction = DIRECTION_BOTH, .repetition_s = 4,
        .traits = TRAIT_ENERGETIC, AT(ZONE_CALF), CHOICES(
        BY(AIR, ALTERNATE, 800, 1000, 2500, 2000))},
    ROW(SPIRAL_WARMING) = {.by_hand = true, .direction = DIRECTION_BOTH, .repetition_s = 5,
        AT(ZONE_SOLE), CHOICES(
        BY(ROLLER, TRAVEL, 700, 1000, 4000, 2000),
        BY(JETS, STEADY, 700, 1000, 0, 2000),
        BY(VIBRATION, STEADY, 400, 1000, 0, 3000))},
    ROW(TAPPING) = {.by_hand = true, .direction = DIRECTION_BOTH, .repetition_s = 2,
        .traits = TRAIT_VIBRATION | TRAIT_SUDDEN, AT(ZONE_SOLE, ZONE_CALF), CHOICES(
        BY(VIBRATION, PULSE, 800, 300, 600, 1000),
        BY(AIR, PULSE, 500, 300, 1500, 1000),
        BY(JETS, PULSE, 700, 300, 1200, 1000))},
    ROW(GRASPING_VIBRATION) = {.by_hand = true, .direction = DIRECTION_BOTH, .repetition_s = 5,
        .traits = TRAIT_VIBRATION, AT(ZONE_SOLE, ZONE_CALF), CHOICES(
        BY(VIBRATION, STEADY, 400, 1000, 0, 2000))},
    ROW(PATTING) = {.by_hand = true, .direction = DIRECTION_BOTH, .repetition_s = 2,
        .traits = TRAIT_VIBRATION, AT(ZONE_SOLE), CHOICES(
        BY(JETS, PULSE, 700, 400, 1600, 1000),
        BY(VIBRATION, PULSE, 600, 300, 800, 1000),
        BY(AIR, PULSE, 500, 400, 1600, 1000))},
    ROW(PINCER_KNEADING) = {.by_hand = true, .direction = DIRECTION_PROXIMAL, .repetition_s = 5,
        .traits = TRAIT_ENERGETIC, AT(ZONE_FOOT_EDGES, ZONE_TOES), CHOICES(
        BY(SHIATSU, ALTERNATE, 700, 1000, 3000, 2000))},
    ROW(TOE_ROOT_PRESS) = {.by_hand = true, .direction = DIRECTION_DISTAL, .repetition_s = 5,
        .traits = TRAIT_ENERGETIC | TRAIT_SUDDEN,
        AT(ZONE_TOES)},
    ROW(TOE_END_PRESS) = {.by_hand = true, .direction = DIRECTION_PROXIMAL, .repetition_s = 5,
        .traits = TRAIT_ENERGETIC | TRAIT_SUDDEN,
        AT(ZONE_TOES)},
    ROW(POINT_PRESS) = {.by_hand = true, .direction = DIRECTION_BOTH, .repetition_s = 5,
        .traits = TRAIT_ACUPRESSURE, AT(ZONE_SOLE), CHOICES(
        BY(SHIATSU, PULSE, 900, 600, 5000, 2000))},
    ROW(CUPPING) = {.by_hand = true, .direction = DIRECTION_PROXIMAL, .repetition_s = 30,
        .traits = TRAIT_ENERGETIC, AT(ZONE_LEG), CHOICES(
        BY(VACUUM, PULSE, 600, 700, 10000, 4000))},
    ROW(PASSIVE_GYMNASTICS) = {.by_hand = true, .direction = DIRECTION_BOTH, .repetition_s = 5, AT(ZONE_LEG)},
    ROW(FOOT_ROTATION) = {.by_hand = true, .direction = DIRECTION_BOTH, .repetition_s = 5, AT(ZONE_ANKLE)},
    ROW(HEEL_COUNTER_PUSH) = {.by_hand = true, .direction = DIRECTION_BOTH, .repetition_s = 15,
        AT(ZONE_HEEL, ZONE_INSTEP)},
    ROW(ACHILLES_STRETCH) = {.by_hand = true, .direction = DIRECTION_DISTAL, .repetition_s = 10,
        AT(ZONE_ACHILLES)},
    ROW(SIDE_TURN) = {.by_hand = true, .direction = DIRECTION_BOTH, .repetition_s = 4, AT(ZONE_FOOT)},
    ROW(PAD_RUB) = {.by_hand = true, .direction = DIRECTION_BOTH, .repetition_s = 5,
        AT(ZONE_BALL), CHOICES(
        BY(ROLLER, TRAVEL, 600, 1000, 2000, 2000))},
    ROW(TOE_SPREAD) = {.by_hand = true, .direction = DIRECTION_BOTH, .repetition_s = 4, AT(ZONE_TOES)},
    ROW(TOE_ROTATE_PULL) = {.by_hand = true, .direction = DIRECTION_DISTAL, .repetition_s = 8, AT(ZONE_TOES)},
    ROW(ALL_TOES_SHAKE) = {.by_hand = true, .direction = DIRECTION_DISTAL, .repetition_s = 10,
        .traits = TRAIT_SUDDEN, AT(ZONE_TOES)},
    ROW(THUMB_STROKE) = {.by_hand = true, .direction = DIRECTION_BOTH, .repetition_s = 10,
        AT(ZONE_SOLE), CHOICES(
        BY(ROLLER, TRAVEL, 700, 1000, 5000, 2000))},
    ROW(TOE_STRETCH) = {.by_hand = true, .direction = DIRECTION_DISTAL, .repetition_s = 6, AT(ZONE_TOES)},
    ROW(LOWER_LEG_STROKE) = {.by_hand = true, .direction = DIRECTION_BOTH, .repetition_s = 10,
        AT(ZONE_LOWER_LEG), CHOICES(
        BY(AIR, TRAVEL, 500, 1000, 10000, 2000))},
    ROW(FOREARM_STROKE) = {.by_hand = true, .direction = DIRECTION_BOTH, .repetition_s = 10, AT(ZONE_FOREARM)},
    ROW(FINGER_STRETCH) = {.by_hand = true, .direction = DIRECTION_DISTAL, .repetition_s = 4, AT(ZONE_FINGERS)},
    ROW(PALM_PRESS_HOLD) = {.by_hand = true, .direction = DIRECTION_BOTH, .repetition_s = 12,
        .least_s = 10, .most_s = 15, AT(ZONE_PALM)},
    ROW(HEAT) = {.direction = DIRECTION_BOTH, .water = TECHNIQUE_WATER_WARM, .water_mdegc = 38000,
        .traits = TRAIT_HEAT, AT(ZONE_FOOT)},
    ROW(SOAK) = {.direction = DIRECTION_BOTH, .water = TECHNIQUE_WATER_HOLD, .water_mdegc = 38000,
        .traits = TRAIT_HEAT | TRAIT_BATH, AT(ZONE_FOOT)},
    ROW(ROLLER) = {.by_hand = true, .direction = DIRECTION_BOTH, .repetition_s = 5,
        AT(ZONE_SOLE), CHOICES(
        BY(ROLLER, TRAVEL, 1000, 1000, 3000, 2000),
        BY(VIBRATION, STEADY, 500, 1000, 0, 3000))},
    ROW(PRESSURE_BOX) = {.by_hand = true, .direction = DIRECTION_BOTH, .repetition_s = 600, AT(ZONE_SOLE)},
    ROW(MASSAGE_MAT) = {.by_hand = true, .direction = DIRECTION_BOTH, .repetition_s = 900, AT(ZONE_SOLE)},
    ROW(LYMPH_WAVE) = {.by_hand = true, .direction = DIRECTION_PROXIMAL, .repetition_s = 20,
        AT(ZONE_FOOT, ZONE_LOWER_LEG), CHOICES(
        BY(AIR, SEQUENCE, 500, 1000, 20000, 3000))},
};

/* What is true of anything done by that kind of actuator. */
static const uint32_t kind_traits[ACTUATOR_KIND_COUNT] = {
    [ACTUATOR_HEATER] = TRAIT_HEAT,
    [ACTUATOR_JETS] = TRAIT_ELECTRIC | TRAIT_BATH,
    [ACTUATOR_ROLLER] = TRAIT_ELECTRIC,
    [ACTUATOR_AIR] = TRAIT_ELECTRIC,
    [ACTUATOR_VIBRATION] = TRAIT_ELECTRIC | TRAIT_VIBRATION,
    [ACTUATOR_SHIATSU] = TRAIT_ELECTRIC,
    [ACTUATOR_VACUUM] = TRAIT_ELECTRIC,
};
/* clang-format on */

const struct technique *technique_get(enum technique_id id) { return &techniques[id]; }

const char *technique_title(enum technique_id id) { return technique_titles[id]; }

enum technique_id technique_find(const char *name) {
    for (int i = 0; i < TECHNIQUE_COUNT; i++)
        if (strcmp(name, technique_names[i]) == 0) return (enum technique_id)i;
    return TECHNIQUE_COUNT;
}

uint32_t technique_traits_by(enum technique_id id, enum actuator_kind kind) {
    return techniques[id].traits | kind_traits[kind];
}

uint32_t technique_traits_of_kind(enum actuator_kind kind) { return kind_traits[kind]; }

uint32_t technique_kinds(enum technique_id id) {
    const struct technique *t = &techniques[id];
    uint32_t mask = t->water == TECHNIQUE_WATER_AS_ASKED ? 0 : 1u << ACTUATOR_HEATER;
    for (int i = 0; i < t->n_choices; i++) mask |= 1u << t->choices[i].kind;
    return mask;
}
