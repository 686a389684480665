#include "base/utf8.h"

#include <stdint.h>

size_t utf8_length(const char *s, size_t n) {
    unsigned char c = (unsigned char)s[0];
    if (c < 0x80) return 1;
    size_t want = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (c < 0xc2 || c > 0xf4 || want > n) return 0;
    uint32_t point = c & (0xffu >> (want + 1));
    for (size_t i = 1; i < want; i++) {
        unsigned char next = (unsigned char)s[i];
        if ((next & 0xc0) != 0x80) return 0;
        point = point << 6 | (next & 0x3f);
    }
    bool surrogate = point >= 0xd800 && point <= 0xdfff;
    return point < least[want] || point > 0x10ffff || surrogate ? 0 : want;
}

bool utf8_is_text(const char *s, size_t n) {
    for (size_t i = 0; i < n;) {
        unsigned char c = (unsigned char)s[i];
        if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f) return false;
        size_t step = utf8_length(s + i, n - i);
        if (!step) return false;
        bool c1 = c == 0xc2 && (unsigned char)s[i + 1] < 0xa0;
        if (c1) return false;
        i += step;
    }
    return true;
}
