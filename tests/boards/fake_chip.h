/* A GPIO chip that is not there, at the border to the kernel: libgpiod opens /dev/gpiochip0, asks it and
 * requests its lines by the calls of linux/gpio.h (its first version, which libgpiod 1 speaks), and is
 * answered here. Levels are physical, as on the pin; active_low is turned round as the kernel does. */
#ifndef PEDILUVE_TESTS_BOARDS_FAKE_CHIP_H
#define PEDILUVE_TESTS_BOARDS_FAKE_CHIP_H

#include <stdbool.h>

#define FAKE_CHIP_LINES 8

void fake_gpio_set(int line, bool physical); /* an input's level */
bool fake_gpio_get(int line);
void fake_gpio_fail(int line, bool fails); /* whatever is asked of it is an input/output error */
bool fake_gpio_is_open(int line);
int fake_gpio_sets(int line); /* how often it was written */

#endif
