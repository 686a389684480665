#include <criterion/criterion.h>

#include "base/auto.h"
#include "base/jsonw.h"

Test(jsonw, nesting_commas_and_keys_come_out_right) {
    auto_buf struct buf b = BUF_INIT;
    struct jsonw w;
    struct uuid zero = {0}, one = {.b = {[15] = 1}};
    jsonw_init(&w, &b);
    jsonw_object(&w, NULL);
    jsonw_int(&w, "n", -5);
    jsonw_array(&w, "list");
    jsonw_bool(&w, NULL, true);
    jsonw_object(&w, NULL);
    jsonw_object_end(&w);
    jsonw_raw(&w, NULL, "[1]", 3);
    jsonw_array_end(&w);
    jsonw_array(&w, "none");
    jsonw_array_end(&w);
    jsonw_str(&w, "s", NULL);
    jsonw_uuid(&w, "zero", &zero);
    jsonw_uuid(&w, "one", &one);
    jsonw_time(&w, "never", 0);
    jsonw_time(&w, "at", 1795230931042);
    jsonw_object_end(&w);
    cr_expect_str_eq(b.data, "{\"n\":-5,\"list\":[true,{},[1]],\"none\":[],\"s\":null,\"zero\":null,"
                             "\"one\":\"00000000-0000-0000-0000-000000000001\",\"never\":null,"
                             "\"at\":\"2026-11-21T03:15:31.042Z\"}");
}

Test(jsonw, thousandths_are_exact_and_short) {
    static const struct {
        int64_t value;
        const char *text;
    } rows[] = {{38125, "38.125"}, {38500, "38.5"}, {38000, "38"}, {0, "0"},        {5, "0.005"},
                {-500, "-0.5"},    {-1, "-0.001"},  {10, "0.01"},  {1001, "1.001"}, {-40000, "-40"}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        auto_buf struct buf b = BUF_INIT;
        struct jsonw w;
        jsonw_init(&w, &b);
        jsonw_milli(&w, NULL, rows[i].value);
        cr_expect_str_eq(b.data, rows[i].text);
    }
}

Test(jsonw, whatever_the_bytes_of_a_string_the_json_is_valid) {
    static const struct {
        const char *bytes, *text;
    } rows[] = {
        {"", "\"\""},
        {"a\"b\\c/", "\"a\\\"b\\\\c/\""},
        {"\n\t\r\b\f\x01\x1f", "\"\\n\\t\\r\\b\\f\\u0001\\u001f\""},
        {"\x7f", "\"\\u007f\""},
        {"é€🦶", "\"é€🦶\""},
        {"\xff", "\"\xef\xbf\xbd\""},
        {"a\xc3", "\"a\xef\xbf\xbd\""},
        {"\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\""},                 /* overlong */
        {"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""}, /* a surrogate */
        {"\xf4\x90\x80\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        auto_buf struct buf b = BUF_INIT;
        struct jsonw w;
        jsonw_init(&w, &b);
        jsonw_str(&w, NULL, rows[i].bytes);
        cr_expect_str_eq(b.data, rows[i].text);
    }
}
