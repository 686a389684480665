#include "server/api/catalogue_view.h"

#include <stdio.h>
#include <string.h>

#include "base/jsonw.h"
#include "server/api/catalogue_copy.h"
#include "server/base/crypto.h"
#include "server/store/catalogue_entry_store.h"

AUTO_DEFINE(json_t *, json_decref)
#define auto_json auto_call(json_decref_p)

/* What has a resource of its own; the index names it. */
static const struct {
    const char *kind, *url;
} elsewhere[] = {{"routines", "/api/v1/routines"}, {"models", "/api/v1/models"}};

static void page_take(struct catalogue_page *page, struct buf *text) {
    uint8_t hash[CRYPTO_SHA256_LEN];
    free(page->text);
    page->text = buf_take(text, &page->len);
    crypto_sha256(page->text, page->len, hash);
    crypto_hex(hash, (CATALOGUE_TAG_MAX - 1) / 2, page->tag);
}

/* ---- an entry ---- */

/* What counts at the site: the product's entry with what the copy may change. *ret_outdated: the copy holds
 * what the product's entry, as it is now, no longer allows; that has no effect. */
static char *judge_copy(enum catalogue_kind kind, const struct catalogue_entry_row *row, bool *ret_outdated) {
    struct field_errors errors;
    auto_json json_t *product = json_loads(row->content, 0, NULL);
    auto_json json_t *copy = json_loads(row->copy, 0, NULL);
    *ret_outdated = true;
    if (!product || !copy) return xstrdup(row->content); /* a number beyond ours, put there by another hand */
    int32_t n;
    const struct catalogue_editable *editables = catalogue_editables(kind, &n);
    auto_json json_t *merged = catalogue_copy_merge(editables, n, product, copy, &errors);
    *ret_outdated = errors.n > 0;
    char *content = json_dumps(merged, CATALOGUE_DUMP);
    catalogue_check *check = catalogue_kind_check(kind);
    if (!check || check(row->content, content, &errors)) return content;
    free(content);
    *ret_outdated = true;
    return xstrdup(row->content);
}

static void write_item(struct catalogue_item *item, const struct catalogue_entry_row *row,
                       const struct uuid *site_id, bool outdated) {
    struct buf text = BUF_INIT;
    struct jsonw w;
    jsonw_init(&w, &text);
    jsonw_object(&w, NULL);
    jsonw_str(&w, "kind", row->kind);
    jsonw_str(&w, "id", row->id);
    jsonw_uuid(&w, "site_id", site_id);
    jsonw_str(&w, "origin", row->copy ? "site" : "product");
    jsonw_int(&w, "version", row->version);
    jsonw_time(&w, "changed_at", row->changed_at);
    if (row->copy) {
        jsonw_object(&w, "copy");
        jsonw_int(&w, "version", row->copy_version);
        jsonw_time(&w, "changed_at", row->copy_changed_at);
        jsonw_bool(&w, "outdated", outdated);
        jsonw_object_end(&w);
    } else {
        jsonw_null(&w, "copy");
    }
    jsonw_raw(&w, "content", item->content, strlen(item->content));
    jsonw_object_end(&w);
    page_take(&item->page, &text);
}

static void make_item(struct catalogue_view *view, enum catalogue_kind kind,
                      struct catalogue_entry_row *row) {
    struct catalogue_item *item = &view->items[view->n++];
    bool outdated = false;
    item->kind = kind;
    snprintf(item->id, sizeof(item->id), "%s", row->id);
    item->version = row->version;
    item->copy_version = row->copy_version;
    item->content = row->copy ? judge_copy(kind, row, &outdated) : xstrdup(row->content);
    item->product = steal(&row->content);
    write_item(item, row, &view->site_id, outdated);
}

/* ---- a kind ---- */

