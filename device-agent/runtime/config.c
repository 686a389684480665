#include "device-agent/runtime/config.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "device-agent/journal/spool.h"

#define FILE_MAX (8 << 20)

bool config_fail(const char *fmt, ...) {
    va_list args;
    fputs("pediluve: ", stderr);
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputc('\n', stderr);
    return false;
}

static const struct field mqtt_fields[] = {FIELD_STR(struct config_mqtt, host, 1, FIELD_REQUIRED),
                                           FIELD_INT(struct config_mqtt, port, 1, 65535, FIELD_REQUIRED),
                                           FIELD_STR(struct config_mqtt, ca_file, 0, 0), FIELD_END};

#define DEVICE_FIELDS(S)                                                                                     \
    FIELD_UUID(S, device_id, FIELD_REQUIRED), FIELD_STR(S, password, 0, FIELD_REQUIRED),                     \
        FIELD_STR(S, model, 1, FIELD_REQUIRED)
static const struct field device_fields[] = {DEVICE_FIELDS(struct config_device), FIELD_END};

struct agent_file {
    struct uuid device_id;
    char password[128], model[PROTO_NAME_MAX + 1];
    struct config_mqtt mqtt;
    char models_dir[CONFIG_PATH_MAX], journal[CONFIG_PATH_MAX], board[16], board_file[CONFIG_PATH_MAX];
    int32_t speed;
    int64_t spool_bytes;
    char status[CONFIG_PATH_MAX];
};
static const struct field agent_fields[] = {
    DEVICE_FIELDS(struct agent_file),
    FIELD_OBJECT(struct agent_file, mqtt, mqtt_fields, FIELD_REQUIRED),
    FIELD_STR(struct agent_file, models_dir, 1, FIELD_REQUIRED),
    FIELD_STR(struct agent_file, journal, 1, FIELD_REQUIRED),
    FIELD_STR(struct agent_file, board, 0, 0),
    FIELD_STR(struct agent_file, board_file, 0, 0),
    FIELD_INT(struct agent_file, speed, 1, CONFIG_SPEED_MAX, 0),
    FIELD_INT(struct agent_file, spool_bytes, SPOOL_BYTES_MIN, SPOOL_BYTES_MAX, 0),
    FIELD_STR(struct agent_file, status, 0, 0),
    FIELD_END};

bool config_read_file(const char *path, struct buf *ret) {
    FILE *f = fopen(path, "re");
    if (!f) return config_fail("%s: %s", path, strerror(errno));
    char piece[8192];
    size_t n;
    while ((n = fread(piece, 1, sizeof piece, f)) > 0 && ret->len <= FILE_MAX) buf_add(ret, piece, n);
    bool ok = !ferror(f) && ret->len > 0 && ret->len <= FILE_MAX;
    fclose(f);
    return ok || config_fail("%s: empty, too large or unreadable", path);
}

static bool fail_field(const char *path, const char *at, const struct field_errors *errors) {
    return config_fail("%s: %s%s: %s", path, at, errors->list[0].pointer, errors->list[0].detail);
}

static bool from_environment(const char *name, char *value, size_t size) {
    const char *wins = getenv(name);
    if (!wins) return true;
    if (strlen(wins) >= size) return config_fail("%s: must be at most %zu bytes", name, size - 1);
    strcpy(value, wins);
    return true;
}

