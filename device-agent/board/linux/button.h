/* A switch of a Linux computer: a GPIO line or an attribute of sysfs. The control loop's thread only. */
#ifndef PEDILUVE_AGENT_BOARD_LINUX_BUTTON_H
#define PEDILUVE_AGENT_BOARD_LINUX_BUTTON_H

#include "device-agent/board/linux/gpio.h"
#include "device-agent/board/linux/sysfs.h"

struct button {
    const struct linux_switch *spec; /* borrowed; NULL: not fitted */
    struct gpio_line *line;
    char file[SYSFS_PATH_MAX];
};

/* False: error says why. */
must_use bool button_open(struct button *b, const struct linux_switch *spec, const char *root,
                          char error[256]);
/* 1: active, 0: not, also when it is not fitted; -1: it cannot be read. */
int button_get(const struct button *b);
void button_close(struct button *b);

#endif
