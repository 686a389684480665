#include "server/api/publish.h"

#include <string.h>

#include "base/log.h"
#include "server/fleet/event.h"

const char *const api_event_types[] = {"device", "session", "command", "cleaning", "course", "alarm", NULL};

void api_publish(void *hub, const struct uuid *site_id, const char *type, const char *json, size_t len) {
    for (int i = 0; api_event_types[i]; i++)
        if (strcmp(api_event_types[i], type) == 0) {
            sse_publish(hub, i, site_id, json, len);
            return;
        }
    log_error("api", "an event of a type nobody listens to|type=%s", type);
}

static void publish(struct api *api, const struct uuid *site_id, const char *type, const struct buf *json) {
    api_publish(api->parts.hub, site_id, type, json->data, json->len);
}

void publish_session(struct api *api, const struct session_row *row) {
    auto_buf struct buf json = BUF_INIT;
    event_session_write(&json, row);
    publish(api, &row->site_id, "session", &json);
}

void publish_command(struct api *api, const struct command_row *row) {
    auto_buf struct buf json = BUF_INIT;
    event_command_write(&json, row);
    publish(api, &row->site_id, "command", &json);
}

void publish_cleaning(struct api *api, const struct device_row *row) {
    auto_buf struct buf json = BUF_INIT;
    event_cleaning_write(&json, row);
    publish(api, &row->site_id, "cleaning", &json);
}

void publish_course(struct api *api, const struct course_head *row) {
    auto_buf struct buf json = BUF_INIT;
    event_course_write(&json, row);
    publish(api, &row->site_id, "course", &json);
}