static void write_kind(struct catalogue_view *view, enum catalogue_kind kind, int32_t version) {
    struct buf text = BUF_INIT;
    struct jsonw w;
    int32_t n;
    const struct catalogue_editable *editables = catalogue_editables(kind, &n);
    jsonw_init(&w, &text);
    jsonw_object(&w, NULL);
    jsonw_str(&w, "kind", catalogue_kind_names[kind]);
    jsonw_int(&w, "version", version);
    jsonw_uuid(&w, "site_id", &view->site_id);
    jsonw_array(&w, "editable");
    for (int32_t i = 0; i < n; i++) jsonw_str(&w, NULL, editables[i].path);
    jsonw_array_end(&w);
    jsonw_array(&w, "items");
    for (int32_t i = 0; i < view->n; i++)
        if (view->items[i].kind == kind)
            jsonw_raw(&w, NULL, view->items[i].page.text, view->items[i].page.len);
    jsonw_array_end(&w);
    jsonw_object_end(&w);
    page_take(&view->kinds[kind], &text);
}

/* ---- the sources ---- */

static void write_links(struct jsonw *w, const struct catalogue_link_rows *links, const char *source) {
    jsonw_array(w, "entries");
    for (int32_t i = 0; i < links->n; i++) {
        const struct catalogue_link_row *link = &links->list[i];
        if (strcmp(link->source, source) != 0) continue;
        jsonw_object(w, NULL);
        jsonw_str(w, "kind", link->kind);
        jsonw_str(w, "id", link->id);
        jsonw_str(w, "name", link->name);
        jsonw_object_end(w);
    }
    jsonw_array_end(w);
}

static void write_source(struct catalogue_item *item, const struct catalogue_link_rows *links) {
    auto_json json_t *source = json_loads(item->content, 0, NULL);
    auto_free char *texts = json_dumps(json_object_get(source, "texts"), CATALOGUE_DUMP);
    struct buf text = BUF_INIT;
    struct jsonw w;
    jsonw_init(&w, &text);
    jsonw_object(&w, NULL);
    jsonw_str(&w, "id", item->id);
    jsonw_str(&w, "kind", json_string_value(json_object_get(source, "kind")));
    jsonw_str(&w, "name", json_string_value(json_object_get(source, "name")));
    jsonw_raw(&w, "texts", texts ? texts : "[]", texts ? strlen(texts) : 2);
    write_links(&w, links, item->id);
    jsonw_object_end(&w);
    page_take(&item->page, &text);
}

static enum err write_sources(struct catalogue_view *view, struct db *db) {
    struct catalogue_link_rows links = {0};
    enum err err = catalogue_entry_links(db, &links);
    if (err) return err;
    struct buf text = BUF_INIT;
    struct jsonw w;
    jsonw_init(&w, &text);
    jsonw_object(&w, NULL);
    jsonw_array(&w, "items");
    for (int32_t i = 0; i < view->n; i++) {
        struct catalogue_item *item = &view->items[i];
        if (item->kind != CATALOGUE_SOURCES) continue;
        write_source(item, &links);
        jsonw_raw(&w, NULL, item->page.text, item->page.len);
    }
    jsonw_array_end(&w);
    jsonw_object_end(&w);
    page_take(&view->sources, &text);
    catalogue_link_rows_done(&links);
    return ERR_OK;
}

/* ---- the index ---- */

static int32_t count(const struct catalogue_view *view, enum catalogue_kind kind) {
    int32_t n = 0;
    for (int32_t i = 0; i < view->n; i++) n += view->items[i].kind == kind;
    return n;
}

