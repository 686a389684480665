/* One unit with a real journal and spool; the test is the runtime, the clock and the broker. */
#ifndef PEDILUVE_TESTS_UNIT_RIG_H
#define PEDILUVE_TESTS_UNIT_RIG_H

#include "device-agent/runtime/unit.h"

#define SPOOL_SMALL (256 << 10) /* bytes: some 5000 samples */
#define OLD_BOOT 50             /* a boot before this one, with 300 samples in the spool */

struct rig {
    struct unit_parts parts;
    struct unit unit;
    struct model model;
    struct moment now;
};
extern struct rig *rig;

void rig_begin(void);
void rig_end(void);
void rig_add_samples(struct spool_device *d, int64_t first, int64_t last);

void rig_tick(void); /* 100 ms later: one control step, and nothing of what the keeper has to do */
bool rig_turn(void); /* what runtime.c does with one unit; true: the spool took what there was */
void rig_turns(int n);

void rig_take(enum link_event_type type, uint32_t connection, enum topic_channel channel, const char *text);
void rig_commit(uint32_t connection, const struct uuid *boot_id, int64_t n);
void rig_connect(uint32_t connection); /* and the server answers the hello */
/* A session that rests for five minutes, or runs the last actuator in warm water. */
void rig_send_start(const struct uuid *command, const struct uuid *session, int64_t seq, bool run);

#endif
