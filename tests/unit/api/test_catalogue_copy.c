/* A site's copy against the product's entry, with members of every type that a schema may mark as editable.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "server/api/catalogue_copy.h"

static const struct catalogue_editable editables[] = {
    {"things", "/name", CATALOGUE_TEXT, 1, 5, ""},
    {"things", "/note", CATALOGUE_TEXT, 1, 5, ""},
    {"things", "/spoons", CATALOGUE_INTEGER, 1, 4, ""},
    {"things", "/parts/*/share", CATALOGUE_NUMBER, 0.1, 0.9, ""},
    {"things", "/outcome", CATALOGUE_CHOICE, 0, 0, " limited refused "},
    {"things", "/barred", CATALOGUE_LIST, 1, 2, " heat bath sudden "},
    {"things", "/caps/most", CATALOGUE_INTEGER, 1, 9, ""},
};

#define PRODUCT                                                                                              \
    "{\"id\":\"a\",\"name\":\"A\",\"spoons\":2,\"parts\":[{\"of\":\"x\",\"share\":0.5},{\"of\":\"y\","       \
    "\"share\":0.25}],"                                                                                      \
    "\"outcome\":\"limited\",\"barred\":[\"heat\"],\"level\":38.0}"

static json_t *load(const char *text) {
    struct field_errors errors;
    json_t *tree = field_load(text, strlen(text), &errors);
    cr_assert(tree, "%s: %s", text, errors.list[0].detail);
    return tree;
}

/* The product's entry with these members in place of its own; an empty object takes the member away. */
static json_t *changed(const char *changes) {
    json_t *tree = load(PRODUCT), *other = load(changes);
    const char *key;
    json_t *value;
    json_object_foreach(other, key, value) {
        if (json_is_object(value) && json_object_size(value) == 0)
            json_object_del(tree, key);
        else
            json_object_set(tree, key, value);
    }
    json_decref(other);
    return tree;
}

Test(catalogue_copy, takes_what_a_site_may_change_within_its_bounds) {
    static const char *const rows[] = {
        "{}",
        "{\"name\": \"Other\"}",
        "{\"name\": \"\xe8\xb6\xb3\xe8\xb6\xb3\xe8\xb6\xb3\xe8\xb6\xb3\xe8\xb6\xb3\"}", /* five characters */
        "{\"note\": \"New\"}", /* the product has none */
        "{\"spoons\": 4}",
        "{\"parts\": [{\"of\": \"x\", \"share\": 0.9}, {\"of\": \"y\", \"share\": 0.1}]}",
        "{\"outcome\": \"refused\"}",
        "{\"barred\": [\"bath\", \"sudden\"]}",
        "{\"caps\": {\"most\": 9}}", /* the product has none of it */
        "{\"level\": 38}",           /* the same number, spelled otherwise */
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct field_errors errors;
        json_t *product = load(PRODUCT), *copy = changed(rows[i]);
        json_t *merged = catalogue_copy_merge(editables, COUNT_OF(editables), product, copy, &errors);
        cr_expect_eq(errors.n, 0, "%s: %s %s", rows[i], errors.list[0].pointer, errors.list[0].detail);
        json_object_set(copy, "level", json_object_get(product, "level"));
        cr_expect(json_equal(merged, copy), "%s", rows[i]);
        json_decref(product);
        json_decref(copy);
        json_decref(merged);
    }
}