static void write_index(struct catalogue_view *view, const int32_t versions[CATALOGUE_KIND_COUNT]) {
    struct buf text = BUF_INIT;
    struct jsonw w;
    char line[64];
    jsonw_init(&w, &text);
    jsonw_object(&w, NULL);
    jsonw_array(&w, "kinds");
    for (int k = 0; k < CATALOGUE_KIND_COUNT; k++) {
        const struct catalogue_page *page = k == CATALOGUE_SOURCES ? &view->sources : &view->kinds[k];
        jsonw_object(&w, NULL);
        jsonw_str(&w, "kind", catalogue_kind_names[k]);
        snprintf(line, sizeof(line), "/api/v1/catalogue/%s", catalogue_kind_names[k]);
        jsonw_str(&w, "url", line);
        jsonw_int(&w, "count", count(view, (enum catalogue_kind)k));
        jsonw_int(&w, "version", versions[k]);
        snprintf(line, sizeof(line), "\"%s\"", page->tag);
        jsonw_str(&w, "etag", line);
        jsonw_object_end(&w);
    }
    for (size_t i = 0; i < COUNT_OF(elsewhere); i++) {
        jsonw_object(&w, NULL);
        jsonw_str(&w, "kind", elsewhere[i].kind);
        jsonw_str(&w, "url", elsewhere[i].url);
        jsonw_null(&w, "count");
        jsonw_null(&w, "version");
        jsonw_null(&w, "etag");
        jsonw_object_end(&w);
    }
    jsonw_array_end(&w);
    jsonw_object_end(&w);
    page_take(&view->index, &text);
}

/* ---- all of it ---- */

static enum err read_versions(struct db *db, int32_t ret[CATALOGUE_KIND_COUNT]) {
    struct catalogue_kind_row rows[2 * CATALOGUE_KIND_COUNT];
    int32_t n = 0;
    enum err err = catalogue_entry_kinds(db, rows, COUNT_OF(rows), &n);
    if (err) return err;
    memset(ret, 0, sizeof(ret[0]) * CATALOGUE_KIND_COUNT);
    for (int32_t i = 0; i < n; i++) {
        enum catalogue_kind kind = catalogue_kind_find(rows[i].kind);
        if (kind != CATALOGUE_KIND_COUNT) ret[kind] = rows[i].version;
    }
    return ERR_OK;
}

static enum err read_items(struct catalogue_view *view, struct db *db) {
    struct catalogue_entry_rows rows = {0};
    enum err err = catalogue_entry_list(db, &view->site_id, &rows);
    if (err) return err;
    view->items = xcalloc((size_t)rows.n + 1, sizeof(*view->items));
    for (int32_t i = 0; i < rows.n; i++) {
        enum catalogue_kind kind = catalogue_kind_find(rows.list[i].kind);
        if (kind != CATALOGUE_KIND_COUNT) make_item(view, kind, &rows.list[i]); /* else: of a newer server */
    }
    catalogue_entry_rows_done(&rows);
    return ERR_OK;
}

enum err catalogue_view_new(struct db *db, const struct uuid *site_id, struct catalogue_view **ret) {
    struct catalogue_view *view = xcalloc(1, sizeof(*view));
    int32_t versions[CATALOGUE_KIND_COUNT];
    bool own = uuid_is_zero(site_id);
    view->site_id = *site_id;
    enum err err = read_versions(db, versions);
    if (!err) err = read_items(view, db);
    if (!err && own) err = write_sources(view, db);
    if (err) {
        catalogue_view_free(view);
        return err;
    }
    for (int k = 0; k < CATALOGUE_KIND_COUNT; k++)
        if (k != CATALOGUE_SOURCES) write_kind(view, (enum catalogue_kind)k, versions[k]);
    if (own) write_index(view, versions);
    *ret = view;
    return ERR_OK;
}

void catalogue_view_free(struct catalogue_view *view) {
    if (!view) return;
    for (int32_t i = 0; i < view->n; i++) {
        free(view->items[i].product);
        free(view->items[i].content);
        free(view->items[i].page.text);
    }
    for (int k = 0; k < CATALOGUE_KIND_COUNT; k++) free(view->kinds[k].text);
    free(view->items);
    free(view->index.text);
    free(view->sources.text);
    free(view);
}

const struct catalogue_item *catalogue_view_find(const struct catalogue_view *view, enum catalogue_kind kind,
                                                 const char *id) {
    for (int32_t i = 0; i < view->n; i++)
        if (view->items[i].kind == kind && strcmp(view->items[i].id, id) == 0) return &view->items[i];
    return NULL;
}
