/* Routines as a document, out and in: {"kind": "routines", "version": 1, "entries": [...]}, like the other
 * files of the catalogue. What is exported can be imported as it is. */
#include <stdio.h>
#include <string.h>

#include "server/api/call.h"
#include "server/api/lookup.h"
#include "server/api/prepare.h"
#include "server/api/routine_view.h"
#include "server/base/crypto.h"

static enum err handle_export(struct request *rq, void *worker);
static enum err handle_export_version(struct request *rq, void *worker);
static enum err handle_import(struct request *rq, void *worker);

static const struct field export_query_fields[] = {ROUTINE_FILTERS, FIELD_END};

/* When a slug is there: refuse all, or write the next draft of it. */
enum existing { EXISTING_REFUSE, EXISTING_DRAFT };
static const char *const existing_names[] = {"refuse", "draft", NULL};
static const char *const kind_names[] = {"routines", NULL};

struct import_query {
    bool dry_run;
    int32_t existing; /* enum existing */
    struct uuid site_id;
};
static const struct field import_query_fields[] = {
    FIELD_BOOL(struct import_query, dry_run, 0), FIELD_ENUM(struct import_query, existing, existing_names, 0),
    FIELD_UUID(struct import_query, site_id, 0), FIELD_END};

struct entry {
    const json_t *text; /* of the request's body */
};
struct document {
    int32_t kind, version, n_entries;
    struct entry entries[LIMIT_PAGE];
};
static const struct field entry_item = FIELD_JSON(struct entry, text, 0);
static const struct field document_fields[] = {
    FIELD_ENUM(struct document, kind, kind_names, FIELD_REQUIRED),
    FIELD_INT(struct document, version, 1, 1, FIELD_REQUIRED),
    FIELD_LIST(struct document, entries, n_entries, 1, &entry_item, FIELD_REQUIRED), FIELD_END};

static const struct route rows[] = {
    ROUTE(GET, "/api/v1/routines/export", READ, 0, handle_export,
          ROUTE_QUERY(struct routine_query, export_query_fields)),
    ROUTE(GET, "/api/v1/routines/{slug}/versions/{version}/export", READ, 0, handle_export_version),
    ROUTE(POST, "/api/v1/routines/import", MANAGE, ROUTE_IDEMPOTENT, handle_import,
          ROUTE_QUERY(struct import_query, import_query_fields), ROUTE_BODY(struct document, document_fields),
          .body_max = LIMIT_BODY_IMPORT),
};
const struct route_table routine_exchange_routes = ROUTE_TABLE(rows);

/* ---- out ---- */

/* Keys in the table's order, so that people and diffs can read it; the database keeps them in its own. */
static void write_entry(struct jsonw *w, const struct routine_row *row, struct routine *room) {
    if (prepare_parse(row, room))
        field_write(w, NULL, routine_fields, room);
    else
        jsonw_raw(w, NULL, row->content, strlen(row->content));
}

static enum err reply_document(struct request *rq, const char *file_name, struct routine_row found[],
                               int32_t n) {
    auto_free struct routine *room = xmalloc(sizeof(*room));
    struct jsonw *w = request_json(rq);
    jsonw_object(w, NULL);
    jsonw_str(w, "kind", kind_names[0]);
    jsonw_int(w, "version", 1);
    jsonw_array(w, "entries");
    for (int32_t i = 0; i < n; i++) {
        write_entry(w, &found[i], room);
        routine_row_done(&found[i]);
    }
    jsonw_array_end(w);
    jsonw_object_end(w);
    if (w->out->len > LIMIT_BODY_IMPORT)
        return request_fail(rq, ERR_UNPROCESSABLE,
                            "The document would be over %d bytes: ask for fewer routines", LIMIT_BODY_IMPORT);
    uint8_t hash[CRYPTO_SHA256_LEN];
    char hex[33];
    crypto_sha256(w->out->data, w->out->len, hash);
    crypto_hex(hash, 16, hex);
    request_set_etag(rq, "%s", hex);
    request_set_header(rq, "Content-Disposition", "attachment; filename=\"%s.json\"", file_name);
    request_reply(rq, 200);
    return ERR_OK;
}

static enum err handle_export(struct request *rq, void *worker) {
    struct routine_filter filter;
    enum err e = routine_view_filter(rq, request_query(rq), &filter);
    if (e) return e;
    filter.with_content = true;
    struct routine_row *found = request_alloc(rq, sizeof(*found) * (LIMIT_PAGE + 1));
    int32_t n = 0;
    e = routine_list(db_of(worker), scope_of(rq), &filter, "", LIMIT_PAGE + 1, found, &n);
    if (e) return e;
    if (n <= LIMIT_PAGE) return reply_document(rq, "routines", found, n);
    for (int32_t i = 0; i < n; i++) routine_row_done(&found[i]);
    return request_fail(rq, ERR_UNPROCESSABLE, "More than %d routines are found: ask for fewer", LIMIT_PAGE);
}

static enum err handle_export_version(struct request *rq, void *worker) {
    struct routine_row row;
    enum err e = routine_view_get(rq, worker, &row);
    if (e) return e;
    char name[96];
    snprintf(name, sizeof(name), "%s-%d", row.slug, (int)row.version);
    return reply_document(rq, name, &row, 1);
}

/* ---- in ---- */

struct import {
    struct request *rq;
    const struct document *document;
    const struct import_query *query;
    struct field_errors errors;
    struct routine *room;
    char (*slugs)[ROUTINE_SLUG_MAX + 1];
    struct routine_standing *standings;
};

static void fail_entry(struct import *m, int32_t i, enum field_fault fault, const char *pointer,
                       const char *detail) {
    char whole[sizeof(m->errors.list[0].pointer)];
    snprintf(whole, sizeof(whole), "/entries/%d%s", (int)i, pointer);
    field_errors_add(&m->errors, fault, whole, "%s", detail);
}