Test(catalogue_copy, leaves_the_rest_as_the_product_has_it_and_names_it) {
    static const struct {
        const char *changes, *pointer;
        enum field_fault fault;
    } rows[] = {
        {"{\"name\": \"Others\"}", "/name", FIELD_TOO_LONG},
        {"{\"name\": \"\"}", "/name", FIELD_TOO_SHORT},
        {"{\"name\": 7}", "/name", FIELD_WRONG_TYPE},
        {"{\"name\": \"a\\u0007\"}", "/name", FIELD_BAD_FORMAT},
        {"{\"name\": {}}", "/name", FIELD_MISSING},
        {"{\"note\": \"Too long\"}", "/note", FIELD_TOO_LONG},
        {"{\"spoons\": 5}", "/spoons", FIELD_OUT_OF_RANGE},
        {"{\"spoons\": 2.0}", "/spoons", FIELD_WRONG_TYPE},
        {"{\"parts\": [{\"of\": \"x\", \"share\": 0.5}, {\"of\": \"y\", \"share\": 1}]}", "/parts/1/share",
         FIELD_OUT_OF_RANGE},
        {"{\"parts\": [{\"of\": \"x\", \"share\": 0.5}, {\"of\": \"z\", \"share\": 0.25}]}", "/parts/1/of",
         FIELD_NOT_ONE_OF},
        {"{\"parts\": [{\"of\": \"x\", \"share\": 0.5}]}", "/parts", FIELD_NOT_ONE_OF},
        {"{\"parts\": 7}", "/parts", FIELD_NOT_ONE_OF},
        {"{\"parts\": [{\"of\": \"x\", \"share\": 0.5, \"*\": 1}, {\"of\": \"y\", \"share\": 0.25}]}",
         "/parts/0/*", FIELD_UNKNOWN_PROPERTY},
        {"{\"outcome\": \"allowed\"}", "/outcome", FIELD_NOT_ONE_OF},
        {"{\"outcome\": [\"refused\"]}", "/outcome", FIELD_WRONG_TYPE},
        {"{\"barred\": []}", "/barred", FIELD_TOO_SHORT},
        {"{\"barred\": [\"heat\", \"bath\", \"sudden\"]}", "/barred", FIELD_TOO_MANY},
        {"{\"barred\": [\"heat\", \"heat\"]}", "/barred/1", FIELD_NOT_ONE_OF},
        {"{\"barred\": [\"heat\", 1]}", "/barred/1", FIELD_WRONG_TYPE},
        {"{\"barred\": \"heat\"}", "/barred", FIELD_WRONG_TYPE},
        {"{\"caps\": {\"most\": 10}}", "/caps/most", FIELD_OUT_OF_RANGE},
        {"{\"caps\": {\"least\": 1}}", "/caps/least", FIELD_UNKNOWN_PROPERTY},
        {"{\"caps\": 7}", "/caps", FIELD_UNKNOWN_PROPERTY},
        {"{\"cap\": {\"most\": 9}}", "/cap", FIELD_UNKNOWN_PROPERTY},
        {"{\"level\": 39}", "/level", FIELD_NOT_ONE_OF},
        {"{\"id\": \"b\"}", "/id", FIELD_NOT_ONE_OF},
        {"{\"m~n/o\": 1}", "/m~0n~1o", FIELD_UNKNOWN_PROPERTY},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct field_errors errors;
        json_t *product = load(PRODUCT), *copy = changed(rows[i].changes);
        json_t *merged = catalogue_copy_merge(editables, COUNT_OF(editables), product, copy, &errors);
        cr_assert_eq(errors.n, 1, "%s: %d errors", rows[i].changes, (int)errors.n);
        cr_expect_str_eq(errors.list[0].pointer, rows[i].pointer, "%s", rows[i].changes);
        cr_expect_eq(errors.list[0].fault, rows[i].fault, "%s: %s", rows[i].changes, errors.list[0].detail);
        cr_expect(json_equal(merged, product), "%s has no effect", rows[i].changes);
        json_decref(product);
        json_decref(copy);
        json_decref(merged);
    }
}

Test(catalogue_copy, of_a_copy_that_is_partly_wrong_the_right_part_counts) {
    struct field_errors errors;
    json_t *product = load(PRODUCT), *copy = changed("{\"name\": \"Right\", \"level\": 43, \"spoons\": 9}");
    json_t *merged = catalogue_copy_merge(editables, COUNT_OF(editables), product, copy, &errors);
    cr_expect_eq(errors.n, 2);
    cr_expect_str_eq(json_string_value(json_object_get(merged, "name")), "Right");
    cr_expect_eq(json_number_value(json_object_get(merged, "level")), 38.0);
    cr_expect_eq(json_integer_value(json_object_get(merged, "spoons")), 2);
    json_decref(product);
    json_decref(copy);
    json_decref(merged);
}
