/* The rules as a table; the function only walks it. Where the sources disagree, the stricter one
 * stands here: see docs/screening.md. */
#include <stdio.h>
#include <string.h>

#include "server/domain/screening.h"
#include "server/domain/technique.h"

const char *const screening_outcome_names[SCREENING_OUTCOME_COUNT + 1] = {
#define X(e, n) n,
    SCREENING_OUTCOMES(X)
#undef X
};

/* clang-format off */
#define CAPS(intensity, water, bars)                                                                 \
    {.intensity_max = intensity, .water_max_mdegc = water, .total_max_ms = PROTO_SESSION_MS_MAX, .barred = bars}
#define NO_CAPS CAPS(100, PROTO_WATER_DEFAULT_MAX_MDEGC, 0)
#define REFUSE(row, q, w, src)                                                                       \
    {.id = row, .question = q, .why = w, .outcome = SCREENING_REFUSED, .caps = NO_CAPS, .source = src}

const struct screening_rule screening_rules[] = {
    REFUSE("thrombosis", "Blood clots, or a tendency to them, or inflamed veins?",
           "Massage could loosen a clot.", "contra.thrombosis"),
    REFUSE("oncology", "Cancer, or a growth on a leg or foot?",
           "With a tumour, massage is a matter for the treating doctor.", "contra.oncology"),
    REFUSE("fever", "Fever, or a cold with a high temperature?",
           "The body needs rest until the fever is gone.", "contra.fever"),
    REFUSE("tuberculosis", "Active tuberculosis?",
           "Not while the illness is active.", "contra.tuberculosis"),
    REFUSE("skin-infection", "A skin disease, a fungus or another infection of the feet? (Look at the skin.)",
           "It could get worse, and pass to others through the bath.", "contra.skin-infection"),
    REFUSE("joint-inflammation", "Inflamed joints?",
           "Pressure and warmth make an inflammation worse.", "contra.joint-inflammation"),
    REFUSE("open-wound", "An open or festering wound?",
           "The wound has to close first.", "contra.open-wound"),
    REFUSE("fracture", "A broken bone that has not healed?",
           "The bone has to heal first.", "contra.fracture"),
    REFUSE("poor-circulation", "Poor blood flow to the legs?",
           "The tissue cannot take the load and the warmth safely.", "contra.poor-circulation"),
    {.id = "blood-disorder", .question = "A disease of the blood?",
     .why = "Firm massage can bruise: only gently, and only when a doctor has agreed.",
     .outcome = SCREENING_NEEDS_CLEARANCE, .caps = CAPS(30, PROTO_WATER_DEFAULT_MAX_MDEGC, TRAIT_ENERGETIC),
     .source = "contra.blood-disorder"},
    REFUSE("pregnancy-risk",
           "Pregnant, and in the first three months, or with toxicosis, a risk of miscarriage, high blood pressure "
           "with swelling, varicose veins, a chronic internal disease or a fever?",
           "In this situation massage is a risk for mother and child.", "contra.pregnancy-risk"),
    {.id = "pregnancy", .question = "Pregnant, without any of these?",
     .why = "No massage by a machine, nothing forceful and no vibration: only soft work by hand.",
     .outcome = SCREENING_LIMITED,
     .caps = CAPS(30, 37000, TRAIT_ELECTRIC | TRAIT_VIBRATION | TRAIT_ENERGETIC | TRAIT_SUDDEN | TRAIT_ACUPRESSURE),
     .source = "contra.pregnancy"},
    REFUSE("infant", "Younger than six weeks?",
           "Too young for massage.", "contra.infant"),
    {.id = "child", .question = "A child?",
     .why = "Only by hand, by a certified specialist, on a paediatrician's order.",
     .outcome = SCREENING_NEEDS_CLEARANCE,
     .caps = CAPS(30, 37000, TRAIT_ELECTRIC | TRAIT_VIBRATION | TRAIT_ACUPRESSURE),
     .source = "contra.infant"},
    {.id = "elderly", .question = "Of great age?",
     .why = "No pressure on reflex points.",
     .outcome = SCREENING_LIMITED, .caps = CAPS(100, PROTO_WATER_DEFAULT_MAX_MDEGC, TRAIT_ACUPRESSURE),
     .source = "contra.elderly-acupressure"},
    {.id = "neuropathy", .question = "Neuropathy, or numb feet?",
     .why = "Heat and pressure are felt less: gentle, and not so warm. Please tell the doctor about it.",
     .outcome = SCREENING_LIMITED, .caps = CAPS(50, 36000, 0),
     .source = "contra.neuropathy"},
    {.id = "meal", .question = "Just eaten, or on an empty stomach?",
     .why = "Massage does not go well with a full or an empty stomach.",
     .outcome = SCREENING_LIMITED, .caps = NO_CAPS, .acknowledge = true,
     .source = "contra.meal"},
};
/* clang-format on */

const int32_t screening_rule_count = (int32_t)COUNT_OF(screening_rules);
_Static_assert(COUNT_OF(screening_rules) <= SCREENING_RULES_MAX, "results have a place for every rule");

#define DISCLAIMER "Massage does not take the place of treatment. In doubt, ask a doctor first."
const char screening_disclaimer[] = DISCLAIMER;

const struct screening_notice screening_notices[] = {
    {"stop-on-discomfort", "It must never hurt. Say so at once, or press stop.", "rule.stop-on-discomfort"},
    {"consult", DISCLAIMER, "rule.consult"},
};
const int32_t screening_notice_count = (int32_t)COUNT_OF(screening_notices);

const struct field intake_fields[] = {FIELD_BOOL_HAS(struct intake, none_apply, 0, has_none_apply),
                                      FIELD_END};

void screening_run(const struct intake *intake, struct screening_result *ret) {
    *ret = (struct screening_result){.outcome = SCREENING_CLEARED, .caps = CAPS_DEFAULT};
    if (intake->has_none_apply && intake->none_apply) return;
    for (int32_t i = 0; i < screening_rule_count; i++) ret->open[ret->n_open++] = i;
}

int32_t screening_find(const char *id) {
    for (int32_t i = 0; i < screening_rule_count; i++)
        if (strcmp(id, screening_rules[i].id) == 0) return i;
    return -1;
}

void screening_errors(const struct screening_result *result, const char *prefix,
                      struct field_errors *errors) {
    for (int32_t i = 0; i < result->n_open; i++) {
        const struct screening_rule *rule = &screening_rules[result->open[i]];
        char pointer[160];
        snprintf(pointer, sizeof pointer, "%s/%s", prefix, rule->id);
        field_errors_add(errors, FIELD_MISSING, pointer, "%s", rule->question);
    }
}

static int32_t least(int32_t a, int32_t b) { return a < b ? a : b; }

struct lowering_caps screening_caps_and(const struct lowering_caps *a, const struct lowering_caps *b) {
    return (struct lowering_caps){.intensity_max = least(a->intensity_max, b->intensity_max),
                                  .water_max_mdegc = least(a->water_max_mdegc, b->water_max_mdegc),
                                  .total_max_ms = least(a->total_max_ms, b->total_max_ms),
                                  .barred = a->barred | b->barred};
}
