/* pediluved: the server. One program, several commands; `serve` is the one that stays. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "server/base/crypto.h"
#include "server/cli/cli.h"

static int cli_version(const struct cli *cli) {
    (void)cli;
    puts("pediluved " PEDILUVE_VERSION);
    return 0;
}

static const struct command {
    const char *name;
    int (*run)(const struct cli *cli);
    unsigned needs; /* CONFIG_FOR_*: which variables must be set */
    const char *help;
} commands[] = {
    {"serve", cli_serve, CONFIG_FOR_DB | CONFIG_FOR_SERVE | CONFIG_FOR_DEVICE,
     "[--migrate]  run the API and the device link until SIGTERM"},
    {"migrate", cli_migrate, CONFIG_FOR_DB, "bring the database's schema and catalogue up to date"},
    {"token", cli_token, CONFIG_FOR_DB,
     "create --name N --role owner|manager|operator|viewer [--site ID]...  print a new API token"},
    {"user", cli_user, CONFIG_FOR_DB,
     "create --login L --name N --role owner|manager|operator|viewer [--site ID]... [--link]\n"
     "           link --login L  print a link that signs in once, within a day"},
    {"demo", cli_demo, CONFIG_FOR_DB | CONFIG_FOR_DEVICE,
     "--fleet-file F [--sites 2] [--devices 6]  make a demonstration spa and the file for pediluve-fleet"},
    {"routes", cli_routes, 0, "print the route table as JSON"},
    {"version", cli_version, 0, "print the version"},
};

static int usage(FILE *out) {
    fputs("usage: pediluved COMMAND\n\n", out);
    for (size_t i = 0; i < COUNT_OF(commands); i++)
        fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].help);
    fputc('\n', out);
    config_print_help(out);
    return out == stdout ? 0 : 2;
}

static void set_log_level(const char *name) {
    static const char *const names[] = {"debug", "info", "warn", "error"};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (!strcmp(name, names[i])) log_set_level((enum log_level)i);
}

int main(int argc, char **argv) {
    static struct config config;
    char error[CONFIG_ERROR_MAX];
    if (argc < 2) return usage(stderr);
    if (!strcmp(argv[1], "help") || !strcmp(argv[1], "--help")) return usage(stdout);
    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        if (strcmp(argv[1], commands[i].name) != 0) continue;
        if (!crypto_init()) return !cli_fail("the system gives no random numbers");
        if (!config_load(environ, commands[i].needs, &config, error)) {
            cli_fail("%s", error);
            return 2;
        }
        set_log_level(config.log_level);
        return commands[i].run(&(struct cli){.config = &config, .argc = argc - 2, .argv = argv + 2});
    }
    cli_fail("no command \"%s\"", argv[1]);
    return usage(stderr);
}
