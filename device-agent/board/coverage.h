/* The rules that every board description keeps with the device's model: each cell has one output, each sensor
 * that the interlocks need is there, and what is optional is there once. Pure. */
#ifndef PEDILUVE_AGENT_BOARD_COVERAGE_H
#define PEDILUVE_AGENT_BOARD_COVERAGE_H

#include "base/field.h"
#include "protocol/model.h"

struct coverage {
    const struct model *model;
    struct field_errors *errors;
    bool driven[PROTO_ACTUATORS_MAX][PROTO_CELLS_MAX], seen[PROTO_ACTUATORS_MAX];
};

/* Output number i of the description drives that cell. */
void coverage_output(struct coverage *c, int32_t i, const char *actuator, int32_t cell);
/* After all outputs: what is left over. */
void coverage_outputs_done(struct coverage *c);
void coverage_sensors(struct coverage *c, int32_t n_water, bool has_level, bool has_current);
/* Sensor number i of "motion" sees that actuator turn. */
void coverage_motion(struct coverage *c, int32_t i, const char *actuator);
/* One error at the pointer `at` followed by member. */
void coverage_refuse(struct coverage *c, enum field_fault fault, const char *at, const char *member,
                     const char *detail);

#endif
