#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdio.h>

#include "base/log.h"

/* What log_write put on stderr, without its time. */
static const char *line_of(char *out, size_t cap) {
    FILE *f = cr_get_redirected_stderr();
    size_t n = fread(out, 1, cap - 1, f);
    out[n] = '\0';
    const char *level = strstr(out, " level=");
    return level ? level + 1 : out;
}

static void redirect(void) { cr_redirect_stderr(); }

TestSuite(log, .init = redirect);

Test(log, keys_follow_the_message) {
    char text[1024];
    log_info("link", "connected|host=%s port=%d", "127.0.0.1", 1883);
    cr_expect_str_eq(line_of(text, sizeof text),
                     "level=info component=link msg=\"connected\" host=127.0.0.1 port=1883\n");
}

Test(log, a_value_cannot_make_a_key_or_a_line_of_its_own) {
    char text[1024];
    log_warn("api", "refused %s|path=%s why=\"%s\" n=%d", "a|b=c", "/x level=error\nfoo=\"1\"", "", 3);
    cr_expect_str_eq(line_of(text, sizeof text), "level=warn component=api msg=\"refused a|b=c\" path=\"/x "
                                                 "level=error\\nfoo=\\\"1\\\"\" why=\"\" n=3\n");
}

Test(log, separators_of_our_own_in_a_value_end_up_inside_the_message) {
    char text[1024];
    log_error("api", "odd|path=%s",
              "a\x1e"
              "b\x1f"
              "c");
    cr_expect_str_eq(line_of(text, sizeof text),
                     "level=error component=api msg=\"odd\\x1dpath\\x1fa\\x1eb\\x1fc\"\n");
}

Test(log, what_is_below_the_level_is_not_written) {
    char text[1024];
    log_debug("api", "quiet");
    log_set_level(LOG_LEVEL_ERROR);
    log_warn("api", "quiet");
    fflush(stderr);
    log_error("api", "loud");
    cr_expect_str_eq(line_of(text, sizeof text), "level=error component=api msg=\"loud\"\n");
}
