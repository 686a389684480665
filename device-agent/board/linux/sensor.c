#include "device-agent/board/linux/sensor.h"

#include <stdio.h>

#include "base/clock.h"

#define END_WAIT_MS 1000

static void measure(void *context) {
    struct sensor *s = context;
    int64_t began_ms = clock_mono_ms(), raw;
    int32_t value;
    if (!sysfs_read(s->file, &raw)) return; /* the last value grows old, and the core sees it */
    if (scale_value(&s->spec->scale, raw, &value))
        slot_put(&s->slot, value, began_ms);
    else
        slot_clear(&s->slot);
}

bool sensor_open(struct sensor *s, const struct linux_sensor *spec, const char *root, char error[256]) {
    s->spec = spec;
    if (!sysfs_find(root, spec, s->file, error)) return false;
    slot_init(&s->slot);
    s->is_open = worker_start(&s->worker, measure, s, spec->period_ms);
    if (!s->is_open) snprintf(error, 256, "no thread can be started");
    return s->is_open;
}

struct reading sensor_get(struct sensor *s, int64_t now_ms) {
    return s->is_open ? slot_get(&s->slot, now_ms) : (struct reading){0};
}

bool sensor_close(struct sensor *s) {
    if (!s->is_open) return true;
    s->is_open = false;
    if (!worker_end(&s->worker, END_WAIT_MS)) return false;
    slot_done(&s->slot);
    return true;
}
