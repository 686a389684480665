/* pediluved demo: a demonstration spa. Makes what is missing of its sites and devices, and writes the file
 * from which pediluve-fleet plays the devices. Running it again changes nothing but the file. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/jsonw.h"
#include "server/cli/cli.h"
#include "server/fleet/credential.h"
#include "server/store/device_store.h"
#include "server/store/site_store.h"

#define DEMO_SITES_MAX 26
#define DEMO_DEVICES_MAX LIMIT_DEVICES
#define DEMO_BATCH 500 /* devices made in one transaction */

static const struct actor demo_actor = {.name = "pediluved demo"};
static const struct scope demo_scope = {.all = true};
static const char *const demo_models[] = {"spa-pro", "bath-basic"};
static const char *const demo_names[] = {"Riverside", "Old Town"};
static const char *const demo_zones[] = {"Europe/Berlin", "America/Los_Angeles"};

struct demo {
    struct db *db;
    const struct config *config;
    int n_sites, n_devices;
    struct uuid sites[DEMO_SITES_MAX];
    struct device_row *devices; /* by number; a zero id is still to be made */
};

static bool fail(struct demo *d, enum err e) {
    return cli_fail("%s: %s (run `pediluved migrate` first?)", err_info(e)->title, db_last_error(d->db));
}

static void site_name(int i, char out[81]) {
    if (i < (int)COUNT_OF(demo_names))
        snprintf(out, 81, "%s", demo_names[i]);
    else
        snprintf(out, 81, "Branch %c", 'A' + i);
}

static bool make_sites(struct demo *d) {
    struct site_row rows[PAGE_ROWS_MAX];
    int32_t n;
    struct page page = {.limit = LIMIT_PAGE};
    enum err e = site_list(d->db, &demo_scope, &page, rows, &n);
    if (e != ERR_OK) return fail(d, e);
    for (int i = 0; i < d->n_sites; i++) {
        struct site_row row = {.id = uuid_new()};
        site_name(i, row.name);
        snprintf(row.timezone, sizeof row.timezone, "%s", demo_zones[i % (int)COUNT_OF(demo_zones)]);
        int32_t at = 0;
        while (at < n && strcmp(rows[at].name, row.name) != 0) at++;
        if (at < n)
            row.id = rows[at].id;
        else if ((e = site_create(d->db, &demo_scope, &demo_actor, &row)) != ERR_OK)
            return fail(d, e);
        d->sites[i] = row.id;
    }
    return true;
}

/* Recognises the demo's own devices by their serial numbers. */
static void take_known(void *arg, const struct device_row *row) {
    struct demo *d = arg;
    int number;
    char end;
    if (sscanf(row->serial, "DEMO-%d%c", &number, &end) == 1 && number >= 1 && number <= d->n_devices)
        d->devices[number - 1] = *row;
}

static bool make_device(struct demo *d, int i) {
    struct device_row row = {.id = uuid_new(), .site_id = d->sites[i % d->n_sites]};
    /* Each site has both models in turn, and each site begins with another one. */
    int turn = i / d->n_sites + i % d->n_sites;
    snprintf(row.model, sizeof row.model, "%s", demo_models[turn % (int)COUNT_OF(demo_models)]);
    snprintf(row.name, sizeof row.name, "Chair %d", i / d->n_sites + 1);
    snprintf(row.serial, sizeof row.serial, "DEMO-%05d", i + 1);
    enum err e = device_create(d->db, &demo_scope, &demo_actor, &row);
    if (e != ERR_OK) return fail(d, e);
    d->devices[i] = row;
    return true;
}

static bool make_devices(struct demo *d) {
    enum err e = device_each(d->db, take_known, d);
    if (e != ERR_OK) return fail(d, e);
    int open = 0;
    for (int i = 0; i < d->n_devices; i++) {
        if (!uuid_is_zero(&d->devices[i].id)) continue;
        if (open == 0) db_begin(d->db);
        if (!make_device(d, i)) return false;
        if (++open < DEMO_BATCH) continue;
        if ((e = db_commit(d->db)) != ERR_OK) return fail(d, e);
        open = 0;
    }
    if (open > 0 && (e = db_commit(d->db)) != ERR_OK) return fail(d, e);
    return true;
}

static bool write_all(int fd, const char *data, size_t len) {
    while (len > 0) {
        ssize_t n = write(fd, data, len);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        data += n;
        len -= (size_t)n;
    }
    return true;
}

/* Beside the target and renamed over it, so that nobody reads half a file. It holds passwords: 0600. */
static bool write_file(const char *path, const struct buf *text) {
    auto_buf struct buf beside = BUF_INIT;
    buf_fmt(&beside, "%s.new", path);
    auto_close int fd = open(beside.data, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || fchmod(fd, 0600) != 0 || !write_all(fd, text->data, text->len) ||
        rename(beside.data, path) != 0)
        return cli_fail("%s: %s", path, strerror(errno));
    return true;
}

static bool write_fleet(const struct demo *d, const char *path) {
    auto_buf struct buf text = BUF_INIT;
    struct jsonw w;
    jsonw_init(&w, &text);
    jsonw_object(&w, NULL);
    jsonw_object(&w, "mqtt");
    jsonw_str(&w, "host", d->config->mqtt_host);
    jsonw_int(&w, "port", d->config->mqtt_port);
    jsonw_object_end(&w);
    jsonw_array(&w, "devices");
    for (int i = 0; i < d->n_devices; i++) {
        const struct device_row *row = &d->devices[i];
        char password[CREDENTIAL_PASSWORD_LEN + 1];
        credential_password(d->config->device_secret, &row->id, row->credential_version, password);
        jsonw_object(&w, NULL);
        jsonw_uuid(&w, "device_id", &row->id);
        jsonw_str(&w, "password", password);
        jsonw_str(&w, "model", row->model);
        jsonw_object_end(&w);
    }
    jsonw_array_end(&w);
    jsonw_object_end(&w);
    buf_chr(&text, '\n');
    return write_file(path, &text);
}

int cli_demo(const struct cli *cli) {
    struct demo d = {.config = cli->config};
    const char *path = cli_option(cli, "--fleet-file");
    if (!path) {
        cli_fail("demo needs --fleet-file F");
        return 2;
    }
    if (!cli_number(cli, "--sites", 2, 1, DEMO_SITES_MAX, &d.n_sites) ||
        !cli_number(cli, "--devices", 6, 1, DEMO_DEVICES_MAX, &d.n_devices))
        return 2;
    struct db_config config = {.conninfo = cli->config->database_url, .application_name = "pediluved demo"};
    auto_db struct db *db = d.db = db_new(&config);
    auto_free struct device_row *devices = d.devices = xcalloc((size_t)d.n_devices, sizeof *devices);
    if (!make_sites(&d) || !make_devices(&d) || !write_fleet(&d, path)) return 1;
    fprintf(stderr, "pediluved: %d sites, %d devices, %s written\n", d.n_sites, d.n_devices, path);
    return 0;
}
