/* Where a request comes from: the client's address, the browser's cookie, and whether a page of ours sent it.
 */
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "server/base/crypto.h"
#include "server/http/inside.h"

_Static_assert(REQUEST_CSRF_LEN + 1 == CRYPTO_BASE64_LEN(CRYPTO_SHA256_LEN), "csrf text");

/* ---- the proxy in front, when there is one ---- */

/* The address of the other end of the connection, as text; IPv4 within IPv6 as IPv4. */
static void socket_address(const struct request *rq, char out[REQUEST_PEER_MAX]) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(rq->mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *addr = info ? info->client_addr : NULL;
    socklen_t len =
        addr && addr->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    out[0] = '\0';
    if (addr && getnameinfo(addr, len, out, REQUEST_PEER_MAX, NULL, 0, NI_NUMERICHOST)) out[0] = '\0';
    if (!strncmp(out, "::ffff:", 7) && strchr(out, '.')) memmove(out, out + 7, strlen(out + 7) + 1);
}

static bool is_proxy(const struct request *rq, const char *address) {
    const char *p = rq->http->options.proxies;
    size_t len = strlen(address);
    while (p && *p && len) {
        p += strspn(p, ", ");
        size_t n = strcspn(p, ", ");
        if (n == len && !strncasecmp(p, address, n)) return true;
        p += n;
    }
    return false;
}

/* The last of a list, which is what the proxy itself added. */
static const char *last_of(const char *list) {
    const char *comma = list ? strrchr(list, ',') : NULL;
    const char *p = comma ? comma + 1 : list;
    return p ? p + strspn(p, " \t") : NULL;
}

/* An IPv6 address by its first 64 bits: a household has all the others. False: text is no address. */
static bool tidy_address(const char *text, char ret[REQUEST_PEER_MAX]) {
    const struct addrinfo numeric = {.ai_flags = AI_NUMERICHOST};
    struct addrinfo *list = NULL;
    struct sockaddr_in6 in6;
    if (getaddrinfo(text, NULL, &numeric, &list)) return false;
    struct sockaddr *addr = list->ai_addr;
    if (addr->sa_family == AF_INET6) {
        memcpy(&in6, addr, sizeof(in6));
        memset(in6.sin6_addr.s6_addr + 8, 0, 8);
        in6.sin6_scope_id = 0;
        addr = (struct sockaddr *)&in6;
    }
    bool ok = !getnameinfo(addr, list->ai_addrlen, ret, REQUEST_PEER_MAX, NULL, 0, NI_NUMERICHOST);
    freeaddrinfo(list);
    return ok;
}

void request_peer(const struct request *rq, char ret[REQUEST_PEER_MAX]) {
    char own[REQUEST_PEER_MAX], client[REQUEST_PEER_MAX];
    const char *told = last_of(rq->headers[HEADER_FORWARDED_FOR]);
    socket_address(rq, own);
    size_t n = told ? strcspn(told, " \t") : 0;
    bool fits = n > 0 && n < sizeof(client) && is_proxy(rq, own);
    snprintf(client, sizeof(client), "%.*s", fits ? (int)n : 0, fits ? told : "");
    if (fits && tidy_address(client, ret)) return;
    if (!tidy_address(own, ret)) ret[0] = '\0';
}

static bool proxy_says_https(const struct request *rq) {
    char address[REQUEST_PEER_MAX];
    const char *told = last_of(rq->headers[HEADER_FORWARDED_PROTO]);
    if (!told || strcasecmp(told, "https")) return false;
    socket_address(rq, address);
    return is_proxy(rq, address);
}

static bool is_secure(const struct request *rq) {
    const struct http_options *o = &rq->http->options;
    if (o->cookies != HTTP_COOKIES_AUTO) return o->cookies == HTTP_COOKIES_SECURE;
    return (o->public_url && !strncasecmp(o->public_url, "https://", 8)) || proxy_says_https(rq);
}

