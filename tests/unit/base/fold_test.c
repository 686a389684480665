#include <criterion/criterion.h>
#include <string.h>

#include "base/auto.h"
#include "base/fold.h"

Test(fold, makes_texts_comparable_whatever_their_case_accents_and_script) {
    static const struct {
        const char *text, *words;
    } rows[] = {
        {"", ""},
        {" -- ", ""},
        {"Ten-minute  RELAXING\tfoot massage!", "ten minute relaxing foot massage"},
        {"Fußpflege", "fusspflege"},
        {"FUSSPFLEGE", "fusspflege"},
        {"Crème brûlée", "creme brulee"},
        {"cre\xcc\x80me", "creme"}, /* e and a combining grave */
        {"Ørsted, Łódź", "orsted lodz"},
        {"Массаж стоп", "massazh stop"},
        {"МАССАЖ", "massazh"},
        {"μασάζ Σ ς", "masaz s s"},
        {"ＦＵＬＬ　ｗｉｄｔｈ", "full width"},
        {"ﬁne №7", "fine no7"},
        {"don\xe2\x80\x99t \xe2\x80\x93 stop", "don t stop"},
        {"足つぼ 10", "足つぼ 10"},
        {"İstanbul ısı", "istanbul isi"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        auto_buf struct buf b = BUF_INIT;
        fold_text(&b, rows[i].text);
        cr_expect_str_eq(b.data ? b.data : "", rows[i].words, "%s: %s", rows[i].text, b.data);
    }
}

static size_t utf8_of(uint32_t code, char out[5]) {
    size_t n = code < 0x80 ? 1 : code < 0x800 ? 2 : 3;
    static const unsigned char first[] = {0, 0, 0xc0, 0xe0};
    for (size_t i = n; i-- > 0; code >>= 6) out[i] = (char)(i == 0 ? first[n] | code : 0x80 | (code & 0x3f));
    out[n] = '\0';
    return n;
}

Test(fold, of_what_is_folded_already_changes_nothing) {
    for (uint32_t code = 1; code < 0xfffe; code++) {
        if (code >= 0xd800 && code < 0xe000) continue;
        char text[5];
        auto_buf struct buf once = BUF_INIT, twice = BUF_INIT;
        utf8_of(code, text);
        fold_text(&once, text);
        fold_text(&twice, once.data ? once.data : "");
        cr_assert_eq(once.len, twice.len, "U+%04x", code);
        cr_assert(once.len == 0 || strcmp(once.data, twice.data) == 0, "U+%04x: %s, %s", code, once.data,
                  twice.data);
    }
}

Test(fold, takes_bytes_that_are_no_text_as_gaps) {
    auto_buf struct buf b = BUF_INIT;
    fold_text(&b, "a\xff\xc3"
                  "b\xe2\x82");
    cr_expect_str_eq(b.data, "a b");
}

Test(fold, puts_a_space_between_texts) {
    auto_buf struct buf b = BUF_INIT;
    fold_text(&b, "Heel");
    fold_text(&b, "...");
    fold_text(&b, "Toe");
    cr_expect_str_eq(b.data, "heel toe");
}
