#include "server/domain/alarm.h"

#define X(e, name, severity, ends, title) name,
const char *const alarm_kind_names[ALARM_KIND_COUNT + 1] = {ALARM_KINDS(X)};
#undef X
const char *const alarm_severity_names[ALARM_SEVERITY_COUNT + 1] = {"warning", "critical"};
const char *const alarm_state_names[ALARM_STATE_COUNT + 1] = {"open", "acknowledged", "cleared"};

static const struct alarm_kind_info kinds[ALARM_KIND_COUNT] = {
#define X(e, name, severity, ends, title) {name, title, ALARM_##severity, ends},
    ALARM_KINDS(X)
#undef X
};

const struct alarm_kind_info *alarm_kind_get(enum alarm_kind kind) { return &kinds[kind]; }

enum alarm_state alarm_state_of(int64_t acknowledged_at, int64_t cleared_at) {
    return cleared_at ? ALARM_CLEARED : acknowledged_at ? ALARM_ACKNOWLEDGED : ALARM_OPEN;
}
