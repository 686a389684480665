/* Lists: {"items":[...],"next_cursor":...} with a Link header, keyset pages, one shape for all. */
#ifndef PEDILUVE_SERVER_API_LIST_H
#define PEDILUVE_SERVER_API_LIST_H

#include "server/http/request.h"
#include "server/store/page.h"

/* Members and rows of every list's query; FIELD rows of the filters follow. */
#define LIST_QUERY                                                                                           \
    int32_t limit;                                                                                           \
    char cursor[CURSOR_TEXT_MAX];
#define LIST_FIELDS(S) FIELD_INT(S, limit, 1, LIMIT_PAGE, 0), FIELD_STR(S, cursor, 1, 0)

#define LIST_SLUG_MAX 65
union list_key { /* of the last row shown; zeroed: from the beginning */
    struct uuid id;
    char slug[LIST_SLUG_MAX];
    int64_t number;
};

struct list {
    const char *name; /* names the list within cursors */
    size_t key_size;
    int32_t limit;        /* items shown at most; stores are asked for one more */
    union list_key after; /* from the cursor */
    struct jsonw *w;
};

/* limit 0 and cursor "" are their defaults. key_size: sizeof the union member used. */
must_use enum err list_begin(struct request *rq, const char *name, size_t key_size, int32_t limit,
                             const char *cursor, struct list *ret);
/* Page for the stores that go by id. */
struct page list_page(const struct list *l);
/* Zeroed room for limit + 1 rows; lives as long as the request. */
#define list_rows(rq, l, T) ((T *)request_alloc((rq), sizeof(T) * (size_t)((l)->limit + 1)))
/* How many of n rows are shown. */
int32_t list_shown(const struct list *l, int32_t n);

/* Writes up to "items":[ ; the caller writes list_shown() items to l->w. */
void list_items(struct request *rq, struct list *l);
/* last: key of the last item shown, when there are more (n > limit); else ignored, may be NULL. */
enum err list_reply(struct request *rq, struct list *l, bool more, const void *last);

#endif
