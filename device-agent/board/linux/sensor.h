/* One sensor of a Linux computer, measured by a thread of its own: a driver that blocks, such as that of a
 * one-wire thermometer or of a hung I2C bus, holds up neither the control loop nor another sensor. */
#ifndef PEDILUVE_AGENT_BOARD_LINUX_SENSOR_H
#define PEDILUVE_AGENT_BOARD_LINUX_SENSOR_H

#include "device-agent/board/linux/sysfs.h"
#include "device-agent/board/slot.h"
#include "device-agent/board/worker.h"

struct sensor {
    const struct linux_sensor *spec; /* borrowed */
    char file[SYSFS_PATH_MAX];
    struct slot slot;
    struct worker worker;
    bool is_open;
};

/* False: error says why. A sensor that is there and does not answer is no error: it has no reading. */
must_use bool sensor_open(struct sensor *s, const struct linux_sensor *spec, const char *root,
                          char error[256]);
struct reading sensor_get(struct sensor *s, int64_t now_ms);
/* False: its thread hangs in the driver; the memory of s must stay. */
must_use bool sensor_close(struct sensor *s);

#endif
