/* What hangs where on a Linux computer: the board description file, see docs/porting.md and
 * device-agent/board/examples/linux.json. Pure. */
#ifndef PEDILUVE_AGENT_BOARD_LINUX_DESCRIPTION_H
#define PEDILUVE_AGENT_BOARD_LINUX_DESCRIPTION_H

#include "device-agent/board/scale.h"
#include "device-agent/core/types.h"
#include "protocol/model.h"

#define LINUX_NAME_MAX 64
#define LINUX_FILE_MAX 128
#define LINUX_OUTPUTS_MAX 64
#define LINUX_SAMPLE_MS 100 /* between two measurements, unless the description says otherwise */

enum linux_drive { LINUX_PWM, LINUX_GPIO, LINUX_ATTRIBUTE, LINUX_DRIVE_COUNT };

struct linux_output {
    char actuator[PROTO_NAME_MAX + 1]; /* of the model; not for enable and heartbeat */
    int32_t cell;                      /* from 1 */
    int32_t drive;                     /* enum linux_drive */
    char chip[LINUX_NAME_MAX + 1];     /* pwm: "pwmchip0"; gpio: "gpiochip0" or the chip's label */
    int32_t line;                      /* pwm: channel; gpio: offset */
    bool has_line, active_low;
    int32_t period_ns;             /* pwm */
    char file[LINUX_FILE_MAX + 1]; /* attribute: below the root of sysfs */
    int32_t full;                  /* attribute: what is written for full drive; 1: on and off only */
    int32_t start_permille;        /* pwm, attribute: the least drive at which the motor turns */
    int32_t window_ms;             /* gpio: time-proportional over this window; 0: on at any drive */
};

enum linux_bus { LINUX_IIO, LINUX_HWMON, LINUX_FILE, LINUX_BUS_COUNT };

struct linux_sensor {
    char actuator[PROTO_NAME_MAX + 1]; /* of motion: whose motor it sees */
    int32_t bus;                       /* enum linux_bus */
    char device[LINUX_NAME_MAX + 1];   /* iio, hwmon: the device's name, or its folder's */
    char file[LINUX_FILE_MAX + 1];     /* of the device; file: below the root of sysfs */
    int32_t period_ms;
    struct scale scale;
};

struct linux_switch {
    int32_t drive; /* LINUX_GPIO or LINUX_ATTRIBUTE */
    char chip[LINUX_NAME_MAX + 1];
    int32_t line;
    bool has_line, active_low;
    char file[LINUX_FILE_MAX + 1];
};

struct linux_contacts {
    bool has[CONTACT_COUNT];
    struct linux_switch at[CONTACT_COUNT];
};

struct linux_description {
    char sysfs[LINUX_FILE_MAX + 1]; /* root; "/sys" when it is not said */
    int32_t n_outputs, n_water, n_motion;
    struct linux_output outputs[LINUX_OUTPUTS_MAX];
    struct linux_output enable;    /* on while the board is well: a relay before all actuators */
    struct linux_output heartbeat; /* turned over at every control step: for a watchdog outside */
    bool has_enable, has_heartbeat, has_level, has_current, has_local_stop;
    struct linux_sensor water[WATER_SENSORS_MAX];
    struct linux_sensor level, current;
    struct linux_sensor motion[PROTO_ACTUATORS_MAX]; /* how fast a motor turns, in permille of its most */
    struct linux_switch emergency_stop, local_stop;
    struct linux_contacts contacts; /* active: the leak, the open lid, ... */
};

/* The text of a description for a device of that model: every actuator's cell has one output, every sensor
 * that the model needs is there. False: errors says what and where. */
must_use bool linux_description_parse(const char *text, size_t len, const struct model *m,
                                      struct linux_description *ret, struct field_errors *errors);

#endif
