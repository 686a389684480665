#include <criterion/criterion.h>
#include <string.h>

#include "base/auto.h"
#include "base/field.h"
#include "base/uuid.h"

static const char *const colours[] = {"red", "green", "greenish", NULL};

struct leaf {
    int32_t size;
    char label[9];
};
static const struct field leaf_fields[] = {
    FIELD_INT(struct leaf, size, 1, 9, FIELD_REQUIRED),
    FIELD_STR(struct leaf, label, 2, 0),
    FIELD_END,
};

struct plant {
    struct uuid id;
    int8_t tiny;
    int64_t huge;
    int32_t water_c;
    char name[6];
    bool wet, has_wet, has_note, has_leaf;
    char note[21];
    int64_t at;
    int32_t colour;
    int32_t depth; /* absent: -1 */
    int32_t n_leaves, n_tags, n_numbers;
    struct leaf leaves[3], leaf;
    char tags[2][5];
    int16_t numbers[3];
    json_t *extra;
};
static const struct field tag_row = {.type = FIELD_T_STR, .size = 5, .min = 1};
static const struct field number_row = {.type = FIELD_T_INT, .size = sizeof(int16_t), .min = -5, .max = 5};
#define S struct plant
static const struct field plant_fields[] = {
    FIELD_UUID(S, id, FIELD_REQUIRED),
    FIELD_INT(S, tiny, -128, 127, 0),
    FIELD_INT(S, huge, INT64_MIN, INT64_MAX, 0),
    FIELD_MILLI(S, water_c, 10000, 43000, 0),
    FIELD_STR(S, name, 1, FIELD_REQUIRED),
    FIELD_BOOL_HAS(S, wet, 0, has_wet),
    FIELD_STR_HAS(S, note, 0, FIELD_NULLABLE, has_note),
    FIELD_TIME(S, at, 0),
    FIELD_ENUM(S, colour, colours, 0),
    FIELD_INT_OR(S, depth, 0, 100, FIELD_NULLABLE, -1),
    FIELD_ARRAY(S, leaves, n_leaves, 0, leaf_fields, 0),
    FIELD_OBJECT_HAS(S, leaf, leaf_fields, 0, has_leaf),
    FIELD_LIST(S, tags, n_tags, 0, &tag_row, 0),
    FIELD_LIST(S, numbers, n_numbers, 1, &number_row, 0),
    FIELD_JSON(S, extra, 0),
    FIELD_END,
};
#undef S

#define HEAD "{\"id\":\"01a1fc3a-4d62-7000-ae8e-531fa17d6051\",\"name\":\"fern\""

static bool parse(const char *text, struct plant *p, struct field_errors *errors) {
    json_t *tree;
    bool ok =
        field_parse(text, strlen(text), plant_fields, FIELD_REFUSE_UNKNOWN, p, sizeof *p, &tree, errors);
    json_decref(tree);
    return ok;
}

Test(fields, every_type_finds_its_member) {
    struct plant p;
    struct field_errors errors;
    json_t *tree;
    static const char text[] = HEAD
        ",\"tiny\":-128,\"huge\":-9223372036854775808,\"water_c\":38.125,\"wet\":false,\"note\":\"a\\nb\","
        "\"at\":\"2026-11-21T03:15:31.042Z\",\"colour\":\"greenish\",\"depth\":7,\"leaves\":[{\"size\":1},{"
        "\"size\":9,"
        "\"label\":\"big\"}],\"leaf\":{\"size\":2},\"tags\":[\"a\",\"b\"],\"numbers\":[-5,0,5],\"extra\":{"
        "\"k\":[1]}}";
    cr_assert(
        field_parse(text, sizeof text - 1, plant_fields, FIELD_REFUSE_UNKNOWN, &p, sizeof p, &tree, &errors),
        "%s %s", errors.list[0].pointer, errors.list[0].detail);
    cr_expect_eq(p.id.b[15], 0x51);
    cr_expect_eq(p.tiny, -128);
    cr_expect_eq(p.huge, INT64_MIN);
    cr_expect_eq(p.water_c, 38125);
    cr_expect_str_eq(p.name, "fern");
    cr_expect(p.has_wet && !p.wet);
    cr_expect(p.has_note);
    cr_expect_str_eq(p.note, "a\nb");
    cr_expect_eq(p.at, 1795230931042);
    cr_expect_eq(p.colour, 2);
    cr_expect_eq(p.depth, 7);
    cr_expect_eq(p.n_leaves, 2);
    cr_expect_str_eq(p.leaves[1].label, "big");
    cr_expect(p.has_leaf && p.leaf.size == 2);
    cr_expect_eq(p.n_tags, 2);
    cr_expect_str_eq(p.tags[1], "b");
    cr_expect_eq(p.n_numbers, 3);
    cr_expect_eq(p.numbers[0], -5);
    cr_expect_eq(json_integer_value(json_array_get(json_object_get(p.extra, "k"), 0)), 1);
    json_decref(tree);
}

