#include "server/fleet/provision.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/jsonw.h"
#include "base/log.h"
#include "server/base/limits.h"
#include "server/fleet/credential.h"
#include "server/fleet/inbox.h"
#include "server/fleet/thread.h"

#define CONTROL_TOPIC "$CONTROL/dynamic-security/v1"
#define ROLE "device"
#define JOBS_PER_REQUEST 16
#define PAUSE_MS 50    /* after each request: at most 320 changes a second */
#define ANSWER_MS 5000 /* no answer by then: none will come */
#define ATTEMPTS_MAX 3
#define LIST_PAGE 500
#define BOX_RECORDS 4096
#define BOX_BYTES (8 * 1024 * 1024)

enum kind { KIND_CONNECTED, KIND_DEVICE, KIND_ANSWER };
enum phase { PHASE_IDLE, PHASE_LISTING, PHASE_WORKING };
enum op { OP_CREATE, OP_LOOK, OP_MODIFY, OP_ENABLE, OP_DISABLE, OP_COUNT };

struct job {
    struct uuid id;
    int32_t version;
    enum op op;
};
struct account { /* as the database wants it, and what the broker has of it */
    struct uuid id;
    int32_t version;
    bool retired, found;
};

struct provision {
    struct context *ctx;
    char *secret;
    struct inbox *box;
    struct thread thread;
    atomic_bool works;

    /* its thread only */
    struct db *db;
    enum phase phase;
    bool warned;
    struct account *accounts; /* while listing; sorted by id */
    size_t n_accounts, cap_accounts;
    struct job *jobs; /* jobs[done..n) are waiting, the first n_sent of them are sent */
    size_t n_jobs, done, cap_jobs, n_sent;
    int64_t list_offset, answer_by_ms, request;
    int attempts;
};

static const char *const commands[OP_COUNT] = {"createClient", "getClient", "modifyClient", "enableClient",
                                               "disableClient"};

/* ---- requests ---- */

static void add_job(struct provision *p, const struct uuid *id, int32_t version, enum op op) {
    if (p->n_jobs == p->cap_jobs) {
        p->cap_jobs = p->cap_jobs ? p->cap_jobs * 2 : 64;
        p->jobs = xrealloc(p->jobs, p->cap_jobs * sizeof *p->jobs);
    }
    p->jobs[p->n_jobs++] = (struct job){*id, version, op};
}

/* Marks our own answers: other replicas' come in on the same topic. */
static void write_mark(const struct provision *p, struct jsonw *w) {
    char id[UUID_TEXT_LEN + 1], mark[UUID_TEXT_LEN + 24];
    uuid_format(&p->ctx->instance, id);
    snprintf(mark, sizeof mark, "%s.%lld", id, (long long)p->request);
    jsonw_str(w, "correlationData", mark);
}

static void write_job(const struct provision *p, struct jsonw *w, const struct job *j) {
    char id[UUID_TEXT_LEN + 1], password[CREDENTIAL_PASSWORD_LEN + 1], note[24];
    uuid_format(&j->id, id);
    jsonw_object(w, NULL);
    jsonw_str(w, "command", commands[j->op]);
    jsonw_str(w, "username", id);
    if (j->op == OP_CREATE || j->op == OP_MODIFY) {
        credential_password(p->secret, &j->id, j->version, password);
        snprintf(note, sizeof note, "credential %d", (int)j->version);
        jsonw_str(w, "password", password);
        jsonw_str(w, "clientid", id);
        jsonw_str(w, "textname", note);
        jsonw_array(w, "roles");
        jsonw_object(w, NULL);
        jsonw_str(w, "rolename", ROLE);
        jsonw_object_end(w);
        jsonw_array_end(w);
    }
    write_mark(p, w);
    jsonw_object_end(w);
}

/* The role has no rules of its own: the broker's acl file has the patterns. */
static void write_list(const struct provision *p, struct jsonw *w) {
    jsonw_object(w, NULL);
    jsonw_str(w, "command", "createRole");
    jsonw_str(w, "rolename", ROLE);
    write_mark(p, w);
    jsonw_object_end(w);
    jsonw_object(w, NULL);
    jsonw_str(w, "command", "listClients");
    jsonw_bool(w, "verbose", true);
    jsonw_int(w, "count", LIST_PAGE);
    jsonw_int(w, "offset", p->list_offset);
    write_mark(p, w);
    jsonw_object_end(w);
}

