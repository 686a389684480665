/* Every error a caller of the API can see, once. enum, HTTP status, stable code and title all
 * come from this list; openapi/ and docs/errors.md are held against it by a test. */
#ifndef PEDILUVE_SERVER_BASE_ERR_H
#define PEDILUVE_SERVER_BASE_ERR_H

#include "base/auto.h"

/* X(enum, HTTP status, code, title) */
#define ERR_LIST(X)                                                                                          \
    X(MALFORMED_JSON, 400, "malformed_json", "The body is not valid JSON")                                   \
    X(INVALID_BODY, 400, "invalid_body", "The body does not fit its schema")                                 \
    X(INVALID_QUERY, 400, "invalid_query", "A query parameter does not fit its schema")                      \
    X(INVALID_CURSOR, 400, "invalid_cursor", "The cursor is not one of ours")                                \
    X(INVALID_HEADER, 400, "invalid_header", "A header is malformed")                                        \
    X(UNAUTHENTICATED, 401, "unauthenticated", "A valid token is needed")                                    \
    X(FORBIDDEN, 403, "forbidden", "The token's role does not allow this")                                   \
    X(CROSS_SITE, 403, "cross_site_refused", "The request is not known to come from a page of this server")  \
    X(NOT_FOUND, 404, "not_found", "There is no such thing within the token's sites")                        \
    X(METHOD_NOT_ALLOWED, 405, "method_not_allowed", "The resource does not have this method")               \
    X(CONFLICT, 409, "conflict", "The request conflicts with the present state")                             \
    X(DEVICE_BUSY, 409, "device_busy", "The device has a session")                                           \
    X(CLEANING_DUE, 409, "cleaning_due", "The device is to be disinfected first")                            \
    X(OUT_OF_SERVICE, 409, "out_of_service", "The device is not in service")                                 \
    X(WRONG_STATE, 409, "wrong_state", "The session's state does not allow this")                            \
    X(COURSE_NOT_DUE, 409, "course_not_due", "The course has no session that may begin now")                 \
    X(VERSION_PUBLISHED, 409, "version_published", "A published routine version never changes")              \
    X(LAST_OWNER, 409, "last_owner", "The last active owner of all sites stays one")                         \
    X(IN_FLIGHT, 409, "idempotency_in_flight", "The same request is still being worked on")                  \
    X(PRECONDITION_FAILED, 412, "precondition_failed", "The resource has changed since it was read")         \
    X(TOO_LARGE, 413, "too_large", "The body is over the limit")                                             \
    X(MEDIA_TYPE, 415, "unsupported_media_type", "The body must be application/json")                        \
    X(KEY_REUSED, 422, "idempotency_key_reused", "The key was used for another request")                     \
    X(SCREENING_INCOMPLETE, 422, "screening_incomplete", "Screening questions are open")                     \
    X(SCREENING_REFUSED, 422, "screening_refused", "The screening refuses this session")                     \
    X(SCREENING_NEEDS_CLEARANCE, 422, "screening_needs_clearance", "The screening asks for a clearance")     \
    X(SCREENING_UNACKNOWLEDGED, 422, "screening_unacknowledged", "A warning is to be acknowledged first")    \
    X(SCREENING_NOT_TODAY, 422, "screening_not_today", "The screening is of another day")                    \
    X(SCREENING_MISMATCH, 422, "screening_mismatch", "The screening is of another site or guest")            \
    X(CANNOT_RUN, 422, "step_cannot_run", "The device's model cannot run a step of the routine")             \
    X(ROUTINE_TOO_LONG, 422, "routine_too_long",                                                             \
      "The routine takes longer than the model or the guest allows")                                         \
    X(UNPROCESSABLE, 422, "unprocessable", "The request cannot be carried out as it stands")                 \
    X(PRECONDITION_REQUIRED, 428, "precondition_required", "If-Match is needed")                             \
    X(TOO_MANY_REQUESTS, 429, "too_many_requests", "Too many requests")                                      \
    X(INTERNAL, 500, "internal", "The server failed")                                                        \
    X(OVERLOADED, 503, "overloaded", "The server has too much to do; try again")                             \
    X(DATABASE, 503, "database_unavailable", "The database does not answer; try again")                      \
    X(SHUTTING_DOWN, 503, "shutting_down", "The server is stopping; try again")

enum err {
    ERR_OK = 0,
#define X(e, status, code, title) ERR_##e,
    ERR_LIST(X)
#undef X
        ERR_COUNT
};

struct err_info {
    int status;
    const char *code, *title;
};
const struct err_info *err_info(enum err e); /* ERR_OK: {200, "ok", ""} */

#endif
