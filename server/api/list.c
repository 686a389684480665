#include "server/api/list.h"

#include <string.h>

enum err list_begin(struct request *rq, const char *name, size_t key_size, int32_t limit, const char *cursor,
                    struct list *ret) {
    *ret = (struct list){.name = name, .key_size = key_size, .limit = limit ? limit : LIMIT_PAGE_DEFAULT};
    if (!cursor[0]) return ERR_OK;
    enum err e = cursor_decode(name, cursor, &ret->after, key_size);
    return e ? request_fail(rq, e, "send next_cursor back as it was given") : ERR_OK;
}

struct page list_page(const struct list *l) {
    return (struct page){.after = l->after.id, .limit = l->limit + 1};
}

int32_t list_shown(const struct list *l, int32_t n) { return n > l->limit ? l->limit : n; }

void list_items(struct request *rq, struct list *l) {
    l->w = request_json(rq);
    jsonw_object(l->w, NULL);
    jsonw_array(l->w, "items");
}

enum err list_reply(struct request *rq, struct list *l, bool more, const void *last) {
    jsonw_array_end(l->w);
    if (more) {
        char cursor[CURSOR_TEXT_MAX];
        cursor_encode(l->name, last, l->key_size, cursor);
        jsonw_str(l->w, "next_cursor", cursor);
        request_set_next(rq, cursor);
    } else {
        jsonw_null(l->w, "next_cursor");
    }
    jsonw_object_end(l->w);
    request_reply(rq, 200);
    return ERR_OK;
}
