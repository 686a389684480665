/* What pediluve-agent and pediluve-fleet are told: a JSON file, and options that win over it. */
#ifndef PEDILUVE_AGENT_RUNTIME_CONFIG_H
#define PEDILUVE_AGENT_RUNTIME_CONFIG_H

#include "base/auto.h"
#include "base/buf.h"
#include "protocol/model.h"

#define CONFIG_PATH_MAX 512
#define CONFIG_DEVICES_MAX 20000
#define CONFIG_MODELS_MAX 64
#define CONFIG_SPEED_MAX 1000

struct config_mqtt {
    char host[256];
    int32_t port;
    char ca_file[CONFIG_PATH_MAX]; /* "": no TLS */
};

struct config_device {
    struct uuid device_id;
    char password[128];
    char model[PROTO_NAME_MAX + 1];
};

struct config {
    struct config_mqtt mqtt;
    int32_t n_devices;
    struct config_device *devices;
    char models_dir[CONFIG_PATH_MAX];
    char journal[CONFIG_PATH_MAX];    /* file; the spool lies beside it */
    char board[16];                   /* "": sim; see runtime/boards.h */
    char board_file[CONFIG_PATH_MAX]; /* its description; "": none */
    int32_t speed;
    bool real_time;               /* a control loop that is late is a fault */
    int64_t spool_bytes;          /* of all devices together */
    char status[CONFIG_PATH_MAX]; /* socket of `pediluve-agent status`; "": none */
    int32_t n_models;
    struct model models[CONFIG_MODELS_MAX];
};

/* All of these: false, and one line on stderr says what is wrong and where. The environment wins over an
 * agent's file: PEDILUVE_BOARD, PEDILUVE_BOARD_FILE. */
must_use bool config_load_agent(struct config *c, const char *path);
must_use bool config_load_fleet(struct config *c, const char *path);
/* The model of that name, read from models_dir at first use. */
const struct model *config_model(struct config *c, const char *name);
/* A whole file of at most 8 MiB, added to ret. */
must_use bool config_read_file(const char *path, struct buf *ret);
void config_done(struct config *c);
/* One line on stderr, and false. */
bool config_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
