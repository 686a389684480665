/* A command's columns and their reader, for the stores whose statements give commands. */
#ifndef PEDILUVE_SERVER_STORE_COMMAND_ROW_H
#define PEDILUVE_SERVER_STORE_COMMAND_ROW_H

#include "server/store/command_store.h"
#include "server/store/db_query.h"

/* As a list in SQL; in the words of the partial indexes of schema/, which are used only so. */
#define COMMAND_UNFINISHED "('pending', 'sent', 'accepted', 'running', 'unknown')"

#define COMMAND_ROW_SHORT_COLUMNS(c)                                                                         \
    c "id, " c "device_id, " c "site_id, " c "session_id, " c "self_test_id, " c "created_by, " c "seq, " c  \
      "epoch, " c "type, " c "state, " c "code, " c "detail, " c "expires_at, " c "created_at, " c           \
      "sent_at, " c "acked_at, " c "finished_at"
#define COMMAND_ROW_COLUMNS(c) COMMAND_ROW_SHORT_COLUMNS(c) ", " c "body"

/* The short columns; leaves body and program NULL. */
void command_row_read_short(struct db_reader *r, struct command_row *row);
/* All columns but the program. */
void command_row_read(struct db_reader *r, struct command_row *row);

#endif