void request_base(const struct request *rq, char ret[REQUEST_BASE_MAX]) {
    const char *own = rq->http->options.public_url, *host = rq->headers[HEADER_HOST];
    size_t n = own ? strlen(own) : 0;
    if (n)
        snprintf(ret, REQUEST_BASE_MAX, "%.*s", (int)(own[n - 1] == '/' ? n - 1 : n), own);
    else
        snprintf(ret, REQUEST_BASE_MAX, "http%s://%s", proxy_says_https(rq) ? "s" : "", host ? host : "");
}

/* ---- the cookie ---- */

static const char *cookie_name(const struct request *rq) {
    return is_secure(rq) ? "__Host-pediluve"
                         : "pediluve"; /* __Host-: no other host of the domain can set it */
}

const char *request_cookie(const struct request *rq) {
    const char *value = MHD_lookup_connection_value(rq->mhd, MHD_COOKIE_KIND, cookie_name(rq));
    return value && *value ? value : NULL;
}

void request_set_cookie(struct request *rq, const char *token, int64_t max_age_s) {
    request_set_header(rq, "Set-Cookie", "%s=%s; Path=/; Max-Age=%lld; HttpOnly; SameSite=Strict%s",
                       cookie_name(rq), token ? token : "", (long long)(token ? max_age_s : 0),
                       is_secure(rq) ? "; Secure" : "");
}

void request_csrf_of(const char *token, char ret[REQUEST_CSRF_LEN + 1]) {
    static const char purpose[] = "pediluve csrf";
    uint8_t mac[CRYPTO_SHA256_LEN];
    crypto_hmac_sha256(token, strlen(token), purpose, sizeof(purpose), mac);
    if (!crypto_base64url(mac, sizeof(mac), ret, REQUEST_CSRF_LEN + 1)) abort();
}

bool request_csrf(const struct request *rq, char ret[REQUEST_CSRF_LEN + 1]) {
    const char *token = rq->by_cookie ? request_cookie(rq) : NULL;
    if (token) request_csrf_of(token, ret);
    return token != NULL;
}

/* ---- whose page ---- */

static bool is_own_origin(const struct request *rq, const char *origin) {
    const char *own = rq->http->options.public_url, *host = rq->headers[HEADER_HOST];
    size_t n = own ? strlen(own) : 0;
    if (n && own[n - 1] == '/') n--;
    if (n && strlen(origin) == n && !strncasecmp(origin, own, n)) return true;
    bool https = !strncasecmp(origin, "https://", 8), http = !strncasecmp(origin, "http://", 7);
    if ((!https && !http) || (http && proxy_says_https(rq))) return false;
    return host && *host && !strcasecmp(origin + (https ? 8 : 7), host);
}

enum err request_judge_origin(struct request *rq, bool must_tell) {
    const char *origin = rq->headers[HEADER_ORIGIN], *site = rq->headers[HEADER_FETCH_SITE];
    bool own = origin ? is_own_origin(rq, origin) : site ? !strcasecmp(site, "same-origin") : !must_tell;
    return own ? ERR_OK : request_fail(rq, ERR_CROSS_SITE, "Origin must be this server's own");
}

enum err request_judge_cross_site(struct request *rq) {
    char wanted[REQUEST_CSRF_LEN + 1];
    const char *sent = rq->headers[HEADER_CSRF];
    if (!rq->by_cookie || rq->method == HTTP_GET) return ERR_OK;
    enum err e = request_judge_origin(rq, true);
    if (e) return e;
    if (sent && strlen(sent) == REQUEST_CSRF_LEN && request_csrf(rq, wanted) &&
        crypto_equal(sent, wanted, REQUEST_CSRF_LEN))
        return ERR_OK;
    return request_fail(rq, ERR_CROSS_SITE, "X-CSRF-Token must be the csrf of GET /api/v1/me");
}
