/* Query and body through the same field decoder. Query values are text: each is first made the JSON
 * value that its field's type expects; what cannot be made one stays text and is refused there. */
#include <assert.h>
#include <string.h>
#include <strings.h>

#include "server/http/inside.h"

#define DECIMALS_MAX 15 /* characters of a decimal number in a query */

static const struct field *field_named(const struct field *table, const char *name, size_t len) {
    for (; table->type != FIELD_T_END; table++)
        if (strlen(table->name) == len && !memcmp(table->name, name, len)) return table;
    return NULL;
}

static bool is_number(const char *text, size_t len, bool decimals) {
    size_t i = text[0] == '-';
    size_t digits = 0, dots = 0;
    for (; i < len; i++) {
        if (text[i] >= '0' && text[i] <= '9')
            digits++;
        else if (text[i] == '.' && decimals && digits && i + 1 < len)
            dots++;
        else
            return false;
    }
    return digits > 0 && dots <= 1 && len <= (decimals ? DECIMALS_MAX : 18);
}

static json_t *value_of(const struct field *f, const char *text, size_t len);

static json_t *list_of(const struct field *f, const char *text, size_t len) {
    json_t *list = json_array();
    for (const char *p = text, *end = text + len;;) {
        const char *stop = memchr(p, ',', (size_t)(end - p));
        json_array_append_new(list, value_of(f->item, p, (size_t)((stop ? stop : end) - p)));
        if (!stop) return list;
        p = stop + 1;
    }
}

static json_t *value_of(const struct field *f, const char *text, size_t len) {
    json_t *value = NULL;
    char number[24];
    switch (f->type) {
    case FIELD_T_BOOL:
        if (len == 4 && !memcmp(text, "true", 4)) return json_true();
        if (len == 5 && !memcmp(text, "false", 5)) return json_false();
        break;
    case FIELD_T_INT:
    case FIELD_T_MILLI:
        if (!is_number(text, len, f->type == FIELD_T_MILLI)) break;
        memcpy(number, text, len);
        number[len] = '\0';
        value = memchr(number, '.', len) ? json_real(strtod(number, NULL))
                                         : json_integer(strtoll(number, NULL, 10));
        break;
    case FIELD_T_ARRAY:
        if (f->item) return list_of(f, text, len);
        break;
    default: break;
    }
    if (!value) value = json_stringn(text, len); /* NULL when it is not UTF-8 */
    return value ? value : json_null();
}

static enum err refuse(struct request *rq, const char *name, size_t len, enum field_fault fault,
                       const char *detail) {
    char pointer[80];
    struct buf b;
    buf_init_fixed(&b, pointer, sizeof(pointer));
    buf_chr(&b, '/');
    buf_add(&b, name, len < 60 ? len : 60);
    return request_fail_at(rq, ERR_INVALID_QUERY, pointer, field_fault_code(fault), "%s", detail);
}

static enum err take_parameter(struct request *rq, json_t *object, char *text, size_t len) {
    const struct field *table = rq->match.route->query;
    char *equals = memchr(text, '=', len);
    size_t name_len = equals ? (size_t)(equals - text) : len;
    char *value = equals ? equals + 1 : text + len;
    size_t value_len = (size_t)(text + len - value);
    if (!request_unescape(text, name_len, true, text, &name_len) ||
        !request_unescape(value, value_len, true, value, &value_len))
        return request_fail(rq, ERR_INVALID_QUERY, "An escape is not %%XX");
    const struct field *f = table ? field_named(table, text, name_len) : NULL;
    if (!f) {
        request_fail(rq, ERR_INVALID_QUERY, "There is no query parameter \"%.*s\" here",
                     (int)(name_len < 60 ? name_len : 60), text);
        return refuse(rq, text, name_len, FIELD_UNKNOWN_PROPERTY, "is not a parameter of this resource");
    }
    if (json_object_getn(object, text, name_len))
        return refuse(rq, text, name_len, FIELD_DUPLICATE_KEY, "must be given once");
    if (value_len > LIMIT_QUERY_VALUE) return refuse(rq, text, name_len, FIELD_TOO_LONG, "is too long");
    json_object_setn_new(object, text, name_len, value_of(f, value, value_len));
    return ERR_OK;
}

static enum err fail_with(struct request *rq, enum err e, const struct field_errors *errors) {
    for (int i = 0; i < errors->n; i++)
        request_fail_at(rq, e, errors->list[i].pointer, field_fault_code(errors->list[i].fault), "%s",
                        errors->list[i].detail);
    return e;
}

static enum err decode_query(struct request *rq) {
    const struct route *route = rq->match.route;
    bool asked = rq->target.data[rq->path_len] == '?' && rq->target.data[rq->path_len + 1];
    if (!asked && !route->query) return ERR_OK;
    json_t *object = json_object();
    enum err e = ERR_OK;
    if (asked) {
        char *copy = request_alloc(rq, rq->target.len - rq->path_len);
        memcpy(copy, rq->target.data + rq->path_len + 1, rq->target.len - rq->path_len - 1);
        while (!e && copy) {
            char *item = strsep(&copy, "&");
            if (*item) e = take_parameter(rq, object, item, strlen(item));
        }
    }
    if (!e && route->query) {
        struct field_errors errors;
        rq->query_value = request_alloc(rq, route->query_size);
        if (!field_decode(object, route->query, FIELD_REFUSE_UNKNOWN, rq->query_value, route->query_size,
                          &errors))
            e = fail_with(rq, ERR_INVALID_QUERY, &errors);
    }
    json_decref(object);
    return e;
}

static bool is_json(const struct request *rq) {
    const char *type = rq->headers[HEADER_CONTENT_TYPE];
    return type && !strncasecmp(type, "application/json", 16);
}

/* JSON where none is taken: what it asks for would have no effect, so it must ask for nothing. */
static enum err decode_nothing(struct request *rq) {
    static const struct field none[] = {FIELD_END};
    if (rq->body.len == 0 || rq->match.route->method == HTTP_GET || !is_json(rq)) return ERR_OK;
    struct field_errors errors;
    char unused[1];
    if (field_parse(rq->body.data, rq->body.len, none, FIELD_REFUSE_UNKNOWN, unused, sizeof(unused), NULL,
                    &errors))
        return ERR_OK;
    bool syntax = errors.n > 0 && errors.list[0].fault == FIELD_SYNTAX;
    return fail_with(rq, syntax ? ERR_MALFORMED_JSON : ERR_INVALID_BODY, &errors);
}

static enum err decode_body(struct request *rq) {
    const struct route *route = rq->match.route;
    if (!route->body) return decode_nothing(rq);
    if (rq->body.len == 0 && (route->flags & ROUTE_BODY_OPTIONAL)) return ERR_OK;
    if (rq->body.len == 0) return request_fail(rq, ERR_MALFORMED_JSON, "A JSON body is needed");
    struct field_errors errors;
    rq->body_value = request_alloc(rq, route->body_size);
    if (field_parse(rq->body.data, rq->body.len, route->body, FIELD_REFUSE_UNKNOWN, rq->body_value,
                    route->body_size, &rq->tree, &errors))
        return ERR_OK;
    bool syntax = errors.n > 0 && errors.list[0].fault == FIELD_SYNTAX;
    return fail_with(rq, syntax ? ERR_MALFORMED_JSON : ERR_INVALID_BODY, &errors);
}

enum err request_decode(struct request *rq) {
    enum err e = decode_query(rq);
    return e ? e : decode_body(rq);
}
