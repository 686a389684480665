/* /api/v1/sign-in, /sign-out and /me: people, their browser's session and their password. */
#include <stdio.h>
#include <string.h>

#include "server/api/auth.h"
#include "server/api/call.h"
#include "server/api/lookup.h"
#include "server/api/user_view.h"
#include "server/base/crypto.h"
#include "server/store/audit_store.h"
#include "server/store/sign_in_store.h"

/* Tries before delays begin. An address is a whole spa's, so it has more. */
#define FREE_TRIES_LOGIN 5
#define FREE_TRIES_ADDRESS 20

static enum err handle_sign_in(struct request *rq, void *worker);
static enum err handle_sign_out(struct request *rq, void *worker);
static enum err handle_me(struct request *rq, void *worker);
static enum err handle_change(struct request *rq, void *worker);

struct sign_in {
    char login[USER_LOGIN_MAX + 1], password[PASSWORD_MOST + 1], code[AUTH_CODE_LEN + 1];
};
static const struct field sign_in_fields[] = {FIELD_STR(struct sign_in, login, 1, 0),
                                              FIELD_STR(struct sign_in, password, 1, 0),
                                              FIELD_STR(struct sign_in, code, AUTH_CODE_LEN, 0), FIELD_END};

struct change {
    int language;
    bool has_language;
    char password[PASSWORD_MOST + 1], old_password[PASSWORD_MOST + 1];
};
static const struct field change_fields[] = {
    FIELD_ENUM_HAS(struct change, language, user_language_names, 0, has_language),
    FIELD_STR(struct change, password, PASSWORD_LEAST, 0), FIELD_STR(struct change, old_password, 1, 0),
    FIELD_END};

static const struct route rows[] = {
    ROUTE(POST, "/api/v1/sign-in", PUBLIC, ROUTE_SECRET, handle_sign_in,
          ROUTE_BODY(struct sign_in, sign_in_fields)),
    ROUTE(POST, "/api/v1/sign-out", READ, 0, handle_sign_out),
    ROUTE(GET, "/api/v1/me", READ, 0, handle_me),
    ROUTE(PATCH, "/api/v1/me", READ, ROUTE_SECRET, handle_change, ROUTE_BODY(struct change, change_fields)),
};
const struct route_table sign_in_routes = ROUTE_TABLE(rows);

struct try { /* one try to sign in */
    struct request *rq;
    struct db *db;
    char address[REQUEST_PEER_MAX];
    char address_key[SIGN_IN_KEY_MAX + 1], login_key[SIGN_IN_KEY_MAX + 1]; /* login_key "": by link */
    struct sign_in_user who;
    bool known;
};

/* ---- tries ---- */

static void set_login_key(struct try *t, const char *login) {
    uint8_t hash[CRYPTO_SHA256_LEN];
    crypto_sha256(login, strlen(login), hash);
    memcpy(t->login_key, "l:", 2);
    crypto_hex(hash, sizeof(hash), t->login_key + 2);
}

static enum err count_try(struct try *t, const char *key, int32_t free_tries) {
    int32_t wait_s = 0;
    enum err e = key[0] ? sign_in_try(t->db, key, free_tries, &wait_s) : ERR_OK;
    if (e || !wait_s) return e;
    return request_fail_later(t->rq, ERR_TOO_MANY_REQUESTS, wait_s,
                              "too many failed tries: the next one in %d s", (int)wait_s);
}

static enum err begin_try(struct request *rq, void *worker, const char *login, struct try *t) {
    *t = (struct try){.rq = rq, .db = db_of(worker)};
    request_peer(rq, t->address);
    snprintf(t->address_key, sizeof(t->address_key), "a:%s", t->address);
    if (login) set_login_key(t, login);
    enum err e = count_try(t, t->address_key, FREE_TRIES_ADDRESS);
    if (e) return e;
    e = count_try(t, t->login_key, FREE_TRIES_LOGIN);
    if (e != ERR_TOO_MANY_REQUESTS) return e;
    enum err mended = sign_in_good(t->db, t->address_key, false); /* no try was made */
    return mended ? mended : e;
}

