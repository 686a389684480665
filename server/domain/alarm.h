/* Alarms: what staff have to know of a device. One stands for each (device, kind, fault) at a time. Pure
 * data. */
#ifndef PEDILUVE_DOMAIN_ALARM_H
#define PEDILUVE_DOMAIN_ALARM_H

#include "server/domain/line.h"

/* X(enum, name, severity, ends with its cause, title). What does not end with its cause ends when staff clear
 * it. The database's check names the same kinds. */
#define ALARM_KINDS(X)                                                                                       \
    X(DEVICE_FAULT, "device_fault", CRITICAL, 1, "The unit reports a fault")                                 \
    X(OFFLINE_IN_SESSION, "offline_in_session", CRITICAL, 1, "Nothing is heard of a unit with a session")    \
    X(TEMPERATURE_DRIFT, "temperature_drift", WARNING, 1, "The water does not hold its temperature")         \
    X(CLEANING_OVERDUE, "cleaning_overdue", WARNING, 1, "A disinfection is overdue")                         \
    X(COMMAND_UNKNOWN, "command_unknown", CRITICAL, 0, "The unit has not answered a command")                \
    X(SAMPLES_LOST, "samples_lost", WARNING, 0, "Measurements are lost")

enum alarm_kind {
#define X(e, name, severity, ends, title) ALARM_##e,
    ALARM_KINDS(X)
#undef X
        ALARM_KIND_COUNT
};
extern const char *const alarm_kind_names[ALARM_KIND_COUNT + 1]; /* NULL-terminated */

enum alarm_severity { ALARM_WARNING, ALARM_CRITICAL, ALARM_SEVERITY_COUNT };
extern const char *const alarm_severity_names[ALARM_SEVERITY_COUNT + 1];

/* open: nobody has acknowledged it; cleared: its cause is gone, or staff said that it is dealt with. */
enum alarm_state { ALARM_OPEN, ALARM_ACKNOWLEDGED, ALARM_CLEARED, ALARM_STATE_COUNT };
extern const char *const alarm_state_names[ALARM_STATE_COUNT + 1];

struct alarm_kind_info {
    const char *name, *title;
    enum alarm_severity severity;
    bool ends; /* with its cause */
};
const struct alarm_kind_info *alarm_kind_get(enum alarm_kind kind);
enum alarm_state alarm_state_of(int64_t acknowledged_at, int64_t cleared_at);

#define ALARM_SILENT_MS 30000 /* nothing heard for longer, with a session on the unit: an alarm */
#define ALARM_NOTE_MAX 280    /* characters */

#endif