Test(fields, what_is_absent_has_its_default_and_no_flag) {
    struct plant p;
    struct field_errors errors;
    cr_assert(parse(HEAD ",\"note\":null}", &p, &errors));
    cr_expect_eq(p.depth, -1);
    cr_expect_not(p.has_note);
    cr_expect_not(p.has_wet);
    cr_expect_not(p.has_leaf);
    cr_expect_null(p.extra);
}

static const struct {
    const char *tail, *pointer;
    enum field_fault fault;
} faults[] = {
    {",\"tiny\":128}", "/tiny", FIELD_OUT_OF_RANGE},
    {",\"tiny\":1.0}", "/tiny", FIELD_WRONG_TYPE},
    {",\"tiny\":null}", "/tiny", FIELD_WRONG_TYPE},
    {",\"tiny\":\"1\"}", "/tiny", FIELD_WRONG_TYPE},
    {",\"tiny\":true}", "/tiny", FIELD_WRONG_TYPE},
    {",\"huge\":9223372036854775808}", "", FIELD_OUT_OF_RANGE},
    {",\"water_c\":38.1255}", "/water_c", FIELD_BAD_FORMAT},
    {",\"water_c\":43.001}", "/water_c", FIELD_OUT_OF_RANGE},
    {",\"water_c\":9}", "/water_c", FIELD_OUT_OF_RANGE},
    {",\"water_c\":1e300}", "/water_c", FIELD_OUT_OF_RANGE},
    {",\"water_c\":9223372036854775807}", "/water_c", FIELD_OUT_OF_RANGE},
    {",\"water_c\":\"38\"}", "/water_c", FIELD_WRONG_TYPE},
    {",\"wet\":1}", "/wet", FIELD_WRONG_TYPE},
    {",\"note\":\"123456789012345678901\"}", "/note", FIELD_TOO_LONG},
    {",\"note\":\"a\\u0007\"}", "/note", FIELD_BAD_FORMAT},
    {",\"note\":\"a\\u0000\"}", "", FIELD_SYNTAX},
    {",\"at\":\"yesterday\"}", "/at", FIELD_BAD_FORMAT},
    {",\"at\":1795230931042}", "/at", FIELD_WRONG_TYPE},
    {",\"colour\":\"gree\"}", "/colour", FIELD_NOT_ONE_OF},
    {",\"colour\":\"greenis\"}", "/colour", FIELD_NOT_ONE_OF},
    {",\"colour\":0}", "/colour", FIELD_WRONG_TYPE},
    {",\"leaves\":{}}", "/leaves", FIELD_WRONG_TYPE},
    {",\"leaves\":[{\"size\":1},{\"size\":0}]}", "/leaves/1/size", FIELD_OUT_OF_RANGE},
    {",\"leaves\":[{\"size\":1},7]}", "/leaves/1", FIELD_WRONG_TYPE},
    {",\"leaves\":[{},{\"size\":1}]}", "/leaves/0/size", FIELD_MISSING},
    {",\"leaves\":[{\"size\":1,\"label\":\"x\"}]}", "/leaves/0/label", FIELD_TOO_SHORT},
    {",\"leaves\":[{\"size\":1},{\"size\":1},{\"size\":1},{\"size\":1}]}", "/leaves", FIELD_TOO_MANY},
    {",\"leaf\":{\"size\":1,\"x\":1}}", "/leaf/x", FIELD_UNKNOWN_PROPERTY},
    {",\"leaf\":{\"size\":1,\"\":1}}", "/leaf/", FIELD_UNKNOWN_PROPERTY},
    {",\"tags\":[\"a\",\"12345\"]}", "/tags/1", FIELD_TOO_LONG},
    {",\"tags\":[\"a\",\"\"]}", "/tags/1", FIELD_TOO_SHORT},
    {",\"numbers\":[]}", "/numbers", FIELD_TOO_SHORT},
    {",\"numbers\":[1,6]}", "/numbers/1", FIELD_OUT_OF_RANGE},
    {",\"extra\":[]}", "/extra", FIELD_WRONG_TYPE},
    {",\"a~/b\":1}", "/a~0~1b", FIELD_UNKNOWN_PROPERTY},
    {",\"name\":\"x\"}", "", FIELD_DUPLICATE_KEY},
    {"} ]", "", FIELD_SYNTAX},
    {",}", "", FIELD_SYNTAX},
};

