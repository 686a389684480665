/* The route tables as a tree of path segments, built once. Immutable afterwards: any thread. */
#ifndef PEDILUVE_SERVER_HTTP_ROUTE_H
#define PEDILUVE_SERVER_HTTP_ROUTE_H

#include "server/base/limits.h"
#include "server/http/http.h"

#define ROUTE_TEXT_MAX 64
enum route_param { ROUTE_PARAM_TEXT, ROUTE_PARAM_UUID, ROUTE_PARAM_INT };

struct route_value {
    enum route_param type;
    union {
        struct uuid id;
        int32_t number;
        char text[ROUTE_TEXT_MAX + 1];
    };
};

struct route_match {
    const struct route *route; /* NULL: no such path, or not with this method */
    int index;                 /* of the route, counted through all tables */
    const char *allow;         /* methods of the path, "GET, HEAD, OPTIONS"; NULL: no such path */
    bool bad_param;            /* a parameter does not fit its type: 404, once the token was judged */
    int n;
    struct route_value values[LIMIT_PATH_SEGMENTS];
};

struct route_tree;
struct route_tree *route_tree_new(const struct route_table *tables, size_t n);
void route_tree_free(struct route_tree *t);
int route_tree_count(const struct route_tree *t);
const struct route *route_tree_at(const struct route_tree *t, int index);

/* path: decoded, not NUL-terminated. method: HTTP_METHOD_COUNT for one that no route has. */
void route_find(const struct route_tree *t, enum http_method method, const char *path, size_t len,
                struct route_match *ret);

#endif
