#include "device-agent/board/modbus/description.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "device-agent/board/coverage.h"
#include "device-agent/board/inputs.h"

static const char *const kinds[] = {"rtu", "tcp", NULL};
static const char *const parities[] = {"even", "odd", "none", NULL};
static const char *const tables[] = {"holding", "coil", "input", "discrete", NULL};

static const struct field link_fields[] = {FIELD_ENUM(struct modbus_link, kind, kinds, FIELD_REQUIRED),
                                           FIELD_STR(struct modbus_link, device, 1, 0),
                                           FIELD_INT_OR(struct modbus_link, baud, 1200, 115200, 0, 19200),
                                           FIELD_ENUM(struct modbus_link, parity, parities, 0),
                                           FIELD_INT_OR(struct modbus_link, stop_bits, 1, 2, 0, 1),
                                           FIELD_STR(struct modbus_link, address, 1, 0),
                                           FIELD_INT_OR(struct modbus_link, port, 1, 65535, 0, 502),
                                           FIELD_END};

static const struct field register_fields[] = {
    FIELD_INT(struct modbus_register, address, 0, 65535, FIELD_REQUIRED),
    FIELD_INT(struct modbus_register, value, 0, 65535, FIELD_REQUIRED), FIELD_END};

static const struct field output_fields[] = {
    FIELD_STR(struct modbus_output, actuator, 1, FIELD_REQUIRED),
    FIELD_INT_OR(struct modbus_output, cell, 1, PROTO_CELLS_MAX, 0, 1),
    FIELD_ENUM(struct modbus_output, table, tables, 0),
    FIELD_INT(struct modbus_output, address, 0, 65535, FIELD_REQUIRED),
    FIELD_INT_OR(struct modbus_output, full, 1, 65535, 0, 1000),
    FIELD_END};

#define SENSOR_FIELDS                                                                                        \
    FIELD_ENUM(struct modbus_sensor, table, tables, FIELD_REQUIRED),                                         \
        FIELD_INT(struct modbus_sensor, address, 0, 65535, FIELD_REQUIRED),                                  \
        FIELD_BOOL(struct modbus_sensor, is_signed, 0),                                                      \
        FIELD_OBJECT(struct modbus_sensor, scale, scale_fields, 0)

static const struct field sensor_fields[] = {SENSOR_FIELDS, FIELD_END};
static const struct field motion_fields[] = {FIELD_STR(struct modbus_sensor, actuator, 1, FIELD_REQUIRED),
                                             SENSOR_FIELDS, FIELD_END};

static const struct field switch_fields[] = {
    FIELD_ENUM(struct modbus_switch, table, tables, FIELD_REQUIRED),
    FIELD_INT(struct modbus_switch, address, 0, 65535, FIELD_REQUIRED),
    FIELD_INT(struct modbus_switch, bit, 0, 15, 0), FIELD_BOOL(struct modbus_switch, active_low, 0),
    FIELD_END};

static const struct field contact_fields[] = {
#define X(c, name, ...) INPUTS_CONTACT_ROW(struct modbus_contacts, c, name, switch_fields),
    CONTACTS(X)
#undef X
        FIELD_END};

#define S struct modbus_description
static const struct field fields[] = {FIELD_OBJECT(S, link, link_fields, FIELD_REQUIRED),
                                      FIELD_INT_OR(S, unit, 1, 247, 0, 1),
                                      FIELD_INT_OR(S, timeout_ms, 10, MODBUS_ANSWER_MS_MAX, 0, 150),
                                      FIELD_INT_OR(S, retries, 0, 3, 0, 1),
                                      FIELD_INT_OR(S, period_ms, 20, 500, 0, 100),
                                      FIELD_ARRAY(S, setup, n_setup, 0, register_fields, 0),
                                      FIELD_ARRAY(S, outputs, n_outputs, 1, output_fields, FIELD_REQUIRED),
                                      FIELD_INT(S, heartbeat, 0, 65535, FIELD_REQUIRED),
                                      FIELD_ARRAY(S, water, n_water, 0, sensor_fields, 0),
                                      FIELD_OBJECT_HAS(S, level, sensor_fields, 0, has_level),
                                      FIELD_OBJECT_HAS(S, current, sensor_fields, 0, has_current),
                                      FIELD_ARRAY(S, motion, n_motion, 0, motion_fields, 0),
                                      FIELD_OBJECT(S, emergency_stop, switch_fields, FIELD_REQUIRED),
                                      FIELD_OBJECT_HAS(S, local_stop, switch_fields, 0, has_local_stop),
                                      FIELD_OBJECT(S, contacts, contact_fields, 0),
                                      FIELD_END};
