#include <criterion/criterion.h>
#include <string.h>

#include "base/auto.h"
#include "server/domain/icalendar.h"

static struct icalendar_event event(void) {
    return (struct icalendar_event){.uid = "a-1@pediluve",
                                    .sequence = 3,
                                    .changed_at = INT64_C(1764146096123),
                                    .starts_at = INT64_C(1764748800000),
                                    .duration_s = 601,
                                    .summary = "Anna",
                                    .location = "Lakeside",
                                    .status = ICALENDAR_CONFIRMED};
}

Test(icalendar, an_event_has_what_the_standard_wants_of_a_published_one) {
    auto_buf struct buf out = BUF_INIT;
    const struct icalendar_event e = event();
    icalendar_begin(&out, "Anna");
    icalendar_event(&out, &e);
    icalendar_end(&out);
    cr_assert_str_eq(out.data, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Pediluve//Courses//EN\r\n"
                               "CALSCALE:GREGORIAN\r\nMETHOD:PUBLISH\r\nX-WR-CALNAME:Anna\r\n"
                               "REFRESH-INTERVAL;VALUE=DURATION:PT1H\r\n"
                               "BEGIN:VEVENT\r\nUID:a-1@pediluve\r\nDTSTAMP:20251126T083456Z\r\n"
                               "LAST-MODIFIED:20251126T083456Z\r\nDTSTART:20251203T080000Z\r\n"
                               "DURATION:PT11M\r\nSEQUENCE:3\r\nSTATUS:CONFIRMED\r\nSUMMARY:Anna\r\n"
                               "LOCATION:Lakeside\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n");
}

Test(icalendar, text_is_escaped) {
    auto_buf struct buf out = BUF_INIT;
    struct icalendar_event e = event();
    e.summary = "a;b,c\\d\ne:\"f\"";
    icalendar_event(&out, &e);
    cr_assert(strstr(out.data, "\r\nSUMMARY:a\\;b\\,c\\\\d\\ne:\"f\"\r\n"), "%s", out.data);
}

/* Every length around the fold, of characters of one to four bytes: no line is over 75 octets, none is cut
 * within a character, and put together again they are what they were. */
Test(icalendar, long_lines_are_folded_between_characters) {
    static const char *const characters[] = {"x", "\u00e9", "\u8db3", "\U0001f9b6"};
    for (size_t c = 0; c < COUNT_OF(characters); c++)
        for (int n = 1; n < 200; n++) {
            auto_buf struct buf text = BUF_INIT, out = BUF_INIT, back = BUF_INIT;
            for (int i = 0; i < n; i++) buf_str(&text, characters[c]);
            struct icalendar_event e = event();
            e.summary = text.data;
            icalendar_event(&out, &e);
            size_t octets = 0;
            for (const char *p = out.data; *p; p++) {
                if (p[0] == '\r' && p[1] == '\n') {
                    cr_assert_leq(octets, 75);
                    octets = 0;
                    p++;
                    if (p[1] == ' ') { /* counts, and is not part of the text */
                        p++;
                        octets = 1;
                        cr_assert_neq(p[1] & 0xc0, 0x80, "cut within a character");
                    } else {
                        buf_chr(&back, '\n');
                    }
                    continue;
                }
                octets++;
                buf_chr(&back, *p);
            }
            auto_buf struct buf line = BUF_INIT;
            buf_fmt(&line, "\nSUMMARY:%s\n", text.data);
            cr_assert(strstr(back.data, line.data), "%d of %s", n, characters[c]);
        }
}