/* The same answer and the same work, whatever was wrong. */
static enum err refuse_try(struct try *t, const char *detail) {
    struct actor actor = {.name = "sign-in", .request_id = request_id(t->rq)};
    char id[UUID_TEXT_LEN + 1] = "-";
    auto_buf struct buf text = BUF_INIT;
    struct jsonw w;
    if (t->known) uuid_format(&t->who.user.id, id);
    jsonw_init(&w, &text);
    jsonw_object(&w, NULL);
    jsonw_str(&w, "address", t->address);
    jsonw_object_end(&w);
    enum err e = audit_add(t->db, &actor, "sign_in.refused", "user", id, NULL, text.data);
    return e ? e : request_fail(t->rq, ERR_UNAUTHENTICATED, "%s", detail);
}

static struct actor actor_for(const struct try *t) {
    return (struct actor){
        .token_id = t->who.user.id, .name = t->who.user.name, .request_id = request_id(t->rq)};
}

static enum err open_session(struct try *t) {
    struct actor actor = actor_for(t);
    struct token_row token = {0};
    char text[AUTH_TOKEN_LEN + 1], csrf[REQUEST_CSRF_LEN + 1];
    enum err e = t->login_key[0] ? sign_in_good(t->db, t->login_key, true) : ERR_OK;
    if (!e) e = sign_in_good(t->db, t->address_key, false);
    auth_make(&token, text);
    if (!e) e = sign_in_open(t->db, &actor, &t->who.user.id, t->address, &token);
    if (e == ERR_NOT_FOUND) return refuse_try(t, "the user was disabled just now");
    if (e) return e;
    request_set_cookie(t->rq, text, SIGN_IN_LIFE_S);
    request_csrf_of(text, csrf);
    render_me(request_json(t->rq), NULL, &t->who.user, csrf);
    request_reply(t->rq, 200);
    crypto_wipe(text, sizeof(text));
    return ERR_OK;
}

/* ---- by password ---- */

static enum err busy(struct request *rq) {
    return request_fail_later(rq, ERR_TOO_MANY_REQUESTS, 1, "others are signing in just now; try again");
}

static enum err compare(struct try *t, const struct sign_in *body, const char *login, bool *ret_fits) {
    enum err e = sign_in_find(t->db, login, &t->who);
    if (e && e != ERR_NOT_FOUND) return e;
    t->known = !e;
    bool fits = crypto_password_fits(t->known ? t->who.password_hash : NULL, body->password);
    *ret_fits = fits && t->who.user.state == USER_ACTIVE;
    return ERR_OK;
}

static enum err by_password(struct request *rq, void *worker, const struct sign_in *body) {
    struct auth *auth = app_of(rq)->auth;
    struct try t;
    char login[sizeof(body->login)];
    bool fits = false;
    lookup_copy(login, body->login);
    if (!user_login_fold(login)) lookup_copy(login, body->login); /* nobody has it; looked for all the same */
    if (!auth_hash_begin(auth)) return busy(rq);
    enum err e = begin_try(rq, worker, login, &t);
    if (!e) e = compare(&t, body, login, &fits);
    auth_hash_end(auth);
    if (e) return e;
    return fits ? open_session(&t) : refuse_try(&t, "the login or the password is wrong");
}

/* ---- by link ---- */

static enum err hash(struct request *rq, const char *password, char ret[CRYPTO_PASSWORD_LEN]) {
    if (!auth_hash_begin(app_of(rq)->auth)) return busy(rq);
    bool ok = crypto_password_hash(password, ret);
    auth_hash_end(app_of(rq)->auth);
    return ok ? ERR_OK : busy(rq);
}

static enum err use_link(struct try *t, const struct sign_in *body, const uint8_t code[TOKEN_HASH_LEN]) {
    struct actor actor = actor_for(t);
    char hashed[CRYPTO_PASSWORD_LEN];
    bool sets = body->password[0];
    enum err e = sets ? hash(t->rq, body->password, hashed) : ERR_OK;
    if (!e) e = sign_in_use_code(t->db, &actor, code, sets ? hashed : NULL);
    if (!e && sets) user_forget(t->rq, &t->who.user.id);
    if (!e && sets) t->who.user.has_password = true;
    return e;
}

static enum err by_code(struct request *rq, void *worker, const struct sign_in *body) {
    static const char used[] = "the link has been used, or is older than a day";
    uint8_t code[TOKEN_HASH_LEN];
    struct try t;
    if (body->password[0] && strlen(body->password) < PASSWORD_LEAST)
        return request_fail_at(rq, ERR_UNPROCESSABLE, "/password", field_fault_code(FIELD_TOO_SHORT),
                               "must be at least %d bytes long", PASSWORD_LEAST);
    enum err e = begin_try(rq, worker, NULL, &t);
    if (e) return e;
    crypto_sha256(body->code, AUTH_CODE_LEN, code);
    e = sign_in_find_code(t.db, code, &t.who);
    if (e == ERR_NOT_FOUND) return refuse_try(&t, used);
    t.known = !e;
    if (!e) e = use_link(&t, body, code);
    if (e == ERR_NOT_FOUND) return refuse_try(&t, used);
    return e ? e : open_session(&t);
}