static void send_request(struct provision *p) {
    auto_buf struct buf out = BUF_INIT;
    struct jsonw w;
    p->request++;
    p->n_sent = 0;
    jsonw_init(&w, &out);
    jsonw_object(&w, NULL);
    jsonw_array(&w, "commands");
    if (p->phase == PHASE_LISTING) write_list(p, &w);
    while (p->phase == PHASE_WORKING && p->n_sent < JOBS_PER_REQUEST && p->done + p->n_sent < p->n_jobs) {
        const struct job *j = &p->jobs[p->done + p->n_sent++];
        /* The broker cuts the device off without its last will. */
        if (j->op == OP_MODIFY || j->op == OP_DISABLE) {
            live_put_offline(p->ctx->live, &j->id, clock_wall_ms());
            context_publish_device(p->ctx, &j->id);
        }
        write_job(p, &w, j);
    }
    jsonw_array_end(&w);
    jsonw_object_end(&w);
    p->answer_by_ms = clock_mono_ms() + ANSWER_MS;
    link_publish_topic(p->ctx->link, CONTROL_TOPIC, 1, out.data, out.len);
}

/* The next request of what is waiting, or rest. */
static void go_on(struct provision *p) {
    p->attempts = 0;
    if (p->phase != PHASE_LISTING) p->phase = p->done < p->n_jobs ? PHASE_WORKING : PHASE_IDLE;
    if (p->phase == PHASE_IDLE)
        p->n_jobs = p->done = 0;
    else
        send_request(p);
}

/* ---- comparing all ---- */

static void want(void *arg, const struct device_row *row) {
    struct provision *p = arg;
    if (p->n_accounts == p->cap_accounts) {
        p->cap_accounts = p->cap_accounts ? p->cap_accounts * 2 : 256;
        p->accounts = xrealloc(p->accounts, p->cap_accounts * sizeof *p->accounts);
    }
    p->accounts[p->n_accounts++] = (struct account){
        .id = row->id, .version = row->credential_version, .retired = strcmp(row->service, "retired") == 0};
}

static int by_id(const void *a, const void *b) {
    return memcmp(((const struct account *)a)->id.b, ((const struct account *)b)->id.b, sizeof(struct uuid));
}

static void compare_begin(struct provision *p) {
    p->n_accounts = p->n_jobs = p->done = 0;
    p->list_offset = 0;
    p->phase = PHASE_IDLE;
    enum err e = device_each(p->db, want, p);
    if (!context_db_ok(p->ctx, p->db, e, "accounts")) return; /* tried again with the next connection */
    if (p->n_accounts) qsort(p->accounts, p->n_accounts, sizeof *p->accounts, by_id);
    p->phase = PHASE_LISTING;
    p->attempts = 0;
    send_request(p);
}

/* Changes the account only where it differs, since each change ends the device's connection. */
static void put_right(struct provision *p, const json_t *client, const struct uuid *id, int32_t version) {
    const char *note = json_string_value(json_object_get(client, "textname"));
    int found = 0;
    if (!note || sscanf(note, "credential %d", &found) != 1 || found != version)
        add_job(p, id, version, OP_MODIFY);
    if (json_is_true(json_object_get(client, "disabled"))) add_job(p, id, version, OP_ENABLE);
}

static void compare_client(struct provision *p, const json_t *client) {
    const char *username = json_string_value(json_object_get(client, "username"));
    struct account key = {0};
    if (!username || !uuid_parse(username, strlen(username), &key.id)) return; /* not a device */
    struct account *a = bsearch(&key, p->accounts, p->n_accounts, sizeof *p->accounts, by_id);
    if (a) a->found = true;
    if (a && !a->retired)
        put_right(p, client, &a->id, a->version);
    else if (!json_is_true(json_object_get(client, "disabled")))
        add_job(p, &key.id, 0, OP_DISABLE);
}

static void compare_end(struct provision *p) {
    for (size_t i = 0; i < p->n_accounts; i++)
        if (!p->accounts[i].found && !p->accounts[i].retired)
            add_job(p, &p->accounts[i].id, p->accounts[i].version, OP_CREATE);
    free(p->accounts);
    p->accounts = NULL;
    p->n_accounts = p->cap_accounts = 0;
    log_info("fleet", "accounts compared with the broker's|devices_to_change=%zu", p->n_jobs);
    p->phase = PHASE_WORKING;
}

static void on_list(struct provision *p, const json_t *response) {
    const json_t *clients = json_object_get(json_object_get(response, "data"), "clients"), *client;
    size_t i;
    if (!json_is_array(clients)) return;
    json_array_foreach(clients, i, client) compare_client(p, client);
    p->list_offset += LIST_PAGE;
    if (json_array_size(clients) < LIST_PAGE) compare_end(p);
}

/* ---- answers ---- */

static void on_job(struct provision *p, const struct job *j, const json_t *response) {
    const char *error = json_string_value(json_object_get(response, "error"));
    if (!error && j->op == OP_LOOK)
        put_right(p, json_object_get(json_object_get(response, "data"), "client"), &j->id, j->version);
    if (!error) return;
    if (j->op == OP_CREATE && strstr(error, "already exists")) {
        add_job(p, &j->id, j->version, OP_LOOK);
    } else if (j->op == OP_MODIFY && strstr(error, "not found")) {
        add_job(p, &j->id, j->version, OP_CREATE);
    } else if (!strstr(error, "not found")) {
        log_warn("fleet", "the broker did not change an account|command=%s error=\"%s\"", commands[j->op],
                 error);
    }
}