Test(fields, a_fault_is_named_by_its_pointer) {
    for (size_t i = 0; i < COUNT_OF(faults); i++) {
        char text[400];
        struct plant p;
        struct field_errors errors;
        snprintf(text, sizeof text, HEAD "%s", faults[i].tail);
        cr_expect_not(parse(text, &p, &errors), "%s", text);
        cr_expect_eq(errors.n, 1, "%s: %d errors", text, errors.n);
        cr_expect_str_eq(errors.list[0].pointer, faults[i].pointer, "%s: %s", text, errors.list[0].pointer);
        cr_expect_eq(errors.list[0].fault, faults[i].fault, "%s: %s", text,
                     field_fault_code(errors.list[0].fault));
    }
}

Test(fields, an_unknown_key_is_ignored_when_nobody_minds) {
    struct plant p;
    struct field_errors errors;
    static const char text[] = HEAD ",\"later\":1}";
    cr_expect(field_parse(text, sizeof text - 1, plant_fields, 0, &p, sizeof p, NULL, &errors));
    cr_expect_not(parse(text, &p, &errors));
}

Test(fields, all_faults_are_named_in_the_order_of_the_table_up_to_a_limit) {
    struct plant p;
    struct field_errors errors;
    cr_expect_not(parse("{\"zzz\":1,\"colour\":\"blue\",\"tiny\":999}", &p, &errors));
    cr_expect_eq(errors.n, 5);
    cr_expect_str_eq(errors.list[0].pointer, "/id");
    cr_expect_str_eq(errors.list[1].pointer, "/tiny");
    cr_expect_str_eq(errors.list[2].pointer, "/name");
    cr_expect_str_eq(errors.list[3].pointer, "/colour");
    cr_expect_str_eq(errors.list[4].pointer, "/zzz");

    char text[2000] = HEAD;
    for (int i = 0; i < FIELD_ERRORS_MAX + 5; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), ",\"k%d\":1", i);
    strcat(text, "}");
    cr_expect_not(parse(text, &p, &errors));
    cr_expect_eq(errors.n, FIELD_ERRORS_MAX);
}

Test(fields, a_decimal_is_exact_to_the_thousandth) {
    for (int32_t milli = 10000; milli <= 43000; milli++) {
        char text[200];
        struct plant p;
        struct field_errors errors;
        snprintf(text, sizeof text, HEAD ",\"water_c\":%d.%03d}", milli / 1000, milli % 1000);
        cr_assert(parse(text, &p, &errors), "%s", text);
        cr_assert_eq(p.water_c, milli);
        snprintf(text, sizeof text, "{\"water_c\": %d.%03d0,%s}", milli / 1000, milli % 1000, &HEAD[1]);
        cr_assert(parse(text, &p, &errors), "%s", text); /* the long way */
        cr_assert_eq(p.water_c, milli);
        snprintf(text, sizeof text, HEAD ",\"water_c\":%d.%03d1}", milli / 1000, milli % 1000);
        cr_assert_not(parse(text, &p, &errors), "%s", text);
    }
}

