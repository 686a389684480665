/* pediluved migrate: the schema, then the catalogue that comes with the product. */
#include "server/store/migrate.h"
#include "server/cli/cli.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "protocol/model.h"
#include "server/api/indexing.h"
#include "server/domain/catalogue.h"
#include "server/domain/routine.h"
#include "server/store/catalogue_entry_store.h"
#include "server/store/catalogue_store.h"

#define CATALOGUE_FILE_MAX (1 << 20)
#define CATALOGUE_FILES_MAX 1000

static const struct actor migrate_actor = {.name = "pediluved migrate"};

/* Loads one file's text; false: said why. */
typedef bool catalogue_loader(struct db *db, const char *path, const char *text, size_t len);

static bool fail_field(const char *path, const struct field_errors *errors) {
    const struct field_error *first = &errors->list[0];
    return cli_fail("%s: %s: %s", path, first->pointer[0] ? first->pointer : "the whole file", first->detail);
}

static bool fail_store(struct db *db, const char *path, enum err e) {
    if (e == ERR_CONFLICT)
        return cli_fail("%s: the database has this version with other content; raise \"version\"", path);
    return cli_fail("%s: %s: %s", path, err_info(e)->title, db_last_error(db));
}

static bool load_model(struct db *db, const char *path, const char *text, size_t len) {
    struct model model;
    struct field_errors errors;
    bool changed;
    if (!model_parse(text, len, &model, &errors)) return fail_field(path, &errors);
    enum err e = catalogue_put_model(db, &migrate_actor, model.id, model.version, model.name, text, &changed);
    return e == ERR_OK || fail_store(db, path, e);
}

static bool load_routine(struct db *db, const char *path, const char *text, size_t len) {
    auto_free struct routine *routine = xmalloc(sizeof *routine);
    struct field_errors errors;
    bool changed;
    if (!field_parse(text, len, routine_fields, FIELD_REFUSE_UNKNOWN, routine, sizeof *routine, NULL,
                     &errors) ||
        !routine_check(routine, &errors))
        return fail_field(path, &errors);
    enum err e = catalogue_put_routine(db, &migrate_actor, routine->slug, routine->name, text, &changed);
    return e == ERR_OK || fail_store(db, path, e);
}

AUTO_DEFINE(json_t *, json_decref)
#define auto_json auto_call(json_decref_p)

/* What the database counts on; the schemas in schema/catalogue/schemas say the rest, and a test holds the
 * files to them. */
static bool check_entries(const char *path, const json_t *entries) {
    size_t i;
    json_t *entry;
    if (!json_is_array(entries) || json_array_size(entries) > CATALOGUE_ENTRIES_MAX)
        return cli_fail("%s: /entries: must be a list of at most %d entries", path, CATALOGUE_ENTRIES_MAX);
    auto_json json_t *seen = json_object();
    json_array_foreach(entries, i, entry) {
        const char *id = json_string_value(json_object_get(entry, "id"));
        if (!id || !catalogue_id_ok(id))
            return cli_fail(
                "%s: /entries/%zu/id: lower-case letters and digits, with single dots or hyphens between",
                path, i);
        if (json_object_get(seen, id)) return cli_fail("%s: /entries/%zu/id: %s stands twice", path, i, id);
        json_object_set_new(seen, id, json_true());
    }
    return true;
}

/* {"kind", "version", "entries"} */
static bool load_entries(struct db *db, const char *path, const char *text, size_t len) {
    struct field_errors errors;
    int32_t changed;
    auto_json json_t *tree = field_load(text, len, &errors);
    if (!tree) return fail_field(path, &errors);
    const char *kind = json_string_value(json_object_get(tree, "kind"));
    json_int_t version = json_integer_value(json_object_get(tree, "version"));
    const json_t *entries = json_object_get(tree, "entries");
    if (!kind || catalogue_kind_find(kind) == CATALOGUE_KIND_COUNT)
        return cli_fail("%s: /kind: must be a kind of the catalogue", path);
    if (version < 1 || version > INT32_MAX) return cli_fail("%s: /version: must be from 1 on", path);
    if (!check_entries(path, entries)) return false;
    auto_free char *list = json_dumps(entries, CATALOGUE_DUMP);
    enum err e = catalogue_entry_load(db, &migrate_actor, kind, (int32_t)version, list, &changed);
    return e == ERR_OK || fail_store(db, path, e);
}

