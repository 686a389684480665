/* Configuration: defaults, errors that name the variable, secrets from files. */
#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

#include "server/base/config.h"

#define SECRET "PEDILUVE_DEVICE_SECRET=0123456789abcdef0123456789abcdef"
#define DATABASE "PEDILUVE_DATABASE_URL=host=/run/x"

static const unsigned all = CONFIG_FOR_DB | CONFIG_FOR_SERVE | CONFIG_FOR_DEVICE;

Test(config, defaults_stand_where_nothing_is_said) {
    char *environment[] = {"PATH=/bin", DATABASE, SECRET, NULL};
    struct config *c = calloc(1, sizeof(*c));
    char error[CONFIG_ERROR_MAX];
    cr_assert(config_load(environment, all, c, error), "%s", error);
    cr_assert_str_eq(c->database_url, "host=/run/x");
    cr_assert_str_eq(c->listen.host, "127.0.0.1");
    cr_assert_eq(c->listen.port, 8080);
    cr_assert_eq(c->workers, 8);
    cr_assert_eq(c->http_threads, 2);
    cr_assert_eq(c->mqtt_port, 1883);
    cr_assert_str_eq(c->mqtt_ca_file, "");
    free(c);
}

static const struct {
    const char *what;
    char *environment[4];
    const char *names, *wants;
} wrong[] = {
    {"no database", {SECRET}, "PEDILUVE_DATABASE_URL", "is needed"},
    {"no secret", {DATABASE}, "PEDILUVE_DEVICE_SECRET", "is needed"},
    {"short secret", {DATABASE, "PEDILUVE_DEVICE_SECRET=short"}, "PEDILUVE_DEVICE_SECRET", "32 to 255"},
    {"no number", {DATABASE, SECRET, "PEDILUVE_WORKERS=many"}, "PEDILUVE_WORKERS", "a number from 1 to 256"},
    {"too few", {DATABASE, SECRET, "PEDILUVE_WORKERS=0"}, "PEDILUVE_WORKERS", "from 1 to 256"},
    {"too many", {DATABASE, SECRET, "PEDILUVE_HTTP_THREADS=65"}, "PEDILUVE_HTTP_THREADS", "from 1 to 64"},
    {"half a number", {DATABASE, SECRET, "PEDILUVE_WORKERS=8x"}, "PEDILUVE_WORKERS", "\"8x\""},
    {"an empty number", {DATABASE, SECRET, "PEDILUVE_WORKERS="}, "PEDILUVE_WORKERS", "a number"},
    {"no port", {DATABASE, SECRET, "PEDILUVE_LISTEN=localhost"}, "PEDILUVE_LISTEN", "HOST:PORT"},
    {"a port too high",
     {DATABASE, SECRET, "PEDILUVE_LISTEN=localhost:65536"},
     "PEDILUVE_LISTEN",
     "HOST:PORT"},
    {"a secret twice",
     {DATABASE, SECRET, "PEDILUVE_DEVICE_SECRET_FILE=/x"},
     "PEDILUVE_DEVICE_SECRET",
     "both set"},
    {"no such file",
     {DATABASE, "PEDILUVE_DEVICE_SECRET_FILE=/nonexistent"},
     "PEDILUVE_DEVICE_SECRET_FILE",
     "No such file"},
    {"an empty secret file",
     {DATABASE, "PEDILUVE_DEVICE_SECRET_FILE=/dev/null"},
     "PEDILUVE_DEVICE_SECRET",
     "it has 0"},
    {"an endless secret file",
     {DATABASE, "PEDILUVE_DEVICE_SECRET_FILE=/dev/zero"},
     "PEDILUVE_DEVICE_SECRET_FILE",
     "longer"},
};

Test(config, an_error_names_the_variable_and_what_is_wanted) {
    struct config *c = calloc(1, sizeof(*c));
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        char *environment[5] = {0}, error[CONFIG_ERROR_MAX] = "";
        memcpy(environment, wrong[i].environment, sizeof(wrong[i].environment));
        cr_expect_not(config_load(environment, all, c, error), "%s is accepted", wrong[i].what);
        cr_expect(strstr(error, wrong[i].names), "%s: %s", wrong[i].what, error);
        cr_expect(strstr(error, wrong[i].wants), "%s: %s", wrong[i].what, error);
        cr_expect_not(strstr(error, "0123456789abcdef"), "a secret is shown: %s", error);
    }
    cr_expect_eq(c->workers, 0, "nothing is written on failure");
    free(c);
}

Test(config, a_command_asks_only_for_what_it_needs) {
    char *environment[] = {DATABASE, NULL}, error[CONFIG_ERROR_MAX];
    struct config *c = calloc(1, sizeof(*c));
    cr_assert(config_load(environment, CONFIG_FOR_DB, c, error), "%s", error);
    cr_assert_str_eq(c->device_secret, "");
    char *nothing[] = {NULL};
    cr_assert(config_load(nothing, 0, c, error), "%s", error);
    free(c);
}

Test(config, a_secret_may_come_from_a_file) {
    char path[] = "/tmp/pediluve-secret-XXXXXX", variable[128], error[CONFIG_ERROR_MAX];
    int fd = mkstemp(path);
    cr_assert_eq(write(fd, "0123456789abcdef0123456789abcdeX\r\n", 34), 34);
    close(fd);
    snprintf(variable, sizeof(variable), "PEDILUVE_DEVICE_SECRET_FILE=%s", path);
    char *environment[] = {DATABASE, variable, NULL};
    struct config *c = calloc(1, sizeof(*c));
    cr_assert(config_load(environment, all, c, error), "%s", error);
    cr_assert_str_eq(c->device_secret, "0123456789abcdef0123456789abcdeX");
    unlink(path);
    free(c);
}

static const struct {
    const char *text;
    bool ok;
    const char *host;
    int port;
} addresses[] = {
    {"127.0.0.1:8080", true, "127.0.0.1", 8080},
    {"[::1]:80", true, "::1", 80},
    {"localhost:0", true, "localhost", 0},
    {"::1:80", false, "", 0},
    {"[]:80", false, "", 0},
    {"[::1:80", false, "", 0},
    {":80", false, "", 0},
    {"h:", false, "", 0},
    {"h:-1", false, "", 0},
    {"h: 1", false, "", 0},
    {"h:+1", false, "", 0},
    {"", false, "", 0},
};

Test(config, an_address_is_host_and_port) {
    for (size_t i = 0; i < COUNT_OF(addresses); i++) {
        struct config_addr a = {0};
        cr_expect_eq(config_addr_parse(addresses[i].text, &a), addresses[i].ok, "%s", addresses[i].text);
        cr_expect_str_eq(a.host, addresses[i].host);
        cr_expect_eq(a.port, addresses[i].port);
    }
}

Test(config, help_lists_every_variable) {
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    config_print_help(out);
    fclose(out);
#define X(member, name, ...) cr_expect(strstr(text, "PEDILUVE_" #name " "), "%s", #name);
    CONFIG_LIST(X)
#undef X
    free(text);
}
