/* GPIO lines, behind a seam of four calls: linux/gpiod.c does them with libgpiod; the tests have no character
 * device and count lines of their own. Values are logical: active_low is the implementation's affair. */
#ifndef PEDILUVE_AGENT_BOARD_LINUX_GPIO_H
#define PEDILUVE_AGENT_BOARD_LINUX_GPIO_H

#include <stdbool.h>
#include <stdint.h>

struct gpio_pin {
    const char *chip; /* "gpiochip0", or the chip's label */
    int32_t line;
    bool active_low;
};

struct gpio_ops {
    /* NULL: errno says why. An output begins inactive. */
    void *(*open)(const struct gpio_pin *pin, bool is_output);
    bool (*set)(void *line, bool active);
    int (*get)(void *line); /* 1, 0; -1: it cannot be read */
    void (*close)(void *line);
};

extern const struct gpio_ops gpiod_gpio; /* libgpiod */

#endif
