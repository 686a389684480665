#include "device-agent/board/scale.h"

#include <math.h>
#include <stdio.h>

#define ZERO_C_KELVIN 273.15
#define NTC_MARGIN 200 /* within a 200th of either end the divider tells of a wire, not of water */

static const struct field point_fields[] = {
    FIELD_INT(struct scale_point, raw, -SCALE_RAW_MAX, SCALE_RAW_MAX, FIELD_REQUIRED),
    FIELD_INT(struct scale_point, value, -SCALE_VALUE_MAX, SCALE_VALUE_MAX, FIELD_REQUIRED), FIELD_END};

static const struct field ntc_fields[] = {
    FIELD_INT(struct scale_ntc, beta_k, 1000, 10000, FIELD_REQUIRED),
    FIELD_INT(struct scale_ntc, r25_ohm, 10, 10000000, FIELD_REQUIRED),
    FIELD_INT(struct scale_ntc, series_ohm, 10, 10000000, FIELD_REQUIRED),
    FIELD_INT(struct scale_ntc, full_raw, 255, SCALE_RAW_MAX, FIELD_REQUIRED),
    FIELD_BOOL(struct scale_ntc, to_supply, 0),
    FIELD_END};

const struct field scale_fields[] = {FIELD_ARRAY(struct scale, points, n_points, 2, point_fields, 0),
                                     FIELD_OBJECT_HAS(struct scale, ntc, ntc_fields, 0, has_ntc), FIELD_END};

void scale_check(const struct scale *s, const char *at, struct field_errors *errors) {
    char pointer[160];
    if (s->n_points > 0 && s->has_ntc)
        field_errors_add(errors, FIELD_NOT_ONE_OF, at, "must have points or ntc, not both");
    for (int32_t i = 1; i < s->n_points; i++) {
        if (s->points[i].raw > s->points[i - 1].raw) continue;
        snprintf(pointer, sizeof pointer, "%s/points/%d/raw", at, i);
        field_errors_add(errors, FIELD_OUT_OF_RANGE, pointer, "must be more than that of the point before");
    }
}

static bool by_points(const struct scale *s, int64_t raw, int32_t *ret) {
    for (int32_t i = 1; i < s->n_points; i++) {
        const struct scale_point *a = &s->points[i - 1], *b = &s->points[i];
        if (raw < a->raw || raw > b->raw) continue;
        *ret = (int32_t)(a->value +
                         ((int64_t)b->value - a->value) * (raw - a->raw) / ((int64_t)b->raw - a->raw));
        return true;
    }
    return false;
}

static bool by_ntc(const struct scale_ntc *n, int64_t raw, int32_t *ret) {
    if (raw <= n->full_raw / NTC_MARGIN || raw >= n->full_raw - n->full_raw / NTC_MARGIN) return false;
    double share = (double)raw / n->full_raw;
    double ohm = n->series_ohm * (n->to_supply ? (1 - share) / share : share / (1 - share));
    double kelvin = 1 / (1 / (25 + ZERO_C_KELVIN) + log(ohm / n->r25_ohm) / n->beta_k);
    double mdegc = (kelvin - ZERO_C_KELVIN) * 1000;
    if (!(mdegc > -SCALE_VALUE_MAX && mdegc < SCALE_VALUE_MAX)) return false;
    *ret = (int32_t)lround(mdegc);
    return true;
}

bool scale_value(const struct scale *s, int64_t raw, int32_t *ret) {
    if (s->has_ntc) return by_ntc(&s->ntc, raw, ret);
    if (s->n_points > 0) return by_points(s, raw, ret);
    if (raw < -SCALE_VALUE_MAX || raw > SCALE_VALUE_MAX) return false;
    *ret = (int32_t)raw;
    return true;
}
