/* iCalendar (RFC 5545), as much as a feed of appointments needs: one VCALENDAR of METHOD:PUBLISH with events
 * whose times are UTC, so that no time zone has to be described. Lines end with CRLF and are folded at 75
 * octets, never within a character. Pure; thread-safe. */
#ifndef PEDILUVE_DOMAIN_ICALENDAR_H
#define PEDILUVE_DOMAIN_ICALENDAR_H

#include "base/buf.h"

/* X(enum, name) */
#define ICALENDAR_STATUSES(X) X(CONFIRMED, "CONFIRMED") X(TENTATIVE, "TENTATIVE") X(CANCELLED, "CANCELLED")
enum icalendar_status {
#define X(e, n) ICALENDAR_##e,
    ICALENDAR_STATUSES(X)
#undef X
        ICALENDAR_STATUS_COUNT
};

struct icalendar_event {
    const char *uid;    /* the same for the same event for ever */
    int32_t sequence;   /* rises with each change */
    int64_t changed_at; /* wall ms; DTSTAMP and LAST-MODIFIED */
    int64_t starts_at;
    int32_t duration_s;             /* at least a minute is said */
    const char *summary, *location; /* any text; escaped here */
    enum icalendar_status status;
};

void icalendar_begin(struct buf *out, const char *name);
void icalendar_event(struct buf *out, const struct icalendar_event *e);
void icalendar_end(struct buf *out);

#endif
