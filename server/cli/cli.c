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
