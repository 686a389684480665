#include "device-agent/board/linux/description.h"

#include <stdio.h>
#include <string.h>

#include "device-agent/board/coverage.h"
#include "device-agent/board/inputs.h"

static const char *const drives[] = {"pwm", "gpio", "attribute", NULL};
static const char *const buses[] = {"iio", "hwmon", "file", NULL};

#define OUTPUT_FIELDS                                                                                        \
    FIELD_ENUM(struct linux_output, drive, drives, FIELD_REQUIRED),                                          \
        FIELD_STR(struct linux_output, chip, 1, 0),                                                          \
        FIELD_INT_HAS(struct linux_output, line, 0, 1023, 0, has_line),                                      \
        FIELD_BOOL(struct linux_output, active_low, 0),                                                      \
        FIELD_INT(struct linux_output, period_ns, 1000, 1000000000, 0),                                      \
        FIELD_STR(struct linux_output, file, 1, 0), FIELD_INT_OR(struct linux_output, full, 1, 65535, 0, 1), \
        FIELD_INT(struct linux_output, start_permille, 0, 900, 0),                                           \
        FIELD_INT(struct linux_output, window_ms, 500, 60000, 0)

static const struct field output_fields[] = {
    FIELD_STR(struct linux_output, actuator, 1, FIELD_REQUIRED),
    FIELD_INT_OR(struct linux_output, cell, 1, PROTO_CELLS_MAX, 0, 1), OUTPUT_FIELDS, FIELD_END};
static const struct field line_fields[] = {OUTPUT_FIELDS, FIELD_END};

#define SENSOR_FIELDS                                                                                        \
    FIELD_ENUM(struct linux_sensor, bus, buses, FIELD_REQUIRED),                                             \
        FIELD_STR(struct linux_sensor, device, 1, 0),                                                        \
        FIELD_STR(struct linux_sensor, file, 1, FIELD_REQUIRED),                                             \
        FIELD_INT_OR(struct linux_sensor, period_ms, 20, 900, 0, LINUX_SAMPLE_MS),                           \
        FIELD_OBJECT(struct linux_sensor, scale, scale_fields, 0)

static const struct field sensor_fields[] = {SENSOR_FIELDS, FIELD_END};
static const struct field motion_fields[] = {FIELD_STR(struct linux_sensor, actuator, 1, FIELD_REQUIRED),
                                             SENSOR_FIELDS, FIELD_END};

static const struct field switch_fields[] = {FIELD_ENUM(struct linux_switch, drive, drives, FIELD_REQUIRED),
                                             FIELD_STR(struct linux_switch, chip, 1, 0),
                                             FIELD_INT_HAS(struct linux_switch, line, 0, 1023, 0, has_line),
                                             FIELD_BOOL(struct linux_switch, active_low, 0),
                                             FIELD_STR(struct linux_switch, file, 1, 0),
                                             FIELD_END};

static const struct field contact_fields[] = {
#define X(c, name, ...) INPUTS_CONTACT_ROW(struct linux_contacts, c, name, switch_fields),
    CONTACTS(X)
#undef X
        FIELD_END};

#define S struct linux_description
static const struct field fields[] = {FIELD_STR(S, sysfs, 1, 0),
                                      FIELD_ARRAY(S, outputs, n_outputs, 1, output_fields, FIELD_REQUIRED),
                                      FIELD_OBJECT_HAS(S, enable, line_fields, 0, has_enable),
                                      FIELD_OBJECT_HAS(S, heartbeat, line_fields, 0, has_heartbeat),
                                      FIELD_ARRAY(S, water, n_water, 0, sensor_fields, 0),
                                      FIELD_OBJECT_HAS(S, level, sensor_fields, 0, has_level),
                                      FIELD_OBJECT_HAS(S, current, sensor_fields, 0, has_current),
                                      FIELD_ARRAY(S, motion, n_motion, 0, motion_fields, 0),
                                      FIELD_OBJECT(S, emergency_stop, switch_fields, FIELD_REQUIRED),
                                      FIELD_OBJECT_HAS(S, local_stop, switch_fields, 0, has_local_stop),
                                      FIELD_OBJECT(S, contacts, contact_fields, 0),
                                      FIELD_END};
#undef S

/* ---- rules across fields ---- */

