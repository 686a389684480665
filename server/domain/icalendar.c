#include "server/domain/icalendar.h"

#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"

#define FOLD_OCTETS 75 /* without CRLF; the blank of a continued line counts */

static const char *const status_names[] = {
#define X(e, n) n,
    ICALENDAR_STATUSES(X)
#undef X
};

/* Writes one content line, folded. */
static void put_line(struct buf *out, const char *line, size_t len) {
    size_t room = FOLD_OCTETS;
    for (size_t at = 0; at < len;) {
        size_t n = utf8_length(line + at, len - at);
        if (n == 0) n = 1;
        if (n > room) {
            buf_str(out, "\r\n ");
            room = FOLD_OCTETS - 1;
        }
        buf_add(out, line + at, n);
        room -= n;
        at += n;
    }
    buf_str(out, "\r\n");
}

static void put(struct buf *out, const char *name, const char *value) {
    auto_buf struct buf line = BUF_INIT;
    buf_fmt(&line, "%s:%s", name, value);
    put_line(out, line.data, line.len);
}

static void put_text(struct buf *out, const char *name, const char *text) {
    auto_buf struct buf line = BUF_INIT;
    buf_fmt(&line, "%s:", name);
    for (; *text; text++) {
        if (*text == '\n') {
            buf_str(&line, "\\n");
            continue;
        }
        if (strchr("\\;,", *text)) buf_chr(&line, '\\');
        buf_chr(&line, *text);
    }
    put_line(out, line.data, line.len);
}

static void put_time(struct buf *out, const char *name, int64_t wall_ms) {
    char text[CLOCK_TEXT_LEN + 1]; /* 2026-11-21T03:15:31.042Z */
    auto_buf struct buf line = BUF_INIT;
    clock_format(wall_ms, text);
    buf_fmt(&line, "%s:%.4s%.2s%.5s%.2s%.2sZ", name, text, text + 5, text + 8, text + 14, text + 17);
    /* text + 8 is "21T03": day, T and hour stand together already. */
    put_line(out, line.data, line.len);
}

static void put_number(struct buf *out, const char *name, const char *before, long number,
                       const char *after) {
    auto_buf struct buf line = BUF_INIT;
    buf_fmt(&line, "%s:%s%ld%s", name, before, number, after);
    put_line(out, line.data, line.len);
}

void icalendar_begin(struct buf *out, const char *name) {
    put(out, "BEGIN", "VCALENDAR");
    put(out, "VERSION", "2.0");
    put(out, "PRODID", "-//Pediluve//Courses//EN");
    put(out, "CALSCALE", "GREGORIAN");
    put(out, "METHOD", "PUBLISH");
    put_text(out, "X-WR-CALNAME", name);
    put(out, "REFRESH-INTERVAL;VALUE=DURATION", "PT1H");
}

void icalendar_event(struct buf *out, const struct icalendar_event *e) {
    put(out, "BEGIN", "VEVENT");
    put(out, "UID", e->uid);
    put_time(out, "DTSTAMP", e->changed_at);
    put_time(out, "LAST-MODIFIED", e->changed_at);
    put_time(out, "DTSTART", e->starts_at);
    put_number(out, "DURATION", "PT", e->duration_s < 60 ? 1 : (e->duration_s + 59) / 60, "M");
    put_number(out, "SEQUENCE", "", e->sequence, "");
    put(out, "STATUS", status_names[e->status]);
    put_text(out, "SUMMARY", e->summary);
    put_text(out, "LOCATION", e->location);
    put(out, "END", "VEVENT");
}

void icalendar_end(struct buf *out) { put(out, "END", "VCALENDAR"); }
