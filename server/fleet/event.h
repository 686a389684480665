/* The JSON of the fleet's server-sent events; their fields are listed in fleet.h. Thread-safe. */
#ifndef PEDILUVE_SERVER_FLEET_EVENT_H
#define PEDILUVE_SERVER_FLEET_EVENT_H

#include "base/buf.h"
#include "protocol/message.h"
#include "server/fleet/live.h"
#include "server/store/alarm_store.h"
#include "server/store/command_store.h"
#include "server/store/course_store.h"
#include "server/store/session_store.h"

void event_device_write(struct buf *out, const struct live_device *d);
void event_session_write(struct buf *out, const struct session_row *s);
void event_command_write(struct buf *out, const struct command_row *c);
void event_cleaning_write(struct buf *out, const struct device_row *d);
void event_alarm_write(struct buf *out, const struct alarm_row *a);
void event_course_write(struct buf *out, const struct course_head *c);

#endif