/* Nothing outside the root of sysfs: neither "/etc/x" nor "../x". */
static bool is_below(const char *path) {
    if (path[0] == '/') return false;
    for (const char *at = path; at; at = strchr(at, '/'), at = at ? at + 1 : NULL)
        if (!strncmp(at, "..", 2) && (at[2] == '/' || at[2] == '\0')) return false;
    return true;
}

static void check_file(struct coverage *c, const char *at, const char *file, bool one_name) {
    if (!file[0])
        coverage_refuse(c, FIELD_MISSING, at, "/file", "is required");
    else if (!is_below(file) || (one_name && strchr(file, '/')))
        coverage_refuse(c, FIELD_BAD_FORMAT, at, "/file", "must stay below its folder");
}

static void check_drive(struct coverage *c, const char *at, int32_t drive, const char *chip, bool has_line,
                        const char *file) {
    if (drive == LINUX_ATTRIBUTE) {
        check_file(c, at, file, false);
        return;
    }
    if (!chip[0]) coverage_refuse(c, FIELD_MISSING, at, "/chip", "is required");
    if (strchr(chip, '/')) coverage_refuse(c, FIELD_BAD_FORMAT, at, "/chip", "must be the name of a chip");
    if (!has_line) coverage_refuse(c, FIELD_MISSING, at, "/line", "is required");
}

static void check_output(struct coverage *c, const char *at, const struct linux_output *o) {
    check_drive(c, at, o->drive, o->chip, o->has_line, o->file);
    if (o->drive == LINUX_PWM && o->period_ns == 0)
        coverage_refuse(c, FIELD_MISSING, at, "/period_ns", "is required");
}

static void check_switch(struct coverage *c, const char *at, const struct linux_switch *s) {
    if (s->drive == LINUX_PWM)
        coverage_refuse(c, FIELD_NOT_ONE_OF, at, "/drive", "must be one of gpio, attribute");
    else
        check_drive(c, at, s->drive, s->chip, s->has_line, s->file);
}

static void check_sensor(struct coverage *c, const char *at, const struct linux_sensor *s) {
    char scale[160];
    snprintf(scale, sizeof scale, "%s/scale", at);
    scale_check(&s->scale, scale, c->errors);
    check_file(c, at, s->file, s->bus != LINUX_FILE);
    if (s->bus != LINUX_FILE && !s->device[0])
        coverage_refuse(c, FIELD_MISSING, at, "/device", "is required");
    if (strchr(s->device, '/'))
        coverage_refuse(c, FIELD_BAD_FORMAT, at, "/device", "must be the name of a device");
}

static void check_sensors(struct coverage *c, const struct linux_description *d) {
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

static void check_switches(struct coverage *c, const struct linux_description *d) {
    check_switch(c, "/emergency_stop", &d->emergency_stop);
    if (d->has_local_stop) check_switch(c, "/local_stop", &d->local_stop);
    for (int i = 0; i < CONTACT_COUNT; i++) {
        char at[32];
        snprintf(at, sizeof at, "/contacts/%s", inputs_contact_names[i]);
        if (d->contacts.has[i]) check_switch(c, at, &d->contacts.at[i]);
    }
}

static void check_outputs(struct coverage *c, const struct linux_description *d) {
    char at[32];
    for (int32_t i = 0; i < d->n_outputs; i++) {
        snprintf(at, sizeof at, "/outputs/%d", i);
        check_output(c, at, &d->outputs[i]);
        coverage_output(c, i, d->outputs[i].actuator, d->outputs[i].cell);
    }
    coverage_outputs_done(c);
    if (d->has_enable) check_output(c, "/enable", &d->enable);
    if (d->has_heartbeat) check_output(c, "/heartbeat", &d->heartbeat);
}

bool linux_description_parse(const char *text, size_t len, const struct model *m,
                             struct linux_description *ret, struct field_errors *errors) {
    struct coverage c = {.model = m, .errors = errors};
    if (!field_parse(text, len, fields, FIELD_REFUSE_UNKNOWN, ret, sizeof *ret, NULL, errors)) return false;
    if (!ret->sysfs[0]) strcpy(ret->sysfs, "/sys");
    check_outputs(&c, ret);
    check_sensors(&c, ret);
    check_switches(&c, ret);
    return errors->n == 0;
}