#undef S

static void check_link(struct coverage *c, const struct modbus_description *d) {
    const struct modbus_link *l = &d->link;
    struct in_addr address;
    if (l->kind == MODBUS_LINK_RTU && !l->device[0])
        coverage_refuse(c, FIELD_MISSING, "/link", "/device", "is required");
    if (l->kind == MODBUS_LINK_TCP && inet_pton(AF_INET, l->address, &address) != 1)
        coverage_refuse(c, FIELD_BAD_FORMAT, "/link", "/address", "must be an IPv4 address in numbers");
    if (d->timeout_ms * (d->retries + 1) > MODBUS_ANSWER_MS_MAX)
        coverage_refuse(c, FIELD_OUT_OF_RANGE, "/timeout_ms", "",
                        "must with all retries take no longer than 500 ms");
}

/* What two outputs, or an output and the heartbeat, write at the same place would be the last one's. */
static void check_addresses(struct coverage *c, const struct modbus_description *d) {
    for (int32_t i = 0; i < d->n_outputs; i++) {
        const struct modbus_output *o = &d->outputs[i];
        bool taken = o->table == MODBUS_HOLDING && o->address == d->heartbeat;
        for (int32_t k = 0; k < i && !taken; k++)
            taken = d->outputs[k].table == o->table && d->outputs[k].address == o->address;
        char at[32];
        snprintf(at, sizeof at, "/outputs/%d", i);
        if (taken) coverage_refuse(c, FIELD_DUPLICATE_KEY, at, "/address", "is written by another, too");
        if (o->table != MODBUS_HOLDING && o->table != MODBUS_COIL)
            coverage_refuse(c, FIELD_NOT_ONE_OF, at, "/table", "must be one of holding, coil");
        coverage_output(c, i, o->actuator, o->cell);
    }
    coverage_outputs_done(c);
}

static void check_sensor(struct coverage *c, const char *at, const struct modbus_sensor *s) {
    char scale[64];
    snprintf(scale, sizeof scale, "%s/scale", at);
    scale_check(&s->scale, scale, c->errors);
    if (s->table != MODBUS_HOLDING && s->table != MODBUS_INPUT)
        coverage_refuse(c, FIELD_NOT_ONE_OF, at, "/table", "must be one of holding, input");
}

static void check_sensors(struct coverage *c, const struct modbus_description *d) {
    char at[32];
    for (int32_t i = 0; i < d->n_water; i++) {
        snprintf(at, sizeof at, "/water/%d", i);
        check_sensor(c, at, &d->water[i]);
    }
    if (d->has_level) check_sensor(c, "/level", &d->level);
    if (d->has_current) check_sensor(c, "/current", &d->current);
    coverage_sensors(c, d->n_water, d->has_level, d->has_current);
    for (int32_t i = 0; i < d->n_motion; i++) {
        snprintf(at, sizeof at, "/motion/%d", i);
        check_sensor(c, at, &d->motion[i]);
        coverage_motion(c, i, d->motion[i].actuator);
    }
}

bool modbus_description_parse(const char *text, size_t len, const struct model *m,
                              struct modbus_description *ret, struct field_errors *errors) {
    struct coverage c = {.model = m, .errors = errors};
    if (!field_parse(text, len, fields, FIELD_REFUSE_UNKNOWN, ret, sizeof *ret, NULL, errors)) return false;
    check_link(&c, ret);
    check_addresses(&c, ret);
    check_sensors(&c, ret);
    return errors->n == 0;
}
