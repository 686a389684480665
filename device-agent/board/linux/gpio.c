#include "device-agent/board/linux/gpio.h"

#include <errno.h>
#include <gpiod.h>

struct gpio_line {
    struct gpiod_chip *chip;
    struct gpiod_line *line;
};

void gpio_close(struct gpio_line *l) {
    if (l->chip) gpiod_chip_close(l->chip); /* releases its lines */
    free(l);
}

static bool request(struct gpiod_line *line, bool is_output, int flags) {
    if (is_output) return gpiod_line_request_output_flags(line, "pediluve", flags, 0) == 0;
    return gpiod_line_request_input_flags(line, "pediluve", flags) == 0;
}

struct gpio_line *gpio_open(const struct gpio_pin *pin, bool is_output) {
    struct gpio_line *l = xcalloc(1, sizeof *l);
    int flags = pin->active_low ? GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW : 0;
    l->chip = gpiod_chip_open_lookup(pin->chip);
    l->line = l->chip ? gpiod_chip_get_line(l->chip, (unsigned)pin->line) : NULL;
    if (l->line && request(l->line, is_output, flags)) return l;
    int why = errno;
    gpio_close(l);
    errno = why;
    return NULL;
}

bool gpio_set(struct gpio_line *l, bool active) { return gpiod_line_set_value(l->line, active) == 0; }

int gpio_get(struct gpio_line *l) { return gpiod_line_get_value(l->line); }