Test(fields, what_is_written_is_read_back_the_same) {
    struct plant p = {.id = {.b = {1}},
                      .tiny = -3,
                      .water_c = 38500,
                      .name = "fern",
                      .has_wet = true,
                      .at = 1795230931042,
                      .colour = 1,
                      .depth = 0,
                      .n_leaves = 1,
                      .leaves = {{4, "leaf"}},
                      .n_numbers = 2,
                      .numbers = {1, -2}};
    auto_buf struct buf out = BUF_INIT;
    struct jsonw w;
    jsonw_init(&w, &out);
    field_write(&w, NULL, plant_fields, &p);
    cr_expect_str_eq(
        out.data, "{\"id\":\"01000000-0000-0000-0000-000000000000\",\"tiny\":-3,\"water_c\":38.5,"
                  "\"name\":\"fern\",\"wet\":false,\"at\":\"2026-11-21T03:15:31.042Z\",\"colour\":\"green\","
                  "\"depth\":0,\"leaves\":[{\"size\":4,\"label\":\"leaf\"}],\"numbers\":[1,-2]}");
    struct plant again;
    struct field_errors errors;
    cr_assert(parse(out.data, &again, &errors), "%s", errors.list[0].pointer);
    auto_buf struct buf same = BUF_INIT;
    jsonw_init(&w, &same);
    field_write(&w, NULL, plant_fields, &again);
    cr_expect_str_eq(same.data, out.data);
}

Test(fields, a_struct_built_in_c_is_held_to_the_same_bounds) {
    struct plant p = {.id = {.b = {1}}, .name = "fern", .depth = 101, .colour = 3, .n_leaves = 1};
    struct field_errors errors;
    cr_expect_not(field_check(plant_fields, &p, &errors));
    cr_expect_eq(errors.n, 3);
    cr_expect_str_eq(errors.list[0].pointer, "/colour");
    cr_expect_str_eq(errors.list[1].pointer, "/depth");
    cr_expect_str_eq(errors.list[2].pointer, "/leaves/0/size");
    p.depth = -1;
    p.colour = 0;
    p.leaves[0].size = 1;
    cr_expect(field_check(plant_fields, &p, &errors), "%s", errors.list[0].pointer);
}

Test(fields, nesting_is_limited_but_brackets_in_strings_do_not_count) {
    struct field_errors errors;
    char text[200] = "";
    memset(text, '[', 33);
    memset(text + 33, ']', 33);
    cr_expect_null(field_load(text, 66, &errors));
    cr_expect_str_eq(errors.list[0].detail, "nested deeper than 32 levels");
    json_t *tree = field_load(text + 1, 64, &errors);
    cr_expect_not_null(tree);
    json_decref(tree);
    static const char strings[] = "\"\\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"";
    tree = field_load(strings, sizeof strings - 1, &errors);
    cr_expect_not_null(tree);
    json_decref(tree);
}

Test(fields, every_fault_has_a_code) {
    for (int i = 0; i <= FIELD_SYNTAX; i++) cr_expect_str_neq(field_fault_code(i), "unknown");
    cr_expect_str_eq(field_fault_code(FIELD_UNKNOWN_PROPERTY), "unknown_property");
}

/* The quick way takes whatever it has got to the end of, so the end itself must be there. */
Test(fields, a_text_that_is_cut_anywhere_is_refused) {
    struct point {
        int32_t n, list_n;
        int32_t list[4];
    };
    static const struct field item[] = {
        {.type = FIELD_T_INT, .size = 4, .max = 9, .has_offset = FIELD_NO_HAS}};
    static const struct field table[] = {FIELD_INT(struct point, n, 0, 9, 0),
                                         FIELD_LIST(struct point, list, list_n, 0, item, 0), FIELD_END};
    static const char *const texts[] = {"{}", "{\"n\":1}", "{\"list\":[]}", "{\"n\":1,\"list\":[1,2]}"};
    for (size_t t = 0; t < COUNT_OF(texts); t++) {
        struct point p;
        struct field_errors errors;
        cr_expect(field_parse(texts[t], strlen(texts[t]), table, 0, &p, sizeof(p), NULL, &errors), "%s",
                  texts[t]);
        for (size_t len = 0; len < strlen(texts[t]); len++)
            cr_expect_not(field_parse(texts[t], len, table, 0, &p, sizeof(p), NULL, &errors),
                          "%zu bytes of %s", len, texts[t]);
    }
}
