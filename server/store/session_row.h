/* A session's columns and their reader, for the stores whose statements give sessions. */
#ifndef PEDILUVE_SERVER_STORE_SESSION_ROW_H
#define PEDILUVE_SERVER_STORE_SESSION_ROW_H

#include "server/store/db_query.h"
#include "server/store/session_store.h"

#define SESSION_ROW_COLUMNS(s)                                                                               \
    s "id, " s "device_id, " s "site_id, " s "created_by, " s "routine_slug, " s "routine_version, " s       \
      "state, " s "reason, " s "step, " s "step_count, " s "elapsed_ms, " s "remaining_ms, " s               \
      "intensity, " s "target_mdegc, " s "requested_at, " s "started_at, " s "ended_at, " s "version, " s    \
      "guest, " s "duration_ms, " s "trial"

/* All of them; leaves intake and screening NULL. */
void session_row_read(struct db_reader *r, struct session_row *row);

#endif
