/* The templates, from schema/catalogue/course-templates.json, and what they bound. */
#include <string.h>

#include "catalogue/course-templates.h"
#include "server/domain/course.h"

static const struct course_template templates[] = {
#define X(id_, name_, routine_, twice, rise, c0, c1, c2, i0, i1, i2, r0, r1, r2, b0, b1, b2, f0, f1, f2, t0, \
          t1, t2)                                                                                            \
    {.id = id_,                                                                                              \
     .name = name_,                                                                                          \
     .routine = routine_,                                                                                    \
     .twice_a_day = twice,                                                                                   \
     .rises = rise,                                                                                          \
     .count = {c0, c1, c2},                                                                                  \
     .interval_days = {i0, i1, i2},                                                                          \
     .rounds = {r0, r1, r2},                                                                                 \
     .break_days = {b0, b1, b2},                                                                             \
     .intensity_from = {f0, f1, f2},                                                                         \
     .intensity_to = {t0, t1, t2}},
    COURSE_TEMPLATES(X)
#undef X
};

const struct course_template *course_template_at(int i) {
    return i >= 0 && (size_t)i < COUNT_OF(templates) ? &templates[i] : NULL;
}

const struct course_template *course_template_find(const char *id) {
    for (size_t i = 0; i < COUNT_OF(templates); i++)
        if (strcmp(templates[i].id, id) == 0) return &templates[i];
    return NULL;
}

/* A copy's bounds, in the words of the catalogue. */
struct copied_bounds {
    int32_t usual;
};
static const struct field bounds_fields[] = {{.name = "default",
                                              .type = FIELD_T_INT,
                                              .flags = FIELD_REQUIRED,
                                              .offset = offsetof(struct copied_bounds, usual),
                                              .size = sizeof(int32_t),
                                              .min = 0,
                                              .max = INT32_MAX,
                                              .has_offset = FIELD_NO_HAS},
                                             FIELD_END};
struct copied {
    char name[COURSE_NAME_MAX * 4 + 1];
#define X(member) struct copied_bounds member;
    COURSE_BOUNDS(X)
#undef X
};
static const struct field copied_fields[] = {FIELD_STR(struct copied, name, 1, FIELD_REQUIRED),
#define X(member) FIELD_OBJECT(struct copied, member, bounds_fields, FIELD_REQUIRED),
                                             COURSE_BOUNDS(X)
#undef X
                                                 FIELD_END};

void course_template_take(const struct course_template *product, const char *json,
                          struct course_template_copy *ret) {
    struct copied copy;
    struct field_errors errors = {0};
    ret->template = *product;
    if (!field_parse(json, strlen(json), copied_fields, 0, &copy, sizeof copy, NULL, &errors)) return;
    memcpy(ret->name, copy.name, sizeof ret->name);
    ret->template.name = ret->name;
#define X(member)                                                                                            \
    if (copy.member.usual >= product->member.min && copy.member.usual <= product->member.max)                \
        ret->template.member.usual = copy.member.usual;
    COURSE_BOUNDS(X)
#undef X
}

void course_rules_complete(const struct course_template *t, uint32_t given, struct course_rules *rules) {
    uint32_t bit = 1;
#define X(member)                                                                                            \
    if (!(given & bit)) rules->member = t->member.usual;                                                     \
    bit <<= 1;
    COURSE_BOUNDS(X)
#undef X
    /* A break that was asked for beyond the bounds, by an override, is its own bound. */
    rules->break_min_days = t->break_days.min < rules->break_days ? t->break_days.min : rules->break_days;
    rules->break_max_days = t->break_days.max > rules->break_days ? t->break_days.max : rules->break_days;
    rules->count_min = t->count.min;
    rules->twice_a_day = t->twice_a_day;
}

bool course_rules_check(const struct course_rules *rules, struct field_errors *errors) {
    int32_t before = errors->n;
    if (rules->count * rules->rounds > COURSE_SESSIONS_MAX)
        field_errors_add(errors, FIELD_OUT_OF_RANGE, "/count", "a course has at most %d sessions in all",
                         COURSE_SESSIONS_MAX);
    if (rules->intensity_to < rules->intensity_from)
        field_errors_add(errors, FIELD_OUT_OF_RANGE, "/intensity_to",
                         "must not be less than intensity_from, %d", (int)rules->intensity_from);
    return errors->n == before;
}

static void check_bounds(const char *pointer, const struct course_bounds *b, int32_t value,
                         struct field_errors *errors) {
    if (value >= b->min && value <= b->max) return;
    if (b->min == b->max)
        field_errors_add(errors, FIELD_OUT_OF_RANGE, pointer, "the template says %d", (int)b->min);
    else
        field_errors_add(errors, FIELD_OUT_OF_RANGE, pointer, "the template allows %d to %d", (int)b->min,
                         (int)b->max);
}

bool course_template_check(const struct course_template *t, const struct course_rules *rules,
                           struct field_errors *errors) {
    int32_t before = errors->n;
#define X(member) check_bounds("/" #member, &t->member, rules->member, errors);
    COURSE_BOUNDS(X)
#undef X
    if (t->rises && rules->intensity_to <= rules->intensity_from)
        field_errors_add(errors, FIELD_OUT_OF_RANGE, "/intensity_to",
                         "the template wants it to rise from intensity_from, %d", (int)rules->intensity_from);
    return errors->n == before;
}