static bool is_ours(const struct provision *p, const json_t *response) {
    const char *mark = json_string_value(json_object_get(response, "correlationData"));
    char id[UUID_TEXT_LEN + 1];
    uuid_format(&p->ctx->instance, id);
    return mark && strncmp(mark, id, UUID_TEXT_LEN) == 0 && mark[UUID_TEXT_LEN] == '.' &&
           strtoll(mark + UUID_TEXT_LEN + 1, NULL, 10) == p->request;
}

static void on_answer(struct provision *p, const struct inbox_record *r) {
    json_t *root = json_loadb(r->data, r->len, 0, NULL);
    const json_t *responses = json_object_get(root, "responses"), *response;
    size_t i;
    if (p->phase != PHASE_IDLE && is_ours(p, json_array_get(responses, 0))) {
        atomic_store(&p->works, true);
        json_array_foreach(responses, i, response) {
            const char *command = json_string_value(json_object_get(response, "command"));
            if (p->phase == PHASE_LISTING && command && strcmp(command, "listClients") == 0) {
                on_list(p, response);
            } else if (p->phase == PHASE_WORKING && i < p->n_sent) {
                struct job j = p->jobs[p->done + i]; /* a copy: on_job may move them */
                on_job(p, &j, response);
            }
        }
        p->done += p->n_sent;
        p->n_sent = 0;
        thread_sleep(&p->thread, PAUSE_MS);
        go_on(p);
    }
    json_decref(root);
}

static void on_silence(struct provision *p) {
    if (!link_connected(p->ctx->link)) {
        p->phase = PHASE_IDLE;
    } else if (++p->attempts < ATTEMPTS_MAX) {
        send_request(p);
    } else {
        p->phase = PHASE_IDLE;
        if (!p->warned) log_warn("fleet", "the broker takes no accounts from us (no dynamic security?)");
        p->warned = true;
    }
}

static void on_device(struct provision *p, const struct job *j) {
    add_job(p, &j->id, j->version, j->op);
    if (j->op == OP_MODIFY) add_job(p, &j->id, j->version, OP_ENABLE);
    if (p->phase == PHASE_IDLE && link_connected(p->ctx->link)) go_on(p);
}

/* ---- the thread ---- */

static void run(void *arg) {
    struct provision *p = arg;
    auto_buf struct buf taken = BUF_INIT;
    struct inbox_record r;
    while (!thread_stopping(&p->thread)) {
        int64_t left_ms = p->phase == PHASE_IDLE ? 1000 : p->answer_by_ms - clock_mono_ms();
        if (left_ms <= 0) {
            on_silence(p);
            continue;
        }
        inbox_take(p->box, (int)left_ms, &taken);
        for (size_t at = 0; inbox_next(&taken, &at, &r) && !thread_stopping(&p->thread);) {
            if (r.kind == KIND_CONNECTED)
                compare_begin(p);
            else if (r.kind == KIND_DEVICE)
                on_device(p, (const struct job *)(const void *)r.data);
            else
                on_answer(p, &r);
        }
    }
}

static void provision_free(struct provision *p) {
    db_free(p->db);
    inbox_free(p->box);
    free(p->accounts);
    free(p->jobs);
    free(p->secret);
    free(p);
}

enum err provision_start(struct context *ctx, const char *device_secret, struct provision **ret) {
    struct provision *p = xcalloc(1, sizeof *p);
    p->ctx = ctx;
    p->secret = xstrdup(device_secret);
    p->box = inbox_new(BOX_RECORDS, BOX_BYTES, -1);
    p->db = context_db(ctx, "pediluved accounts");
    if (!thread_start(&p->thread, run, p)) {
        provision_free(p);
        return ERR_INTERNAL;
    }
    *ret = p;
    return ERR_OK;
}

bool provision_stop(struct provision *p, int deadline_ms) {
    if (!p) return true;
    thread_ask(&p->thread);
    inbox_close(p->box);
    if (!thread_join(&p->thread, deadline_ms)) return false;
    provision_free(p);
    return true;
}

void provision_connected(struct provision *p) {
    if (p) inbox_put(p->box, &(struct uuid){0}, KIND_CONNECTED, "", 0);
}

void provision_device(struct provision *p, const struct device_row *row, bool is_new) {
    if (!p) return;
    bool retired = strcmp(row->service, "retired") == 0;
    struct job j = {row->id, row->credential_version, retired ? OP_DISABLE : is_new ? OP_CREATE : OP_MODIFY};
    inbox_put(p->box, &row->id, KIND_DEVICE, &j, sizeof j);
}

void provision_answer(struct provision *p, const char *payload, size_t len) {
    if (p) inbox_put(p->box, &(struct uuid){0}, KIND_ANSWER, payload, len);
}

bool provision_works(struct provision *p) { return p && atomic_load(&p->works); }
