#include <errno.h>
#include <gpiod.h>

#include "base/auto.h"
#include "device-agent/board/linux/gpio.h"

struct line {
    struct gpiod_chip *chip;
    struct gpiod_line *line;
};

static void line_close(void *context) {
    struct line *l = context;
    if (l->chip) gpiod_chip_close(l->chip); /* releases its lines */
    free(l);
}

static bool request(struct gpiod_line *line, bool is_output, int flags) {
    if (is_output) return gpiod_line_request_output_flags(line, "pediluve", flags, 0) == 0;
    return gpiod_line_request_input_flags(line, "pediluve", flags) == 0;
}

static void *line_open(const struct gpio_pin *pin, bool is_output) {
    struct line *l = xcalloc(1, sizeof *l);
    int flags = pin->active_low ? GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW : 0;
    l->chip = gpiod_chip_open_lookup(pin->chip);
    l->line = l->chip ? gpiod_chip_get_line(l->chip, (unsigned)pin->line) : NULL;
    if (l->line && request(l->line, is_output, flags)) return l;
    int why = errno;
    line_close(l);
    errno = why;
    return NULL;
}

static bool line_set(void *context, bool active) {
    struct line *l = context;
    return gpiod_line_set_value(l->line, active) == 0;
}

static int line_get(void *context) {
    struct line *l = context;
    return gpiod_line_get_value(l->line);
}

const struct gpio_ops gpiod_gpio = {.open = line_open, .set = line_set, .get = line_get, .close = line_close};
