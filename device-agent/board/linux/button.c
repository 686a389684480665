#include "device-agent/board/linux/button.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

bool button_open(struct button *b, const struct linux_switch *spec, const char *root, char error[256]) {
    struct gpio_pin pin = {spec->chip, spec->line, spec->active_low};
    *b = (struct button){.spec = spec};
    if (spec->drive == LINUX_ATTRIBUTE) {
        snprintf(b->file, sizeof b->file, "%s/%s", root, spec->file);
        if (access(b->file, R_OK) == 0) return true;
        snprintf(error, 256, "%.180s: %s", b->file, strerror(errno));
        return false;
    }
    b->line = gpio_open(&pin, false);
    if (!b->line) snprintf(error, 256, "%s line %d: %s", spec->chip, spec->line, strerror(errno));
    return b->line != NULL;
}

int button_get(const struct button *b) {
    int64_t value;
    if (!b->spec) return 0;
    if (b->spec->drive == LINUX_GPIO) return gpio_get(b->line);
    if (!sysfs_read(b->file, &value)) return -1;
    return (value != 0) != b->spec->active_low;
}

void button_close(struct button *b) {
    if (b->line) gpio_close(b->line);
    *b = (struct button){0};
}
