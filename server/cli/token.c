/* pediluved token create: the way to the first token, and to any other where the API cannot be reached. */
#include <stdio.h>
#include <string.h>

#include "server/api/auth.h"
#include "server/base/crypto.h"
#include "server/cli/cli.h"
#include "server/store/token_store.h"

static const char usage[] =
    "usage: pediluved token create --name N --role owner|manager|operator|viewer [--site ID]...";

static bool create(const struct cli *cli) {
    static const struct scope everything = {.all = true};
    static const struct actor actor = {.name = "pediluved token"};
    struct token_row row = {0};
    char text[AUTH_TOKEN_LEN + 1];
    const char *name = cli_option(cli, "--name");
    if (!name || !name[0] || strlen(name) >= sizeof row.name)
        return cli_fail("--name needs a text of 1 to %zu bytes", sizeof row.name - 1);
    if (!cli_role(cli, &row.role) || !cli_sites(cli, &row.sites)) return false;
    strcpy(row.name, name);

    struct db_config config = {.conninfo = cli->config->database_url, .application_name = "pediluved token"};
    auto_db struct db *db = db_new(&config);
    auth_make(&row, text);
    enum err e = token_create(db, &everything, &actor, &row);
    if (e == ERR_UNPROCESSABLE) return cli_fail("there is no such site");
    if (e != ERR_OK) return cli_fail("%s: %s", err_info(e)->title, db_last_error(db));
    puts(text);
    crypto_wipe(text, sizeof text);
    return true;
}

int cli_token(const struct cli *cli) {
    if (cli->argc < 1 || strcmp(cli->argv[0], "create") != 0) {
        fprintf(stderr, "%s\n", usage);
        return 2;
    }
    return create(cli) ? 0 : 1;
}
