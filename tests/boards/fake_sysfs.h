/* A folder that looks like /sys to the linux board; its GPIO is the fake chip. One at a time. */
#ifndef PEDILUVE_TESTS_BOARDS_FAKE_SYSFS_H
#define PEDILUVE_TESTS_BOARDS_FAKE_SYSFS_H

#include "base/buf.h"
#include "device-agent/board/linux/board.h"
#include "fake_chip.h"

#define FAKE_PWM_PERIOD_NS 1000000
#define FAKE_PWMS 32

extern char fake_root[64];

/* pwmchip0 with FAKE_PWMS channels, each at half its duty; a relay at class/leds/heater/brightness; the water
 * at iio "adc", in_voltage0_raw and 1 in millivolts of 10 C a volt, hwmon "power" with curr1_input, level at
 * in_voltage2_raw from 0 to 1000; the jets at hwmon "power", fan1_input, full at 3000; contacts on lines 4 to
 * 6 and at class/gpio-keys/cutout. */
void fake_begin(void);
void fake_end(void);

void fake_write(const char *file, const char *text); /* below the root; folders are made */
int64_t fake_number(const char *file);               /* its first number; -1: none */
void fake_remove(const char *file);
void fake_link(const char *file, const char *target); /* in place of the file */
int64_t fake_written(void);                           /* another number after any file has been written */

/* A description of all that for the model. */
void fake_description(struct buf *ret, const struct model *m);
bool fake_open(const struct model *m, const char *text, size_t len, struct board *ret, char error[256]);

#endif