static bool decode_entry(struct import *m, int32_t i) {
    struct field_errors own;
    bool good = field_decode(m->document->entries[i].text, routine_fields, FIELD_REFUSE_UNKNOWN, m->room,
                             sizeof(*m->room), &own);
    for (int32_t k = 0; k < own.n; k++)
        fail_entry(m, i, own.list[k].fault, own.list[k].pointer, own.list[k].detail);
    return good;
}

/* Each entry by itself: first what does not fit the schema, then what breaks a rule. */
static enum err check_entries(struct import *m) {
    int32_t n = m->document->n_entries;
    for (int32_t i = 0; i < n; i++)
        if (decode_entry(m, i)) snprintf(m->slugs[i], sizeof(m->slugs[i]), "%s", m->room->slug);
    if (m->errors.n) return lookup_fail_all(m->rq, ERR_INVALID_BODY, &m->errors);
    for (int32_t i = 0; i < n; i++) {
        char prefix[24];
        snprintf(prefix, sizeof(prefix), "/entries/%d", (int)i);
        if (decode_entry(m, i)) (void)routine_view_check(m->room, prefix, &m->errors);
        for (int32_t k = 0; k < i; k++)
            if (strcmp(m->slugs[k], m->slugs[i]) == 0) {
                fail_entry(m, i, FIELD_DUPLICATE_KEY, "/slug", "is the slug of an earlier entry too");
                break;
            }
    }
    return m->errors.n ? lookup_fail_all(m->rq, ERR_UNPROCESSABLE, &m->errors) : ERR_OK;
}

static const char *what_stands_against(const struct routine_standing *s, enum existing existing) {
    if (!s->exists) return NULL;
    if (!s->changeable) return "belongs to others";
    if (s->has_draft) return "has a draft already";
    return existing == EXISTING_REFUSE ? "is there already; existing=draft writes its next draft" : NULL;
}

/* Against what is there. */
static enum err check_slugs(struct import *m, void *worker) {
    auto_buf struct buf slugs = BUF_INIT;
    int32_t n = m->document->n_entries, refused = 0;
    for (int32_t i = 0; i < n; i++) buf_fmt(&slugs, "%s%s", i ? "," : "", m->slugs[i]);
    enum err e = routine_standings(db_of(worker), scope_of(m->rq), slugs.data, m->standings, n);
    if (e) return e;
    for (int32_t i = 0; i < n; i++) {
        const char *why = what_stands_against(&m->standings[i], (enum existing)m->query->existing);
        if (!why) continue;
        char pointer[32];
        snprintf(pointer, sizeof(pointer), "/entries/%d/slug", (int)i);
        request_fail_at(m->rq, ERR_CONFLICT, pointer, "not_unique", "%s %s", m->slugs[i], why);
        refused++;
    }
    return refused ? request_fail(m->rq, ERR_CONFLICT, "Nothing was imported: %d of %d slugs cannot be had",
                                  (int)refused, (int)n)
                   : ERR_OK;
}

static enum err write_entries(struct import *m, void *worker) {
    for (int32_t i = 0; i < m->document->n_entries; i++) {
        struct routine_row row;
        if (!decode_entry(m, i)) return ERR_INTERNAL; /* it did before */
        enum err e = routine_view_write(m->rq, worker, m->room, NULL, &m->query->site_id, "", &row);
        if (e == ERR_NOT_FOUND)
            return request_fail(m->rq, ERR_CONFLICT, "%s was written by somebody else just now", m->slugs[i]);
        if (e) return e;
        m->standings[i].newest = row.version - 1; /* what it was when it was written */
        routine_row_done(&row);
    }
    return ERR_OK;
}

static enum err reply_imported(const struct import *m) {
    struct jsonw *w = request_json(m->rq);
    jsonw_object(w, NULL);
    jsonw_bool(w, "dry_run", m->query->dry_run);
    jsonw_array(w, "items");
    for (int32_t i = 0; i < m->document->n_entries; i++) {
        jsonw_object(w, NULL);
        jsonw_str(w, "slug", m->slugs[i]);
        jsonw_int(w, "version", m->standings[i].newest + 1);
        jsonw_bool(w, "is_new", !m->standings[i].exists);
        jsonw_object_end(w);
    }
    jsonw_array_end(w);
    jsonw_object_end(w);
    request_reply(m->rq, 200);
    return ERR_OK;
}

/* A new routine of this import belongs to the site that is named, or to all. */
static enum err check_site(struct import *m) {
    const struct scope *scope = scope_of(m->rq);
    if (uuid_is_zero(&m->query->site_id) ? scope->all : scope_covers(scope, &m->query->site_id))
        return ERR_OK;
    return request_fail(
        m->rq, ERR_FORBIDDEN,
        "name a site of the token's with ?site_id=...; only a token for all sites writes routines "
        "for all");
}

static enum err handle_import(struct request *rq, void *worker) {
    auto_free struct routine *room = xmalloc(sizeof(*room));
    struct import m = {.rq = rq, .document = request_body(rq), .query = request_query(rq), .room = room};
    size_t n = (size_t)m.document->n_entries;
    m.slugs = request_alloc(rq, n * sizeof(*m.slugs));
    m.standings = request_alloc(rq, n * sizeof(*m.standings));
    enum err e = check_site(&m);
    if (!e) e = check_entries(&m);
    if (!e) e = check_slugs(&m, worker);
    if (e) return e;
    if (!m.query->dry_run) {
        if (!db_in_transaction(db_of(worker))) db_begin(db_of(worker));
        e = write_entries(&m, worker);
    }
    return e ? e : reply_imported(&m);
}
