/* Numbers in the files of sysfs. A file is opened for each access, as an attribute of sysfs wants.
 * Thread-safe. */
#ifndef PEDILUVE_AGENT_BOARD_LINUX_SYSFS_H
#define PEDILUVE_AGENT_BOARD_LINUX_SYSFS_H

#include "base/auto.h"
#include "device-agent/board/linux/description.h"

#define SYSFS_PATH_MAX 512

/* False: errno says why; EINVAL: what stands there is no number. May block as long as the driver does. */
must_use bool sysfs_read(const char *path, int64_t *ret);
must_use bool sysfs_write(const char *path, int64_t value);
must_use bool sysfs_write_text(const char *path, const char *text);

/* The file of a sensor. iio and hwmon devices are numbered anew at each start of the system, so they are
 * looked for by name. False: error says why, also when two devices have that name. */
must_use bool sysfs_find(const char *root, const struct linux_sensor *s, char ret[SYSFS_PATH_MAX],
                         char error[256]);

#endif
