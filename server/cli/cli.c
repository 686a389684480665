/* What the commands share: their arguments and how they fail. */
#include "server/cli/cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool cli_fail(const char *fmt, ...) {
    va_list args;
    fputs("pediluved: ", stderr);
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputc('\n', stderr);
    return false;
}

const char *cli_option(const struct cli *cli, const char *name) {
    for (int i = 0; i + 1 < cli->argc; i++)
        if (!strcmp(cli->argv[i], name)) return cli->argv[i + 1];
    return NULL;
}

bool cli_flag(const struct cli *cli, const char *name) {
    for (int i = 0; i < cli->argc; i++)
        if (!strcmp(cli->argv[i], name)) return true;
    return false;
}

bool cli_role(const struct cli *cli, int32_t *ret) {
    const char *text = cli_option(cli, "--role");
    for (int32_t i = 0; text && i < ROLE_COUNT; i++) {
        if (strcmp(text, role_names[i]) != 0) continue;
        *ret = i;
        return true;
    }
    return cli_fail("--role must be owner, manager, operator or viewer");
}

bool cli_sites(const struct cli *cli, struct scope *ret) {
    *ret = (struct scope){0};
    for (int i = 0; i < cli->argc; i++) {
        if (strcmp(cli->argv[i], "--site") != 0) continue;
        const char *text = i + 1 < cli->argc ? cli->argv[i + 1] : "";
        if (ret->n == SCOPE_SITES_MAX) return cli_fail("at most %d --site", SCOPE_SITES_MAX);
        if (!uuid_parse(text, strlen(text), &ret->sites[ret->n]))
            return cli_fail("--site needs a site's id, not \"%s\"", text);
        ret->n++;
    }
    ret->all = ret->n == 0;
    return true;
}

bool cli_number(const struct cli *cli, const char *name, int fallback, int least, int most, int *ret) {
    const char *text = cli_option(cli, name);
    if (!text) {
        if (cli_flag(cli, name)) return cli_fail("%s needs a number", name);
        *ret = fallback;
        return true;
    }
    char *end;
    long value = strtol(text, &end, 10);
    if (end == text || *end || value < least || value > most)
        return cli_fail("%s must be a number from %d to %d, not \"%s\"", name, least, most, text);
    *ret = (int)value;
    return true;
}
