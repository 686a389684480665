#include "server/domain/line.h"

#include <string.h>

#include "base/utf8.h"

/* Not seen when printed, or turns what follows around: soft hyphen, zero width space and direction marks,
 * line and paragraph separator, byte order mark. The two joiners belong to how some scripts write names. */
static bool is_unprintable(const char *s, size_t n) {
    static const char *const marks[] = {"\u00ad", "\u061c", "\u200b", "\u200e", "\u200f", "\u2028",
                                        "\u2029", "\u202a", "\u202b", "\u202c", "\u202d", "\u202e",
                                        "\u2060", "\u2066", "\u2067", "\u2068", "\u2069", "\ufeff"};
    if (*s == '\n' || *s == '\t') return true;
    for (size_t i = 0; i < COUNT_OF(marks); i++)
        if (strlen(marks[i]) == n && memcmp(marks[i], s, n) == 0) return true;
    return false;
}

bool line_check(const char *text, int chars_max, const char *pointer, struct field_errors *errors) {
    int chars = 0, blank = 0;
    bool printable = true;
    for (size_t left = strlen(text), n; left > 0; text += n, left -= n) {
        n = utf8_length(text, left);
        if (n == 0) n = 1; /* not text: the caller's fault, counted */
        printable = printable && !is_unprintable(text, n);
        blank += *text == ' ' || (n == 2 && memcmp(text, "\u00a0", 2) == 0);
        chars++;
    }
    if (chars > chars_max)
        field_errors_add(errors, FIELD_TOO_LONG, pointer, "must be at most %d characters", chars_max);
    else if (chars == blank)
        field_errors_add(errors, FIELD_TOO_SHORT, pointer, "must have a character that is not blank");
    else if (!printable)
        field_errors_add(errors, FIELD_BAD_FORMAT, pointer, "must be one line of printable characters");
    else
        return true;
    return false;
}
