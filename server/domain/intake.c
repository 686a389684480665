#include "server/domain/intake.h"

#include <stdio.h>

static const struct field answer_fields[] = {
#define X(e, text, ...)                                                                                      \
    {.name = text,                                                                                           \
     .type = FIELD_T_BOOL,                                                                                   \
     .offset = offsetof(struct intake_answers, yes) + SCREENING_RULE_##e * sizeof(bool),                     \
     .size = sizeof(bool),                                                                                   \
     .has_offset = offsetof(struct intake_answers, has) + SCREENING_RULE_##e * sizeof(bool)},
    SCREENING_RULES(X)
#undef X
        FIELD_END};

struct item {
    int32_t value;
};
static const struct field rule_item = FIELD_ENUM(struct item, value, screening_rule_ids, FIELD_REQUIRED);

const struct field intake_fields[] = {
    FIELD_BOOL_HAS(struct intake, none_apply, 0, has_none_apply),
    FIELD_OBJECT_HAS(struct intake, answers, answer_fields, 0, has_answers),
    FIELD_LIST(struct intake, acknowledged, n_acknowledged, 0, &rule_item, 0),
    FIELD_ARRAY(struct intake, clearances, n_clearances, 0, clearance_fields, 0), FIELD_END};

#define POINTER_MAX 64

static void check_acknowledged(const struct intake *in, const struct screening_rules *rules,
                               const char *prefix, struct field_errors *errors) {
    char at[POINTER_MAX];
    for (int32_t i = 0; i < in->n_acknowledged; i++) {
        snprintf(at, sizeof at, "%s/acknowledged/%d", prefix, (int)i);
        if (!rules->rule[in->acknowledged[i]].acknowledge)
            field_errors_add(errors, FIELD_NOT_ONE_OF, at, "is not a warning");
        for (int32_t j = 0; j < i; j++)
            if (in->acknowledged[i] == in->acknowledged[j])
                field_errors_add(errors, FIELD_DUPLICATE_KEY, at, "stands there twice");
    }
}

bool intake_check(const struct intake *intake, const struct screening_rules *rules, const char *prefix,
                  struct field_errors *errors) {
    char at[POINTER_MAX];
    int32_t before = errors->n;
    check_acknowledged(intake, rules, prefix, errors);
    for (int32_t i = 0; i < intake->n_clearances; i++) {
        snprintf(at, sizeof at, "%s/clearances/%d", prefix, (int)i);
        (void)!clearance_check(&intake->clearances[i], at, errors);
        for (int32_t j = 0; j < i; j++)
            if (intake->clearances[i].kind == intake->clearances[j].kind)
                field_errors_add(errors, FIELD_DUPLICATE_KEY, at, "this kind is there already");
    }
    return errors->n == before;
}

bool intake_check_age(const struct intake *intake, int32_t today, const char *prefix,
                      struct field_errors *errors) {
    char at[POINTER_MAX];
    int32_t before = errors->n;
    for (int32_t i = 0; i < intake->n_clearances; i++) {
        snprintf(at, sizeof at, "%s/clearances/%d", prefix, (int)i);
        (void)!clearance_check_age(&intake->clearances[i], today, at, errors);
    }
    return errors->n == before;
}

uint32_t intake_clearances(const struct intake *intake) {
    uint32_t given = 0;
    for (int32_t i = 0; i < intake->n_clearances; i++) given |= 1u << intake->clearances[i].kind;
    return given;
}