static enum err handle_sign_in(struct request *rq, void *worker) {
    const struct sign_in *body = request_body(rq);
    enum err e = request_judge_origin(rq, false);
    if (e) return e;
    if (body->code[0] && !body->login[0]) return by_code(rq, worker, body);
    if (body->login[0] && body->password[0] && !body->code[0]) return by_password(rq, worker, body);
    return request_fail_at(rq, ERR_UNPROCESSABLE, body->login[0] ? "/password" : "/login",
                           field_fault_code(FIELD_MISSING),
                           "either login and password, or the code of a link");
}

/* ---- once signed in ---- */

static enum err need_user(struct request *rq) {
    if (!uuid_is_zero(&request_principal(rq)->user_id)) return ERR_OK;
    return request_fail(rq, ERR_UNPROCESSABLE, "this is a token, not somebody who signed in");
}

static void forget_session(struct request *rq, void *arg) {
    auth_forget(app_of(rq)->auth, arg);
    sse_end(app_of(rq)->parts.hub, arg);
}

static enum err handle_sign_out(struct request *rq, void *worker) {
    struct actor actor = actor_of(rq);
    struct uuid *id = request_alloc(rq, sizeof(*id));
    *id = request_principal(rq)->token_id;
    enum err e = need_user(rq);
    if (!e) e = sign_in_close(db_of(worker), &actor, id);
    if (e && e != ERR_NOT_FOUND) return e;
    call_after_commit(rq, forget_session, id);
    request_set_cookie(rq, NULL, 0);
    request_reply_empty(rq, 204);
    return ERR_OK;
}

static enum err handle_me(struct request *rq, void *worker) {
    const struct principal *p = request_principal(rq);
    struct sign_in_user who = {0};
    char csrf[REQUEST_CSRF_LEN + 1];
    bool is_user = !uuid_is_zero(&p->user_id), by_cookie = request_csrf(rq, csrf);
    enum err e = is_user ? sign_in_get(db_of(worker), &p->user_id, &who) : ERR_OK;
    if (e) return e;
    render_me(request_json(rq), p, is_user ? &who.user : NULL, by_cookie ? csrf : NULL);
    request_reply(rq, 200);
    return ERR_OK;
}

/* The old password, when there is one: tries of it are counted as those to sign in are. */
static enum err check_old(struct request *rq, void *worker, const struct change *c,
                          const struct sign_in_user *who) {
    struct auth *auth = app_of(rq)->auth;
    struct try t;
    if (!who->password_hash[0]) return ERR_OK;
    enum err e = begin_try(rq, worker, who->user.login, &t);
    if (e) return e;
    if (!auth_hash_begin(auth)) return busy(rq);
    bool fits = crypto_password_fits(who->password_hash, c->old_password);
    auth_hash_end(auth);
    if (!fits)
        return request_fail_at(rq, ERR_UNPROCESSABLE, "/old_password", "wrong",
                               "this is not the old password");
    e = sign_in_good(t.db, t.login_key, true);
    return e ? e : sign_in_good(t.db, t.address_key, false);
}

static enum err handle_change(struct request *rq, void *worker) {
    const struct change *c = request_body(rq);
    const struct principal *p = request_principal(rq);
    struct actor actor = actor_of(rq);
    struct sign_in_user who = {0};
    char hashed[CRYPTO_PASSWORD_LEN];
    bool sets = c->password[0];
    enum err e = need_user(rq);
    if (!e) e = sign_in_get(db_of(worker), &p->user_id, &who);
    if (!e && sets) e = check_old(rq, worker, c, &who);
    if (!e && sets) e = hash(rq, c->password, hashed);
    if (!e && (sets || c->has_language))
        e = sign_in_change(db_of(worker), &actor, &p->user_id, &p->token_id,
                           c->has_language ? c->language : -1, sets ? hashed : NULL);
    if (e) return e;
    if (sets) user_forget(rq, &p->user_id);
    return handle_me(rq, worker);
}
