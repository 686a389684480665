/* From what a converter counts to what the core reads: millidegrees, permille or milliamperes. By a table of
 * points, or by the beta equation of a thermistor in a voltage divider. Pure. */
#ifndef PEDILUVE_AGENT_BOARD_SCALE_H
#define PEDILUVE_AGENT_BOARD_SCALE_H

#include "base/field.h"

#define SCALE_POINTS_MAX 32
#define SCALE_RAW_MAX 1000000000
#define SCALE_VALUE_MAX 1000000

struct scale_point {
    int32_t raw, value;
};

struct scale_ntc {
    int32_t beta_k;     /* B25/85 of the data sheet, in kelvin */
    int32_t r25_ohm;    /* at 25 C */
    int32_t series_ohm; /* the divider's fixed resistor */
    int32_t full_raw;   /* what the converter counts at the divider's supply */
    bool to_supply;     /* the thermistor is the upper part; else it goes to ground */
};

struct scale {
    int32_t n_points; /* 0: none */
    struct scale_point points[SCALE_POINTS_MAX];
    struct scale_ntc ntc;
    bool has_ntc;
};
extern const struct field scale_fields[];

/* The rules across fields: points rise in raw, and there are points or a thermistor, not both. at: the
 * pointer of the scale itself. */
void scale_check(const struct scale *s, const char *at, struct field_errors *errors);

/* Without points or thermistor the raw number is the value. False: no such reading is possible; a broken
 * wire, a short circuit. */
must_use bool scale_value(const struct scale *s, int64_t raw, int32_t *ret);

#endif
