/* What the files of routines share: how a version is shown and named, how a text is judged, what lists ask
 * for. */
#ifndef PEDILUVE_SERVER_API_ROUTINE_VIEW_H
#define PEDILUVE_SERVER_API_ROUTINE_VIEW_H

#include "server/api/app.h"
#include "server/api/list.h"
#include "server/store/routine_store.h"

/* An item of a list. */
void routine_view_brief(struct jsonw *w, const char *key, const struct routine_row *row);
/* The whole version as the answer, with its entity tag. Takes the row over. ERR_OK. */
enum err routine_view_reply(struct request *rq, int status, struct routine_row *row);
/* The version that the path names, {slug} and {version}. */
must_use enum err routine_view_get(struct request *rq, void *worker, struct routine_row *ret);
/* The same, when it is a draft and If-Match allows to change it. */
must_use enum err routine_view_get_draft(struct request *rq, void *worker, struct routine_row *ret);

/* The rules across fields, with pointers below `prefix`; adds to errors. */
bool routine_view_check(const struct routine *r, const char *prefix, struct field_errors *errors);
/* Writes a draft of r, its content as given or, NULL, as the table writes it. Otherwise as
 * routine_write_draft. */
must_use enum err routine_view_write(struct request *rq, void *worker, const struct routine *r,
                                     const char *content, const struct uuid *site_id, const char *expected,
                                     struct routine_row *ret);

/* ---- what lists ask for ---- */

struct routine_query {
    LIST_QUERY
    struct uuid site_id;
    bool has_state, has_type, has_goal, has_hands;
    int32_t state, type, goal, hands;
    char model[33], q[201];
    int32_t duration_min_s, duration_max_s; /* 0: none */
};
#define ROUTINE_FILTERS                                                                                      \
    FIELD_UUID(struct routine_query, site_id, 0),                                                            \
        FIELD_ENUM_HAS(struct routine_query, state, routine_state_names, 0, has_state),                      \
        FIELD_ENUM_HAS(struct routine_query, type, routine_type_names, 0, has_type),                         \
        FIELD_ENUM_HAS(struct routine_query, goal, goal_names, 0, has_goal),                                 \
        FIELD_ENUM_HAS(struct routine_query, hands, routine_hands_names, 0, has_hands),                      \
        FIELD_STR(struct routine_query, model, 1, 0), FIELD_STR(struct routine_query, q, 1, 0),              \
        FIELD_INT(struct routine_query, duration_min_s, 1, PROTO_SESSION_MS_MAX / 1000, 0),                  \
        FIELD_INT(struct routine_query, duration_max_s, 1, PROTO_SESSION_MS_MAX / 1000, 0)

/* The store's filter for the request's query. Its texts live as long as the request. */
must_use enum err routine_view_filter(struct request *rq, const struct routine_query *q,
                                      struct routine_filter *ret);

#endif
