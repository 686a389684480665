/* One output of a Linux computer: a PWM channel, a GPIO line or an attribute of sysfs. Not thread-safe: the
 * board holds its lock. */
#ifndef PEDILUVE_AGENT_BOARD_LINUX_OUTPUT_H
#define PEDILUVE_AGENT_BOARD_LINUX_OUTPUT_H

#include "device-agent/board/linux/gpio.h"
#include "device-agent/board/linux/sysfs.h"

struct output {
    const struct linux_output *spec; /* borrowed */
    struct gpio_line *line;
    char file[SYSFS_PATH_MAX]; /* pwm: duty_cycle */
    int64_t written;           /* what the hardware was last told; -1: not known */
    int64_t window_from_ms;    /* of time-proportional drive */
    bool is_open;
};

/* Takes the output and turns it off, whatever it did before. False: error says why. */
must_use bool output_open(struct output *o, const struct linux_output *spec, const char *root,
                          char error[256]);
/* Writes only what changed. False: the hardware did not take it. */
must_use bool output_set(struct output *o, int32_t permille, int64_t now_ms);
must_use bool output_off(struct output *o); /* in any state, also before output_open */
void output_close(struct output *o);        /* off, then given back */

#endif