/* A folder of the catalogue, "" the catalogue's own, and what reads its files. */
static const struct {
    const char *folder;
    catalogue_loader *load;
} catalogue_parts[] = {{"/models", load_model}, {"/routines", load_routine}, {"", load_entries}};

static bool read_file(const char *path, struct buf *ret) {
    FILE *f = fopen(path, "re");
    if (!f) return cli_fail("%s: %s", path, strerror(errno));
    char piece[8192];
    size_t n;
    while ((n = fread(piece, 1, sizeof piece, f)) > 0 && ret->len <= CATALOGUE_FILE_MAX)
        buf_add(ret, piece, n);
    bool ok = !ferror(f) && ret->len > 0 && ret->len <= CATALOGUE_FILE_MAX;
    fclose(f);
    return ok || cli_fail("%s: cannot be read, is empty, or is larger than 1 MiB", path);
}

static bool ends_with(const char *name, const char *end) {
    size_t n = strlen(name), m = strlen(end);
    return n > m && !strcmp(name + n - m, end);
}

static int is_json(const struct dirent *entry) {
    return ends_with(entry->d_name, ".json") && !ends_with(entry->d_name, ".schema.json");
}

static bool load_folder(struct db *db, const char *folder, catalogue_loader *load) {
    struct dirent **entries;
    int n = scandir(folder, &entries, is_json, alphasort);
    if (n < 0) return cli_fail("%s: %s (PEDILUVE_CATALOGUE_DIR)", folder, strerror(errno));
    bool ok = n <= CATALOGUE_FILES_MAX || cli_fail("%s: more than %d files", folder, CATALOGUE_FILES_MAX);
    for (int i = 0; i < n; i++) {
        if (ok) {
            auto_buf struct buf path = BUF_INIT, text = BUF_INIT;
            buf_fmt(&path, "%s/%s", folder, entries[i]->d_name);
            ok = read_file(path.data, &text) && load(db, path.data, text.data, text.len);
        }
        free(entries[i]);
    }
    free(entries);
    return ok;
}

bool cli_load_catalogue(struct db *db, const char *catalogue_dir) {
    for (size_t i = 0; i < COUNT_OF(catalogue_parts); i++) {
        auto_buf struct buf folder = BUF_INIT;
        buf_fmt(&folder, "%s%s", catalogue_dir, catalogue_parts[i].folder);
        if (!load_folder(db, folder.data, catalogue_parts[i].load)) return false;
    }
    int32_t changed;
    enum err e = indexing_refresh(db, &changed);
    return e == ERR_OK || fail_store(db, "what is known of the routines", e);
}

bool cli_bring_up_to_date(const struct config *config) {
    struct db_config bare = {.conninfo = config->database_url,
                             .application_name = "pediluved migrate",
                             .statement_timeout_ms = -1, /* a migration takes what it takes */
                             .bare = true};
    auto_db struct db *plain = db_new(&bare);
    struct migrate_report report;
    if (migrate_run(plain, config->schema_dir, &report) != ERR_OK) return cli_fail("%s", report.error);
    fprintf(stderr, "pediluved: schema version %d, %d applied now\n", report.version, report.applied);

    struct db_config full = {.conninfo = config->database_url, .application_name = "pediluved migrate"};
    auto_db struct db *db = db_new(&full);
    return cli_load_catalogue(db, config->catalogue_dir);
}

int cli_migrate(const struct cli *cli) { return cli_bring_up_to_date(cli->config) ? 0 : 1; }
