#include "device-agent/board/linux/sysfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MAX 63

static bool read_text(const char *path, char ret[TEXT_MAX + 1]) {
    auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    ssize_t n = read(fd, ret, TEXT_MAX);
    if (n < 0) return false;
    ret[n] = '\0';
    ret[strcspn(ret, "\n")] = '\0';
    return true;
}

bool sysfs_read(const char *path, int64_t *ret) {
    char text[TEXT_MAX + 1], *end;
    if (!read_text(path, text)) return false;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno || end == text || *end) {
        errno = EINVAL;
        return false;
    }
    *ret = value;
    return true;
}

bool sysfs_write_text(const char *path, const char *text) {
    auto_close int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) return false;
    ssize_t n = write(fd, text, strlen(text));
    return n == (ssize_t)strlen(text);
}

bool sysfs_write(const char *path, int64_t value) {
    char text[32];
    snprintf(text, sizeof text, "%lld\n", (long long)value);
    return sysfs_write_text(path, text);
}

static bool is_named(const char *folder, const char *entry, const char *wanted) {
    char path[SYSFS_PATH_MAX], name[TEXT_MAX + 1];
    if (entry[0] == '.') return false;
    if (!strcmp(entry, wanted)) return true;
    int n = snprintf(path, sizeof path, "%s/%s/name", folder, entry);
    return n < (int)sizeof path && read_text(path, name) && !strcmp(name, wanted);
}

bool sysfs_find(const char *root, const struct linux_sensor *s, char ret[SYSFS_PATH_MAX], char error[256]) {
    static const char *const folders[LINUX_BUS_COUNT] = {"bus/iio/devices", "class/hwmon", ""};
    char folder[SYSFS_PATH_MAX / 2];
    snprintf(folder, sizeof folder, "%s/%s", root, folders[s->bus]);
    if (s->bus == LINUX_FILE) {
        snprintf(ret, SYSFS_PATH_MAX, "%s%s", folder, s->file);
        return true;
    }
    DIR *dir = opendir(folder);
    if (!dir) {
        snprintf(error, 256, "%.150s: %s", folder, strerror(errno));
        return false;
    }
    int found = 0;
    for (struct dirent *e; (e = readdir(dir));)
        if (is_named(folder, e->d_name, s->device) && found++ == 0)
            snprintf(ret, SYSFS_PATH_MAX, "%s/%.128s/%s", folder, e->d_name, s->file);
    closedir(dir);
    if (found != 1)
        snprintf(error, 256, "%.150s: %s is \"%.64s\"", folder, found ? "more than one device" : "no device",
                 s->device);
    return found == 1;
}
