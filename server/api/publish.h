/* The API's own changes as events, in the shapes of server/fleet/fleet.h. After the commit. */
#ifndef PEDILUVE_SERVER_API_PUBLISH_H
#define PEDILUVE_SERVER_API_PUBLISH_H

#include "server/api/app.h"
#include "server/store/course_store.h"
#include "server/store/session_store.h"

void publish_session(struct api *api, const struct session_row *row);
void publish_command(struct api *api, const struct command_row *row);
void publish_cleaning(struct api *api, const struct device_row *row);
void publish_course(struct api *api, const struct course_head *row);

#endif
