/* Text to tree, stricter than jansson alone, whose own limit of nesting is 2048. */
#include "base/field.h"

/* Brackets outside strings; counts only, so that it never has to agree with a parser on more. */
static bool too_deep(const char *text, size_t len) {
    enum { DEPTH_MAX = 32 };
    int depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (c == '"') {
            quoted = !quoted;
        } else if (quoted) {
            if (c == '\\') i++;
        } else if (c == '{' || c == '[') {
            if (++depth > DEPTH_MAX) return true;
        } else if (c == '}' || c == ']') {
            depth--;
        }
    }
    return false;
}

json_t *field_load(const char *text, size_t len, struct field_errors *errors) {
    errors->n = 0;
    if (too_deep(text, len)) {
        field_errors_add(errors, FIELD_SYNTAX, "", "nested deeper than 32 levels");
        return NULL;
    }
    json_error_t e;
    json_t *tree = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &e);
    if (tree) return tree;
    switch (json_error_code(&e)) {
    case json_error_duplicate_key:
        field_errors_add(errors, FIELD_DUPLICATE_KEY, "", "a key stands twice before line %d, column %d",
                         e.line, e.column);
        break;
    case json_error_numeric_overflow:
        field_errors_add(errors, FIELD_OUT_OF_RANGE, "", "a number is too large before line %d, column %d",
                         e.line, e.column);
        break;
    default:
        field_errors_add(errors, FIELD_SYNTAX, "", "not valid JSON at line %d, column %d", e.line, e.column);
    }
    return NULL;
}
