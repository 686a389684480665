#include "server/api/lookup.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum err lookup_device(struct request *rq, void *worker, const struct uuid *id, struct device_row *ret) {
    struct live_device d;
    if (live_get(fleet_live(app_of(rq)->parts.fleet), id, clock_wall_ms(), &d)) {
        if (!scope_covers(scope_of(rq), &d.facts.site_id)) return ERR_NOT_FOUND;
        *ret = d.facts;
        return ERR_OK;
    }
    enum err e = device_get(db_of(worker), scope_of(rq), id, ret);
    if (!e) (void)live_put_device(fleet_live(app_of(rq)->parts.fleet), ret);
    return e;
}

enum err lookup_if_match(struct request *rq, int64_t *ret_version) {
    int64_t version = 0;
    enum err e = request_if_match(rq, &version);
    if (!e && version == 0) return ERR_PRECONDITION_FAILED; /* none of ours; for the stores it means any */
    if (!e) *ret_version = version < 0 ? 0 : version;
    return e;
}

/* The one tag of If-Match without its quotes; "*" for any. */
static enum err sent_tag(struct request *rq, char out[64]) {
    const char *p = request_header(rq, "If-Match");
    if (!p) return request_fail(rq, ERR_PRECONDITION_REQUIRED, "Send If-Match with the ETag that was read");
    p += strspn(p, " \t");
    if (*p == 'W') return ERR_PRECONDITION_FAILED; /* a weak tag never matches here */
    size_t len = 1;
    if (*p == '"') {
        const char *end = strchr(++p, '"');
        len = end ? (size_t)(end - p) : 0;
        if (len == 0 || end[1 + strspn(end + 1, " \t")])
            return request_fail(rq, ERR_INVALID_HEADER, "If-Match must be one ETag in quotes, or *");
    } else if (*p != '*' || p[1 + strspn(p + 1, " \t")]) {
        return request_fail(rq, ERR_INVALID_HEADER, "If-Match must be one ETag in quotes, or *");
    }
    if (len > 3 && memcmp(p + len - 3, "-gz", 3) == 0) len -= 3; /* the mark of the gzip form */
    if (len >= 64) return ERR_PRECONDITION_FAILED;
    memcpy(out, p, len);
    out[len] = 0;
    return ERR_OK;
}

enum err lookup_if_match_tag(struct request *rq, const char *tag) {
    char sent[64];
    enum err e = sent_tag(rq, sent);
    if (e) return e;
    return strcmp(sent, "*") == 0 || strcmp(sent, tag) == 0 ? ERR_OK : ERR_PRECONDITION_FAILED;
}

enum err lookup_if_match_v(struct request *rq, int64_t *ret_version) {
    char sent[64];
    enum err e = sent_tag(rq, sent);
    if (e) return e;
    *ret_version = 0;
    if (strcmp(sent, "*") == 0) return ERR_OK;
    char *end = sent;
    long long version = sent[0] == 'v' && sent[1] >= '1' && sent[1] <= '9' ? strtoll(sent + 1, &end, 10) : 0;
    if (version <= 0 || (*end && *end != '.')) return ERR_PRECONDITION_FAILED;
    *ret_version = version;
    return ERR_OK;
}

enum err lookup_fail_all(struct request *rq, enum err e, const struct field_errors *errors) {
    for (int32_t i = 0; i < errors->n; i++)
        request_fail_at(rq, e, errors->list[i].pointer, field_fault_code(errors->list[i].fault), "%s",
                        errors->list[i].detail);
    return e;
}
