/* What a device must remember over a loss of power: its epoch and last sequence number, the answers
 * it gave to commands, and where its session stands. SQLite; one file for any number of devices,
 * one writer. Not thread-safe.
 *
 * journal_commit returns only when the disk has everything put since journal_begin: all of it or
 * nothing. Many agents' writes may share one commit, and so one fsync. */
#ifndef PEDILUVE_AGENT_JOURNAL_JOURNAL_H
#define PEDILUVE_AGENT_JOURNAL_JOURNAL_H

#include "device-agent/core/agent.h"

struct journal;

/* NULL: error says why. */
struct journal *journal_open(const char *path, char error[256]);
void journal_close(struct journal *j); /* NULL is legal */

/* What is known of the device; all zero when nothing is. False: the file cannot be read. */
must_use bool journal_load(struct journal *j, const struct uuid *device, struct agent_recovered *ret);

must_use bool journal_begin(struct journal *j);
/* The same, but the commit does not wait for the disk: it survives the process at once, and a loss of power
 * from the next commit on that does wait. For what may fall back, like the position of a session. */
must_use bool journal_begin_lazy(struct journal *j);
must_use bool journal_put(struct journal *j, const struct uuid *device, const struct agent_write *w);
/* False: nothing of it was kept. */
must_use bool journal_commit(struct journal *j);
void journal_rollback(struct journal *j);

#endif
