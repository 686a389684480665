#include "fake_chip.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/gpio.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Stands in for the chip's file: a character device that every machine has, and its numbers. */
#define CHIP "/dev/gpiochip0"
#define STAND_IN "/dev/null"
#define CHIP_SYSFS "/sys/bus/gpio/devices/gpiochip0/dev"
#define CHIP_NUMBERS "1:3\n"

#define FDS 1024
enum { OTHER_FD, CHIP_FD, LINE_FD /* and the line's number */ };

static struct line {
    atomic_bool physical, active_low, is_output, fails, is_open;
    atomic_int sets;
} lines[FAKE_CHIP_LINES];
static atomic_uchar fds[FDS];

/* ---- the tests' side ---- */

void fake_gpio_set(int line, bool physical) { lines[line].physical = physical; }
bool fake_gpio_get(int line) { return lines[line].physical; }
void fake_gpio_fail(int line, bool fails) { lines[line].fails = fails; }
bool fake_gpio_is_open(int line) { return lines[line].is_open; }
int fake_gpio_sets(int line) { return lines[line].sets; }

/* ---- the kernel's side ---- */

static int refuse(int why) {
    errno = why;
    return -1;
}

static int new_fd(unsigned char kind) {
    int fd = open(STAND_IN, O_RDWR | O_CLOEXEC);
    if (fd >= FDS) close(fd);
    if (fd < 0 || fd >= FDS) return refuse(EMFILE);
    fds[fd] = kind;
    return fd;
}

static int chip_info(struct gpiochip_info *info) {
    *info = (struct gpiochip_info){.name = "gpiochip0", .label = "fake", .lines = FAKE_CHIP_LINES};
    return 0;
}

static int line_info(struct gpioline_info *info) {
    if (info->line_offset >= FAKE_CHIP_LINES) return refuse(EINVAL);
    const struct line *l = &lines[info->line_offset];
    *info = (struct gpioline_info){.line_offset = info->line_offset};
    if (l->is_open) info->flags |= GPIOLINE_FLAG_KERNEL;
    if (l->is_open && l->is_output) info->flags |= GPIOLINE_FLAG_IS_OUT;
    if (l->is_open && l->active_low) info->flags |= GPIOLINE_FLAG_ACTIVE_LOW;
    return 0;
}

static int line_request(struct gpiohandle_request *r) {
    if (r->lines != 1 || r->lineoffsets[0] >= FAKE_CHIP_LINES) return refuse(EINVAL);
    struct line *l = &lines[r->lineoffsets[0]];
    if (l->is_open) return refuse(EBUSY);
    int fd = new_fd((unsigned char)(LINE_FD + r->lineoffsets[0]));
    if (fd < 0) return -1;
    l->is_open = true;
    l->active_low = r->flags & GPIOHANDLE_REQUEST_ACTIVE_LOW;
    l->is_output = r->flags & GPIOHANDLE_REQUEST_OUTPUT;
    if (l->is_output) l->physical = (r->default_values[0] != 0) != l->active_low;
    r->fd = fd;
    return 0;
}

static int line_get(struct line *l, struct gpiohandle_data *data) {
    if (l->fails) return refuse(EIO);
    data->values[0] = l->physical != l->active_low;
    return 0;
}

static int line_set(struct line *l, const struct gpiohandle_data *data) {
    if (!l->is_output) return refuse(EPERM);
    l->sets++;
    if (l->fails) return refuse(EIO);
    l->physical = (data->values[0] != 0) != l->active_low;
    return 0;
}

static int chip_call(unsigned char kind, unsigned long call, void *arg) {
    if (kind == CHIP_FD && call == GPIO_GET_CHIPINFO_IOCTL) return chip_info(arg);
    if (kind == CHIP_FD && call == GPIO_GET_LINEINFO_IOCTL) return line_info(arg);
    if (kind == CHIP_FD && call == GPIO_GET_LINEHANDLE_IOCTL) return line_request(arg);
    if (kind >= LINE_FD && call == GPIOHANDLE_GET_LINE_VALUES_IOCTL)
        return line_get(&lines[kind - LINE_FD], arg);
    if (kind >= LINE_FD && call == GPIOHANDLE_SET_LINE_VALUES_IOCTL)
        return line_set(&lines[kind - LINE_FD], arg);
    return refuse(ENOTTY);
}

/* ---- what libgpiod calls, in place of the C library's ---- */

#define IN_PLACE_OF(name) __attribute__((visibility("default"))) int name
#define REAL(name, ...) ((int (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name))

static const char *instead(const char *path) { return strcmp(path, CHIP) == 0 ? STAND_IN : path; }

static int open_numbers(void) {
    int fd = memfd_create("dev", MFD_CLOEXEC);
    if (fd >= 0 && write(fd, CHIP_NUMBERS, sizeof CHIP_NUMBERS - 1) > 0) lseek(fd, 0, SEEK_SET);
    return fd;
}

IN_PLACE_OF(open)(const char *path, int flags, ...) {
    va_list args;
    va_start(args, flags);
    mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(args, mode_t) : 0;
    va_end(args);
    if (strcmp(path, CHIP) == 0) return new_fd(CHIP_FD);
    if (strcmp(path, CHIP_SYSFS) == 0) return open_numbers();
    return REAL("open", const char *, int, ...)(path, flags, mode);
}

IN_PLACE_OF(close)(int fd) {
    unsigned char kind = fd >= 0 && fd < FDS ? atomic_exchange(&fds[fd], OTHER_FD) : OTHER_FD;
    if (kind >= LINE_FD) lines[kind - LINE_FD].is_open = false;
    return REAL("close", int)(fd);
}

IN_PLACE_OF(ioctl)(int fd, unsigned long call, ...) {
    va_list args;
    va_start(args, call);
    void *arg = va_arg(args, void *);
    va_end(args);
    unsigned char kind = fd >= 0 && fd < FDS ? fds[fd] : OTHER_FD;
    if (kind != OTHER_FD) return chip_call(kind, call, arg);
    return REAL("ioctl", int, unsigned long, ...)(fd, call, arg);
}

IN_PLACE_OF(access)(const char *path, int mode) {
    return strcmp(path, CHIP_SYSFS) == 0 ? 0 : REAL("access", const char *, int)(path, mode);
}

IN_PLACE_OF(stat)(const char *path, struct stat *st) {
    return REAL("stat", const char *, struct stat *)(instead(path), st);
}

IN_PLACE_OF(lstat)(const char *path, struct stat *st) {
    return REAL("lstat", const char *, struct stat *)(instead(path), st);
}
