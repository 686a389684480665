/* pediluved user: the way to the first owner, and back in for whoever is locked out. */
#include <stdio.h>
#include <string.h>

#include "server/api/auth.h"
#include "server/base/crypto.h"
#include "server/cli/cli.h"
#include "server/store/user_store.h"

static const char usage[] = "usage: pediluved user create --login L --name N --role "
                            "owner|manager|operator|viewer [--site ID]... [--link]\n"
                            "       pediluved user link --login L";

static const struct scope everything = {.all = true};
static const struct actor actor = {.name = "pediluved user"};

static bool failed(struct db *db, enum err e) {
    return cli_fail("%s: %s", err_info(e)->title, db_last_error(db));
}

/* Where browsers find this server: an address that means every interface becomes this machine's own. */
static void print_base(const struct config *c) {
    size_t n = strlen(c->public_url);
    bool any = !strcmp(c->listen.host, "0.0.0.0") || !strcmp(c->listen.host, "::");
    const char *host = any ? "127.0.0.1" : c->listen.host;
    if (n)
        printf("%.*s", (int)(c->public_url[n - 1] == '/' ? n - 1 : n), c->public_url);
    else
        printf(strchr(host, ':') ? "http://[%s]:%d" : "http://%s:%d", host, c->listen.port);
}

static bool link_for(const struct cli *cli, struct db *db, const struct uuid *id) {
    char code[AUTH_CODE_LEN + 1];
    uint8_t hash[USER_CODE_HASH_LEN];
    struct user_row row;
    auth_make_code(code, hash);
    enum err e = user_link(db, &everything, &actor, id, hash, &row);
    if (e == ERR_CONFLICT) return cli_fail("the user is disabled");
    if (e != ERR_OK) return failed(db, e);
    print_base(cli->config);
    printf(AUTH_LINK_PATH "%s\n", code);
    crypto_wipe(code, sizeof code);
    return true;
}

static bool read_login(const struct cli *cli, char ret[USER_LOGIN_MAX + 1]) {
    const char *login = cli_option(cli, "--login");
    snprintf(ret, USER_LOGIN_MAX + 1, "%s", login ? login : "");
    if (login && strlen(login) <= USER_LOGIN_MAX && user_login_fold(ret)) return true;
    return cli_fail("--login needs 1 to %d of letters a to z, digits and . _ @ + -", USER_LOGIN_MAX);
}

static bool create(const struct cli *cli, struct db *db) {
    struct user_row row = {.id = uuid_new()};
    const char *name = cli_option(cli, "--name");
    if (!read_login(cli, row.login)) return false;
    if (!name || !name[0] || strlen(name) >= sizeof row.name)
        return cli_fail("--name needs a text of 1 to %zu bytes", sizeof row.name - 1);
    if (!cli_role(cli, &row.role) || !cli_sites(cli, &row.sites)) return false;
    strcpy(row.name, name);
    enum err e = user_create(db, &everything, &actor, &row);
    if (e == ERR_CONFLICT) return cli_fail("there is a user with the login \"%s\" already", row.login);
    if (e == ERR_UNPROCESSABLE) return cli_fail("there is no such site");
    if (e != ERR_OK) return failed(db, e);
    return !cli_flag(cli, "--link") || link_for(cli, db, &row.id);
}

static bool make_link(const struct cli *cli, struct db *db) {
    char login[USER_LOGIN_MAX + 1];
    struct user_row row;
    if (!read_login(cli, login)) return false;
    enum err e = user_find(db, login, &row);
    if (e == ERR_NOT_FOUND) return cli_fail("there is no user with the login \"%s\"", login);
    return e == ERR_OK ? link_for(cli, db, &row.id) : failed(db, e);
}

int cli_user(const struct cli *cli) {
    struct db_config config = {.conninfo = cli->config->database_url, .application_name = "pediluved user"};
    auto_db struct db *db = db_new(&config);
    const char *what = cli->argc ? cli->argv[0] : "";
    if (!strcmp(what, "create")) return create(cli, db) ? 0 : 1;
    if (!strcmp(what, "link")) return make_link(cli, db) ? 0 : 1;
    fprintf(stderr, "%s\n", usage);
    return 2;
}
