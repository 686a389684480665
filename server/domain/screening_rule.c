#include "server/domain/screening_rule.h"

#include <string.h>

#include "server/domain/technique.h"

const char *const screening_rule_outcome_names[SCREENING_OUTCOME_COUNT + 1] = {
#define X(e, n) n,
    SCREENING_OUTCOMES(X)
#undef X
};

const char *const screening_rule_ids[SCREENING_RULE_COUNT + 1] = {
#define X(e, id, ...) id,
    SCREENING_RULES(X)
#undef X
};

const char *const screening_rule_trait_names[SCREENING_TRAITS + 1] = {
    "vibration", "energetic", "sudden", "electric", "acupressure", "heat", "bath"};
_Static_assert(TRAIT_VIBRATION == 1u && TRAIT_BATH == 1u << (SCREENING_TRAITS - 1),
               "the names are those of enum technique_trait, in its order");

const struct screening_rules screening_rule_product = {{
#define X(e, i, n, q, w, out, need, intensity, water, total, bar, gate, ack, chk, src)                       \
    {.id = i,                                                                                                \
     .name = n,                                                                                              \
     .question = q,                                                                                          \
     .why = w,                                                                                               \
     .outcome = out,                                                                                         \
     .needs = need,                                                                                          \
     .caps = {.intensity_max = intensity, .water_max_mdegc = water, .total_max_ms = total, .barred = bar},   \
     .asked_if = gate,                                                                                       \
     .acknowledge = ack,                                                                                     \
     .check = chk,                                                                                           \
     .sources = src},
    SCREENING_RULES(X)
#undef X
}};

int32_t screening_rule_find(const char *id) {
    for (int32_t i = 0; i < SCREENING_RULE_COUNT; i++)
        if (strcmp(id, screening_rule_ids[i]) == 0) return i;
    return -1;
}

static int32_t least(int32_t a, int32_t b) { return a < b ? a : b; }

struct lowering_caps screening_rule_caps_and(const struct lowering_caps *a, const struct lowering_caps *b) {
    return (struct lowering_caps){.intensity_max = least(a->intensity_max, b->intensity_max),
                                  .water_max_mdegc = least(a->water_max_mdegc, b->water_max_mdegc),
                                  .total_max_ms = least(a->total_max_ms, b->total_max_ms),
                                  .barred = a->barred | b->barred};
}

/* ---- a site's copy, as JSON ---- */

struct name_item {
    int32_t value;
};
struct source_item {
    char id[49];
};
struct copied_caps {
    int32_t intensity_max;
    int32_t water_max_c; /* thousandths, although the wire says degrees */
    int32_t total_max_s;
    int32_t n_barred;
    int32_t barred[SCREENING_TRAITS];
};
struct copied_rule { /* as the JSON has it */
    int32_t id;      /* enum screening_rule_id */
    char name[81], question[SCREENING_TEXT_MAX + 1], why[SCREENING_TEXT_MAX + 1];
    int32_t outcome;
    int32_t n_needs;
    int32_t needs[CLEARANCE_KIND_COUNT];
    struct copied_caps caps;
    bool has_asked_if, acknowledge, check;
    int32_t asked_if;
    int32_t n_sources;
    struct source_item sources[4];
};

#define S struct copied_caps
static const struct field trait_item =
    FIELD_ENUM(struct name_item, value, screening_rule_trait_names, FIELD_REQUIRED);
static const struct field caps_fields[] = {
    FIELD_INT_OR(S, intensity_max, 1, 100, 0, 100),
    {FIELD_ROW_(S, water_max_c, FIELD_T_MILLI, 0, PROTO_WATER_MDEGC_MIN, PROTO_WATER_DEFAULT_MAX_MDEGC,
                FIELD_NO_HAS),
     .absent = PROTO_WATER_DEFAULT_MAX_MDEGC},
    FIELD_INT_OR(S, total_max_s, 60, PROTO_SESSION_MS_MAX / 1000, 0, PROTO_SESSION_MS_MAX / 1000),
    FIELD_LIST(S, barred, n_barred, 1, &trait_item, 0),
    FIELD_END};
#undef S

#define S struct copied_rule
static const struct field need_item =
    FIELD_ENUM(struct name_item, value, clearance_kind_names, FIELD_REQUIRED);
