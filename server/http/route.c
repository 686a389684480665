/* A tree of segments: literal children are sorted and searched by halves, then the parameter. */
#include "server/http/route.h"

#include <assert.h>
#include <string.h>

#include "base/buf.h"

struct node {
    const char *segment; /* points into the template */
    size_t len;
    struct node **literals; /* sorted by segment */
    int literals_n;
    struct node *param;
    enum route_param param_type; /* of the segment that leads here */
    bool is_param;
    const struct route *routes[HTTP_METHOD_COUNT];
    int index[HTTP_METHOD_COUNT];
    bool any;
    char allow[64];
};

struct route_tree {
    struct node root;
    const struct route **list;
    int n;
};

static const char *const method_names[HTTP_METHOD_COUNT] = {"GET", "POST", "PUT", "PATCH", "DELETE"};

const char *http_method_name(enum http_method m) {
    assert(m >= 0 && m < HTTP_METHOD_COUNT);
    return method_names[m];
}

static int compare(const char *a, size_t a_len, const char *b, size_t b_len) {
    size_t least = a_len < b_len ? a_len : b_len;
    int c = memcmp(a, b, least);
    return c ? c : (a_len > b_len) - (a_len < b_len);
}

/* Where the segment is, or would be: *ret_found says which. */
static int position(const struct node *n, const char *segment, size_t len, bool *ret_found) {
    int low = 0, high = n->literals_n;
    *ret_found = false;
    while (low < high) {
        int mid = (low + high) / 2;
        int c = compare(n->literals[mid]->segment, n->literals[mid]->len, segment, len);
        if (c == 0) {
            *ret_found = true;
            return mid;
        }
        if (c < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static struct node *literal_child(struct node *n, const char *segment, size_t len) {
    bool found;
    int at = position(n, segment, len, &found);
    if (found) return n->literals[at];
    n->literals = xrealloc(n->literals, sizeof(*n->literals) * (size_t)(n->literals_n + 1));
    memmove(&n->literals[at + 1], &n->literals[at], sizeof(*n->literals) * (size_t)(n->literals_n - at));
    n->literals_n++;
    struct node *child = xcalloc(1, sizeof(*child));
    child->segment = segment;
    child->len = len;
    return n->literals[at] = child;
}

static bool ends_with(const char *name, size_t len, const char *end) {
    size_t n = strlen(end);
    return len >= n && memcmp(name + len - n, end, n) == 0;
}

static enum route_param type_of(const char *name, size_t len) {
    if ((len == 2 && !memcmp(name, "id", 2)) || ends_with(name, len, "_id")) return ROUTE_PARAM_UUID;
    if ((len == 7 && !memcmp(name, "version", 7)) || (len == 6 && !memcmp(name, "number", 6)))
        return ROUTE_PARAM_INT;
    return ROUTE_PARAM_TEXT;
}

static struct node *param_child(struct node *n, const char *name, size_t len) {
    if (!n->param) {
        n->param = xcalloc(1, sizeof(*n->param));
        n->param->is_param = true;
        n->param->param_type = type_of(name, len);
    }
    assert(n->param->param_type == type_of(name, len) && "two templates differ in a parameter's type");
    return n->param;
}

static void add(struct route_tree *t, const struct route *r) {
    assert(r->path[0] == '/' && r->handle);
    assert(r->permission > PERMISSION_NONE && r->permission < PERMISSION_COUNT);
    assert(!r->body || r->body_size > 0);
    assert(!r->query || r->query_size > 0);
    struct node *n = &t->root;
    int segments = 0;
    for (const char *p = r->path; *p;) {
        assert(*p == '/');
        const char *segment = ++p;
        while (*p && *p != '/') p++;
        size_t len = (size_t)(p - segment);
        assert(++segments <= LIMIT_PATH_SEGMENTS);
        if (len == 0) { /* "/" itself */
            assert(r->path[1] == '\0');
            break;
        }
        n = segment[0] == '{' ? param_child(n, segment + 1, len - 2) : literal_child(n, segment, len);
    }
    (void)segments;
    assert(!n->routes[r->method] && "two routes with one method and path");
    n->routes[r->method] = r;
    n->index[r->method] = t->n;
    n->any = true;
    t->list = xrealloc(t->list, sizeof(*t->list) * (size_t)(t->n + 1));
    t->list[t->n++] = r;
}

static void write_allow(struct node *n) {
    struct buf b;
    buf_init_fixed(&b, n->allow, sizeof(n->allow));
    for (int m = 0; m < HTTP_METHOD_COUNT; m++) {
        if (!n->routes[m]) continue;
        buf_fmt(&b, "%s, ", method_names[m]);
        if (m == HTTP_GET) buf_str(&b, "HEAD, ");
    }
    buf_str(&b, "OPTIONS");
    assert(!b.overflow);
    for (int i = 0; i < n->literals_n; i++) write_allow(n->literals[i]);
    if (n->param) write_allow(n->param);
}

struct route_tree *route_tree_new(const struct route_table *tables, size_t n) {
    struct route_tree *t = xcalloc(1, sizeof(*t));
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < tables[i].n; k++) add(t, &tables[i].rows[k]);
    write_allow(&t->root);
    return t;
}

static void node_clear(struct node *n) {
    for (int i = 0; i < n->literals_n; i++) {
        node_clear(n->literals[i]);
        free(n->literals[i]);
    }
    free(n->literals);
    if (n->param) node_clear(n->param);
    free(n->param);
}

void route_tree_free(struct route_tree *t) {
    if (!t) return;
    node_clear(&t->root);
    free(t->list);
    free(t);
}

int route_tree_count(const struct route_tree *t) { return t->n; }

const struct route *route_tree_at(const struct route_tree *t, int index) {
    assert(index >= 0 && index < t->n);
    return t->list[index];
}

static bool text_byte(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

static bool read_value(enum route_param type, const char *segment, size_t len, struct route_value *ret) {
    ret->type = type;
    if (type == ROUTE_PARAM_UUID) return uuid_parse(segment, len, &ret->id);
    if (type == ROUTE_PARAM_INT) {
        if (len == 0 || len > 9) return false;
        ret->number = 0;
        for (size_t i = 0; i < len; i++) {
            if (segment[i] < '0' || segment[i] > '9') return false;
            ret->number = ret->number * 10 + (segment[i] - '0');
        }
        return true;
    }
    if (len == 0 || len > ROUTE_TEXT_MAX) return false;
    for (size_t i = 0; i < len; i++)
        if (!text_byte(segment[i])) return false;
    memcpy(ret->text, segment, len);
    ret->text[len] = '\0';
    return true;
}

void route_find(const struct route_tree *t, enum http_method method, const char *path, size_t len,
                struct route_match *ret) {
    ret->route = NULL;
    ret->allow = NULL;
    ret->bad_param = false;
    ret->n = 0;
    if (len == 0 || path[0] != '/') return;
    const struct node *n = &t->root;
    const char *p = path + 1, *end = path + len;
    while (len > 1) {
        const char *stop = memchr(p, '/', (size_t)(end - p));
        size_t segment_len = (size_t)((stop ? stop : end) - p);
        bool found;
        int at = position(n, p, segment_len, &found);
        if (found) {
            n = n->literals[at];
        } else if (n->param && segment_len > 0) {
            n = n->param;
            if (!read_value(n->param_type, p, segment_len, &ret->values[ret->n++])) ret->bad_param = true;
        } else {
            return;
        }
        if (!stop) break;
        p = stop + 1;
    }
    if (!n->any) return;
    ret->allow = n->allow;
    if (method == HTTP_METHOD_COUNT || !n->routes[method]) return;
    ret->route = n->routes[method];
    ret->index = n->index[method];
}
