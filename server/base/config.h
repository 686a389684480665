/* Configuration: one list; read from the environment once at start. PEDILUVE_<NAME>, or
 * PEDILUVE_<NAME>_FILE naming a file with the value (its trailing newline is dropped) for secrets. */
#ifndef PEDILUVE_SERVER_BASE_CONFIG_H
#define PEDILUVE_SERVER_BASE_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/auto.h"

#define CONFIG_TEXT_MAX 1024
struct config_addr { /* "127.0.0.1:8080", "[::1]:8080", "localhost:0" */
    char host[256];
    uint16_t port;
};
/* True when text is HOST:PORT. */
must_use bool config_addr_parse(const char *text, struct config_addr *ret);

/* Who needs a value that has no default; a command asks for what it needs. */
#define CONFIG_FOR_DB 1u     /* migrate, token, demo, serve */
#define CONFIG_FOR_SERVE 2u  /* serve */
#define CONFIG_FOR_DEVICE 4u /* serve, demo: device credentials */

/* X(member, NAME, type, default or NULL, least, most, needed for, help)
 * type: STR and SECRET are char[CONFIG_TEXT_MAX] (least and most: bytes), INT is int64_t,
 * ADDR is struct config_addr. A default of "" means: may be left out. */
#define CONFIG_LIST(X)                                                                                       \
    X(database_url, DATABASE_URL, SECRET, NULL, 1, 1023, CONFIG_FOR_DB,                                      \
      "PostgreSQL connection string; several hosts allowed")                                                 \
    X(listen, LISTEN, ADDR, "127.0.0.1:8080", 0, 0, 0, "address and port of the HTTP API")                   \
    X(workers, WORKERS, INT, "8", 1, 256, 0, "worker threads, each with a database connection")              \
    X(http_threads, HTTP_THREADS, INT, "2", 1, 64, 0, "threads that read and answer HTTP")                   \
    X(mqtt_host, MQTT_HOST, STR, "127.0.0.1", 1, 253, 0, "MQTT broker")                                      \
    X(mqtt_port, MQTT_PORT, INT, "1883", 1, 65535, 0, "its port")                                            \
    X(mqtt_username, MQTT_USERNAME, STR, "pediluved", 1, 64, 0, "the server's user at the broker")           \
    X(mqtt_password, MQTT_PASSWORD, SECRET, "", 0, 255, 0, "its password")                                   \
    X(mqtt_ca_file, MQTT_CA_FILE, STR, "", 0, 1023, 0, "CA certificates (PEM); set: TLS to the broker")      \
    X(device_secret, DEVICE_SECRET, SECRET, NULL, 32, 255, CONFIG_FOR_DEVICE,                                \
      "key from which the devices' passwords are computed; 32 characters or more")                           \
    X(schema_dir, SCHEMA_DIR, STR, "schema", 1, 1023, 0, "folder of the NNNN_*.sql files")                   \
    X(catalogue_dir, CATALOGUE_DIR, STR, "schema/catalogue", 1, 1023, 0, "folder of models and routines")    \
    X(swagger_dir, SWAGGER_DIR, STR, "", 0, 1023, 0, "folder of swagger-ui-dist; empty: no /docs")           \
    X(openapi_file, OPENAPI_FILE, STR, "openapi/openapi.yaml", 0, 1023, 0, "served as /openapi.yaml")        \
    X(dashboard_dir, DASHBOARD_DIR, STR, "", 0, 1023, 0,                                                     \
      "folder of the built dashboard; empty: no page at /")                                                  \
    X(public_url, PUBLIC_URL, STR, "", 0, 255, 0, "what browsers know this server as: https://spa.example")  \
    X(cookie_secure, COOKIE_SECURE, STR, "auto", 4, 5, 0,                                                    \
      "cookies for HTTPS only: true, false, or auto: when PEDILUVE_PUBLIC_URL or the proxy says https")      \
    X(proxies, PROXIES, STR, "", 0, 1023, 0,                                                                 \
      "addresses of reverse proxies, with commas between, whose X-Forwarded-For and -Proto are believed")    \
    X(log_level, LOG_LEVEL, STR, "info", 0, 16, 0, "debug, info, warn or error")                             \
    X(instance, INSTANCE, STR, "", 0, 32, 0, "name of this replica; empty: a random one")

#define CONFIG_C_STR_(m) char m[CONFIG_TEXT_MAX];
#define CONFIG_C_SECRET_(m) char m[CONFIG_TEXT_MAX];
#define CONFIG_C_INT_(m) int64_t m;
#define CONFIG_C_ADDR_(m) struct config_addr m;

struct config {
#define X(member, name, type, def, lo, hi, need, help) CONFIG_C_##type##_(member)
    CONFIG_LIST(X)
#undef X
};

#define CONFIG_ERROR_MAX 512
/* environment: NULL-terminated "NAME=value" strings (main's environ). needs: CONFIG_FOR_* bits. False:
 * ret_error names the variable and says what is wanted. PEDILUVE_ variables that are not in the list
 * are left alone: scripts have some of their own. */
must_use bool config_load(char *const *environment, unsigned needs, struct config *ret,
                          char ret_error[CONFIG_ERROR_MAX]);
void config_print_help(FILE *out);

#endif
