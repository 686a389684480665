/* GPIO lines, by libgpiod. Values are logical: active_low is turned round here. */
#ifndef PEDILUVE_AGENT_BOARD_LINUX_GPIO_H
#define PEDILUVE_AGENT_BOARD_LINUX_GPIO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/auto.h"

struct gpio_pin {
    const char *chip; /* "gpiochip0", or the chip's label */
    int32_t line;
    bool active_low;
};

/* A line that is ours alone until it is closed. An output begins inactive. NULL: errno says why. */
must_use struct gpio_line *gpio_open(const struct gpio_pin *pin, bool is_output);
must_use bool gpio_set(struct gpio_line *line, bool active);
must_use int gpio_get(struct gpio_line *line); /* 1, 0; -1: it cannot be read */
void gpio_close(struct gpio_line *line);

#endif
