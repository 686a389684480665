#include <criterion/criterion.h>

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

Test(fold, puts_a_space_between_texts) {
    auto_buf struct buf b = BUF_INIT;
    fold_text(&b, "Heel");
    fold_text(&b, "...");
    fold_text(&b, "Toe");
    cr_expect_str_eq(b.data, "heel toe");
}