bool config_load_agent(struct config *c, const char *path) {
    auto_buf struct buf text = BUF_INIT;
    struct agent_file file;
    struct field_errors errors;
    memset(c, 0, offsetof(struct config, models)); /* what nobody touches costs nothing */
    if (!config_read_file(path, &text)) return false;
    if (!field_parse(text.data, text.len, agent_fields, FIELD_REFUSE_UNKNOWN, &file, sizeof file, NULL,
                     &errors))
        return fail_field(path, "", &errors);
    c->mqtt = file.mqtt;
    c->n_devices = 1;
    c->devices = xcalloc(1, sizeof *c->devices);
    c->devices[0].device_id = file.device_id;
    memcpy(c->devices[0].password, file.password, sizeof file.password);
    memcpy(c->devices[0].model, file.model, sizeof file.model);
    memcpy(c->models_dir, file.models_dir, sizeof file.models_dir);
    memcpy(c->journal, file.journal, sizeof file.journal);
    memcpy(c->board, file.board, sizeof file.board);
    memcpy(c->board_file, file.board_file, sizeof file.board_file);
    c->speed = file.speed ? file.speed : 1;
    c->spool_bytes = file.spool_bytes ? file.spool_bytes : SPOOL_BYTES;
    if (!strcmp(file.status, "-"))
        c->status[0] = '\0';
    else if (file.status[0])
        memcpy(c->status, file.status, sizeof file.status);
    else
        snprintf(c->status, sizeof c->status, "%.*s.sock", CONFIG_PATH_MAX - 8, file.journal);
    return from_environment("PEDILUVE_BOARD", c->board, sizeof c->board) &&
           from_environment("PEDILUVE_BOARD_FILE", c->board_file, sizeof c->board_file);
}

static bool load_devices(struct config *c, const char *path, const json_t *list) {
    struct field_errors errors;
    size_t n = json_array_size(list);
    if (n < 1 || n > CONFIG_DEVICES_MAX)
        return config_fail("%s: /devices: 1 to %d devices are wanted", path, CONFIG_DEVICES_MAX);
    c->devices = xcalloc(n, sizeof *c->devices);
    for (size_t i = 0; i < n; i++) {
        char at[32];
        snprintf(at, sizeof at, "/devices/%zu", i);
        if (!field_decode(json_array_get(list, i), device_fields, 0, &c->devices[i], sizeof c->devices[i],
                          &errors))
            return fail_field(path, at, &errors);
    }
    c->n_devices = (int32_t)n;
    return true;
}

bool config_load_fleet(struct config *c, const char *path) {
    auto_buf struct buf text = BUF_INIT;
    struct field_errors errors;
    json_error_t why;
    memset(c, 0, offsetof(struct config, models)); /* what nobody touches costs nothing */
    c->speed = 1;
    if (!config_read_file(path, &text)) return false;
    json_t *tree = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, &why);
    if (!tree) return config_fail("%s:%d: %s", path, why.line, why.text);
    bool ok =
        field_decode(json_object_get(tree, "mqtt"), mqtt_fields, 0, &c->mqtt, sizeof c->mqtt, &errors) ||
        fail_field(path, "/mqtt", &errors);
    ok = ok && load_devices(c, path, json_object_get(tree, "devices"));
    json_decref(tree);
    c->spool_bytes = SPOOL_BYTES + (int64_t)c->n_devices * (SPOOL_BYTES / 16);
    return ok;
}

const struct model *config_model(struct config *c, const char *name) {
    for (int32_t i = 0; i < c->n_models; i++)
        if (!strcmp(c->models[i].id, name)) return &c->models[i];
    auto_buf struct buf path = BUF_INIT, text = BUF_INIT;
    struct field_errors errors;
    if (strchr(name, '/') || c->n_models == CONFIG_MODELS_MAX) {
        config_fail("\"%s\" is not the name of a model, or there are too many", name);
        return NULL;
    }
    struct model *m = &c->models[c->n_models];
    buf_fmt(&path, "%s/%s.json", c->models_dir, name);
    if (!config_read_file(path.data, &text)) return NULL;
    if (!model_parse(text.data, text.len, m, &errors)) {
        fail_field(path.data, "", &errors);
        return NULL;
    }
    if (strcmp(m->id, name) != 0) {
        config_fail("%s: holds the model \"%s\"", path.data, m->id);
        return NULL;
    }
    c->n_models++;
    return m;
}

void config_done(struct config *c) {
    free(c->devices);
    c->devices = NULL;
}
