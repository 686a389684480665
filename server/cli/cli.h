/* The commands of pediluved. Each returns the process's exit status: 0 done, 1 failed (one line on
 * stderr says why and what to do), 2 wrong usage. One thread, until `serve` starts its own. */
#ifndef PEDILUVE_SERVER_CLI_CLI_H
#define PEDILUVE_SERVER_CLI_CLI_H

#include "server/base/config.h"
#include "server/base/principal.h"
#include "server/store/db.h"

struct cli {
    const struct config *config;
    int argc; /* what follows the command's name */
    char **argv;
};

int cli_migrate(const struct cli *cli);
int cli_serve(const struct cli *cli);
int cli_token(const struct cli *cli);
int cli_user(const struct cli *cli);
int cli_demo(const struct cli *cli);
int cli_routes(const struct cli *cli);

/* Migrations, then the catalogue: what `migrate` and `serve --migrate` do. */
must_use bool cli_bring_up_to_date(const struct config *config);
/* Puts every models/ *.json and routines/ *.json of the catalogue into the database; names the first
 * file that is wrong, with the field. */
must_use bool cli_load_catalogue(struct db *db, const char *catalogue_dir);

/* One line on stderr, "pediluved: ...", and false: `return cli_fail("...")`. */
bool cli_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The value of --name among the arguments: NULL when it is not there. */
const char *cli_option(const struct cli *cli, const char *name);
/* Whether --name is among the arguments. */
bool cli_flag(const struct cli *cli, const char *name);
/* --role. */
must_use bool cli_role(const struct cli *cli, int32_t *ret);
/* Every --site; none at all: all sites. */
must_use bool cli_sites(const struct cli *cli, struct scope *ret);
/* A whole number from --name within [least, most]; fallback when it is not there. False: said why. */
must_use bool cli_number(const struct cli *cli, const char *name, int fallback, int least, int most,
                         int *ret);

#endif
