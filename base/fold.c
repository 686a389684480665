#include "base/fold.h"

#include <string.h>

#include "base/auto.h"
#include "base/utf8.h"

struct fold_row {
    uint32_t code;
    char text[10];
};

static const struct fold_row fold_rows[] = {
#include "base/fold_table.h"
};

static uint32_t code_of(const char *s, size_t n) {
    static const unsigned char first_mask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t code = (unsigned char)s[0] & first_mask[n];
    for (size_t i = 1; i < n; i++) code = code << 6 | ((unsigned char)s[i] & 0x3f);
    return code;
}

static int compare(const void *code, const void *row) {
    uint32_t a = *(const uint32_t *)code, b = ((const struct fold_row *)row)->code;
    return (a > b) - (a < b);
}

/* What one character becomes: NULL, itself. */
static const char *folded(uint32_t code, char room[2]) {
    if (code < 0x80) {
        char c = (char)code;
        if (c >= 'A' && c <= 'Z') c = (char)(c | 0x20);
        room[0] = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : ' ';
        return room;
    }
    const struct fold_row *row = bsearch(&code, fold_rows, COUNT_OF(fold_rows), sizeof fold_rows[0], compare);
    return row ? row->text : NULL;
}

void fold_text(struct buf *out, const char *text) {
    bool gap = out->len > 0;
    for (size_t left = strlen(text), n; left > 0; text += n, left -= n) {
        n = utf8_length(text, left);
        if (n == 0) { /* not text: the caller's fault; parts words */
            gap = out->len > 0;
            n = 1;
            continue;
        }
        char room[2] = "";
        const char *piece = folded(code_of(text, n), room);
        size_t piece_len = piece ? strlen(piece) : n;
        if (!piece) piece = text;
        for (size_t i = 0; i < piece_len; i++) {
            if (piece[i] == ' ') {
                gap = out->len > 0;
                continue;
            }
            if (gap) buf_chr(out, ' ');
            gap = false;
            buf_chr(out, piece[i]);
        }
    }
}