static const struct field source_item = FIELD_STR(struct source_item, id, 1, FIELD_REQUIRED);
static const struct field rule_fields[] = {
    FIELD_ENUM(S, id, screening_rule_ids, FIELD_REQUIRED),
    FIELD_STR(S, name, 1, FIELD_REQUIRED),
    FIELD_STR(S, question, 1, FIELD_REQUIRED),
    FIELD_STR(S, why, 1, FIELD_REQUIRED),
    FIELD_ENUM(S, outcome, screening_rule_outcome_names, FIELD_REQUIRED),
    FIELD_LIST(S, needs, n_needs, 1, &need_item, 0),
    FIELD_OBJECT(S, caps, caps_fields, 0),
    FIELD_ENUM_HAS(S, asked_if, screening_rule_ids, 0, has_asked_if),
    FIELD_BOOL(S, acknowledge, 0),
    FIELD_BOOL(S, check, 0),
    FIELD_LIST(S, sources, n_sources, 1, &source_item, FIELD_REQUIRED),
    FIELD_END};
#undef S

static uint32_t mask_of(const int32_t *list, int32_t n) {
    uint32_t mask = 0;
    for (int32_t i = 0; i < n; i++) mask |= 1u << list[i];
    return mask;
}

/* Id, name and sources stay the product's: a copy is the same rule. */
static bool decode(const char *text, size_t len, struct screening_rule *ret, struct field_errors *errors) {
    struct copied_rule c;
    if (!field_parse(text, len, rule_fields, FIELD_REFUSE_UNKNOWN, &c, sizeof c, NULL, errors)) return false;
    *ret = screening_rule_product.rule[c.id];
    memcpy(ret->question, c.question, sizeof ret->question);
    memcpy(ret->why, c.why, sizeof ret->why);
    ret->outcome = c.outcome;
    ret->needs = mask_of(c.needs, c.n_needs);
    ret->caps = (struct lowering_caps){.intensity_max = c.caps.intensity_max,
                                       .water_max_mdegc = c.caps.water_max_c,
                                       .total_max_ms = c.caps.total_max_s * 1000,
                                       .barred = mask_of(c.caps.barred, c.caps.n_barred)};
    ret->asked_if = c.has_asked_if ? c.asked_if : -1;
    ret->acknowledge = c.acknowledge;
    ret->check = c.check;
    if (ret->outcome == SCREENING_CLEARED)
        field_errors_add(errors, FIELD_NOT_ONE_OF, "/outcome", "a rule that clears is none");
    if (ret->outcome == SCREENING_NEEDS_CLEARANCE && !ret->needs)
        field_errors_add(errors, FIELD_MISSING, "/needs", "is required: which clearance lets it go on");
    return errors->n == 0;
}

static bool stricter(const struct screening_rule *product, const struct screening_rule *copy,
                     struct field_errors *errors) {
    const struct lowering_caps *a = &product->caps, *b = &copy->caps;
    bool clears = copy->outcome != SCREENING_REFUSED; /* else needs, caps and warnings say nothing more */
    const struct {
        bool laxer;
        const char *pointer, *words;
    } rows[] = {
        {strcmp(copy->id, product->id) != 0, "/id", "must be the id of the rule that it is a copy of"},
        {copy->outcome < product->outcome, "/outcome", "must not be laxer than the product's"},
        {clears && (product->needs & ~copy->needs), "/needs", "must hold all that the product's rule needs"},
        {clears && b->intensity_max > a->intensity_max, "/caps/intensity_max",
         "must not be above the product's"},
        {clears && b->water_max_mdegc > a->water_max_mdegc, "/caps/water_max_c",
         "must not be above the product's"},
        {clears && b->total_max_ms > a->total_max_ms, "/caps/total_max_s", "must not be above the product's"},
        {clears && (a->barred & ~b->barred), "/caps/barred", "must hold all that the product's rule bars"},
        {clears && product->acknowledge && !copy->acknowledge, "/acknowledge", "must stay true"},
        {copy->asked_if != -1 && copy->asked_if != product->asked_if, "/asked_if",
         "must be the product's, or left out: then it is always asked"},
        {copy->check != product->check, "/check", "must be as in the product's rule"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (rows[i].laxer) field_errors_add(errors, FIELD_OUT_OF_RANGE, rows[i].pointer, "%s", rows[i].words);
    return errors->n == 0;
}

bool screening_rule_copy_check(const char *product_text, const char *copy_text, struct field_errors *errors) {
    struct screening_rule product, copy;
    errors->n = 0;
    return decode(product_text, strlen(product_text), &product, errors) &&
           decode(copy_text, strlen(copy_text), &copy, errors) && stricter(&product, &copy, errors);
}

bool screening_rule_override(struct screening_rules *set, const char *copy_text, size_t len,
                             struct field_errors *errors) {
    struct screening_rule copy;
    errors->n = 0;
    if (!decode(copy_text, len, &copy, errors)) return false;
    int32_t i = screening_rule_find(copy.id);
    if (!stricter(&screening_rule_product.rule[i], &copy, errors)) return false;
    set->rule[i] = copy;
    return true;
}
