/* Known answers (RFC 4231, RFC 4648, FIPS 180-4) and strictness. */
#include <criterion/criterion.h>
#include <string.h>

#include "server/base/crypto.h"

static void check_hex(const uint8_t hash[32], const char *wanted) {
    char text[65];
    crypto_hex(hash, 32, text);
    cr_expect_str_eq(text, wanted);
}

Test(crypto, hashes_have_their_known_answers) {
    uint8_t hash[32];
    cr_assert(crypto_init());
    crypto_sha256("abc", 3, hash);
    check_hex(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    crypto_hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, hash);
    check_hex(hash, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

Test(crypto, pieces_do_not_run_into_each_other) {
    uint8_t one[32], two[32];
    const struct crypto_piece a[] = {{"ab", 2}, {"c", 1}}, b[] = {{"a", 1}, {"bc", 2}};
    crypto_sha256_pieces(a, 2, one);
    crypto_sha256_pieces(b, 2, two);
    cr_assert(memcmp(one, two, 32) != 0);
}

static const struct {
    const char *bytes, *text;
} base64[] = {{"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
              {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff\xfe", "-__-"}};

Test(crypto, base64url_goes_both_ways) {
    for (size_t i = 0; i < COUNT_OF(base64); i++) {
        char text[32];
        uint8_t back[32];
        size_t n = strlen(base64[i].bytes), len;
        cr_assert(crypto_base64url(base64[i].bytes, n, text, CRYPTO_BASE64_LEN(n)));
        cr_expect_str_eq(text, base64[i].text);
        if (n) cr_expect_not(crypto_base64url(base64[i].bytes, n, text, CRYPTO_BASE64_LEN(n) - 1));
        cr_assert(crypto_base64url_parse(base64[i].text, strlen(base64[i].text), back, n, &len));
        cr_expect(len == n && !memcmp(back, base64[i].bytes, n));
    }
}

Test(crypto, base64url_takes_one_text_for_one_value) {
    static const char *const bad[] = {"Zg==", "Zh", "Zm9", "Z", "Zg ", "+_8", "Zm9v\n", "Zm9vY"};
    uint8_t out[32];
    size_t len;
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        cr_expect_not(crypto_base64url_parse(bad[i], strlen(bad[i]), out, sizeof(out), &len), "%s", bad[i]);
    cr_expect_not(crypto_base64url_parse("Zm9v", 4, out, 2, &len), "beyond the room");
}

Test(crypto, equal_is_equal) {
    cr_assert(crypto_equal("abc", "abc", 3));
    cr_assert_not(crypto_equal("abc", "abd", 3));
    uint8_t a[16] = {0}, b[16] = {0};
    crypto_random(a, 16);
    crypto_random(b, 16);
    cr_assert_not(crypto_equal(a, b, 16));
    crypto_wipe(a, 16);
    cr_assert(crypto_equal(a, (uint8_t[16]){0}, 16));
}

Test(crypto, a_password_fits_its_own_hash_and_no_other) {
    char one[CRYPTO_PASSWORD_LEN], again[CRYPTO_PASSWORD_LEN];
    cr_assert(crypto_password_hash("warm feet at seven", one));
    cr_assert(crypto_password_hash("warm feet at seven", again));
    cr_assert_str_neq(one, again, "the salt is random");
    cr_assert(crypto_password_fits(one, "warm feet at seven"));
    cr_assert_not(crypto_password_fits(one, "warm feet at eight"));
    cr_assert_not(crypto_password_fits(one, ""));
    one[strlen(one) - 1] ^= 1;
    cr_assert_not(crypto_password_fits(one, "warm feet at seven"));
}

Test(crypto, nothing_fits_who_has_no_password) {
    static const char *const hashes[] = {NULL, "", "nonsense", "$argon2id$v=19$m=65536,t=2,p=1$"};
    for (size_t i = 0; i < COUNT_OF(hashes); i++) {
        cr_expect_not(crypto_password_fits(hashes[i], "warm feet at seven"));
        cr_expect_not(crypto_password_fits(hashes[i], ""));
    }
}

/* The hash that stands for somebody unknown costs as much as a real one only while it has the same numbers.
 */
Test(crypto, a_hash_has_the_numbers_of_the_one_that_nothing_fits) {
    char hash[CRYPTO_PASSWORD_LEN];
    cr_assert(crypto_password_hash("x", hash));
    cr_assert_eq(strncmp(hash, CRYPTO_PASSWORD_NUMBERS, strlen(CRYPTO_PASSWORD_NUMBERS)), 0, "%s", hash);
}
