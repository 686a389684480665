/* The live view: what is known of every device right now, in memory. Registered facts are copied
 * from the database; presence, mode, session and values come from the devices. It can be thrown
 * away at any time: the database and the devices rebuild it. A clock that is set back does no harm: what
 * would lie in the future counts as long past.
 *
 * Thread-safe throughout: sharded locks, each held for a copy only. Reading is cheap enough for
 * the hot path of GET /devices/{id}. Times are wall-clock milliseconds; 0 means never. */
#ifndef PEDILUVE_SERVER_FLEET_LIVE_H
#define PEDILUVE_SERVER_FLEET_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/uuid.h"
#include "protocol/message.h"
#include "server/domain/drift.h"
#include "server/store/device_store.h"
#include "server/store/presence_store.h"

/* Everything about one device, copied out under one lock. */
struct live_device {
    struct device_row facts; /* a copy of the registered row, strings and all */

    bool connected;       /* the broker holds a connection of it (birth and last will) */
    int64_t connected_at; /* when that last changed */
    bool fresh;           /* its last word is younger than LIMIT_FRESH_MS at the time of the call */
    int64_t heard_at;     /* its last word, of any kind */
    bool ready;           /* connected, and the hello of its present epoch is recorded */
    int64_t ready_at;     /* when that last changed */

    char agent[PROTO_NAME_MAX + 1]; /* version, from hello */
    bool simulated;                 /* by the hello of its present connection */
    struct uuid boot_id;
    int64_t epoch; /* of the last hello or birth; 0: none yet */

    bool has_state;
    int64_t state_at;           /* when the state below was received */
    struct message_state state; /* mode, session, values, faults, rinse; n of the newest */
    int64_t values_at;          /* when state.values were last given, by state or by telemetry */
    struct drift drift;         /* of the water, while a session's heating should hold it */

    struct uuid routine_of;             /* the session whose routine this is; zero: not known yet */
    const char *routine, *routine_name; /* NULL: not known; they live as long as the live view */

    uint64_t rev; /* for a strong ETag: differs whenever anything above does (also fresh), also
                     across restarts of the process */
};

struct live;

struct live *live_new(void);
void live_free(struct live *l);

/* Registers a device or replaces its row (not by one of a lower version). Whoever changes the row puts it
 * here after the commit; through fleet_device_changed (fleet.h) when people change it. False when
 * LIMIT_DEVICES are known already. */
bool live_put_device(struct live *l, const struct device_row *row);
/* What sessions and cleanings change of the row: cleaning, rinse, disinfecting. False: as it was, or an
 * unknown id. */
bool live_put_cleaning(struct live *l, const struct device_row *row);
bool live_is_retired(const struct live_device *d);

/* False: no such device. now_ms: clock_wall_ms(). */
bool live_get(const struct live *l, const struct uuid *id, int64_t now_ms, struct live_device *ret);
/* True when commands can be sent now; then *ret_epoch is the epoch to send them with. */
bool live_ready(const struct live *l, const struct uuid *id, int64_t *ret_epoch);
/* Said by the hello of its present connection. */
bool live_is_simulated(const struct live *l, const struct uuid *id);
/* Devices known, and how many of them are connected. Both may be NULL. */
void live_count(const struct live *l, size_t *ret_known, size_t *ret_connected);
size_t live_count_ready(const struct live *l);

/* Values are news once they differ by so much from what subscribers were last shown, and at most once in this
 * time. */
#define LIVE_SHOW_WATER_MDEGC 300
#define LIVE_SHOW_LEVEL_PERMILLE 50
#define LIVE_SHOW_MS 5000

/* What the devices say. Unknown ids: false. *ret_changed (may be NULL): a subscriber would see a
 * difference, other than times and values that are no news; it counts as shown then. */
bool live_heard(struct live *l, const struct uuid *id, int64_t now_ms);
bool live_put_presence(struct live *l, const struct uuid *id, const struct message_presence *p,
                       int64_t now_ms, bool *ret_changed);
/* Older than what is known (same boot, n not larger; or an earlier epoch): false, nothing changes. */
bool live_put_state(struct live *l, const struct uuid *id, const struct message_state *s, int64_t now_ms,
                    bool *ret_changed);
/* The newest sample of a telemetry message of the present boot. */
bool live_put_sample(struct live *l, const struct uuid *id, const struct uuid *boot_id,
                     const struct message_sample *s, int64_t now_ms, bool *ret_changed);
/* A hello arrived, not recorded yet: connected; not ready when its epoch is new. An epoch lower than the
 * known one of the same boot is old news: false. (Of another boot: the device has lost its journal and
 * counts from the beginning.) */
bool live_put_hello(struct live *l, const struct uuid *id, const struct message_hello *h, int64_t now_ms);
/* The hello of that epoch is in the database and its commands are re-driven. False when a newer epoch
 * is known by now. *ret_missed: a command turned up since the hello came; re-drive once more. */
bool live_put_ready(struct live *l, const struct uuid *id, int64_t epoch, int64_t now_ms, bool *ret_changed,
                    bool *ret_missed);
/* How to answer telemetry. False: not at all now, since its hello is being recorded and will be answered
 * with the watermark. *ret_epoch 0: it is to say hello. */
bool live_answer_epoch(const struct live *l, const struct uuid *id, int64_t *ret_epoch);
/* Not connected, not ready: its connection was ended by us, or it was retired. */
void live_put_offline(struct live *l, const struct uuid *id, int64_t now_ms);

/* Every device has to say hello again before it is ready: our connection to the broker was new. */
void live_put_unready(struct live *l, int64_t now_ms);

/* The order in which commands reach a device: seq of epoch was just committed and wants to go out.
 * send is called under the device's lock when it is that command's turn: it must not block nor call
 * back here, and says whether the message could be queued. */
enum live_turn {
    LIVE_TURN_SENT, /* send was called, and true */
    LIVE_TURN_DONE, /* that seq went out already, by a re-drive */
    LIVE_TURN_GAP,  /* an earlier one, or this one, has not gone out: re-drive from the database */
    LIVE_TURN_WAIT  /* not ready: its hello re-drives it (live_put_ready says so if it came too late) */
};
typedef bool live_send(void *arg);
enum live_turn live_send_turn(struct live *l, const struct uuid *id, int64_t seq, int64_t epoch,
                              live_send *send, void *arg, int64_t now_ms);
/* A re-drive has sent every open command; seq is the highest known to be used up. */
void live_put_sent(struct live *l, const struct uuid *id, int64_t epoch, int64_t seq, bool any,
                   int64_t now_ms);
/* The device answered seq: stops the unanswered clock. */
void live_put_acked(struct live *l, const struct uuid *id, int64_t seq, int64_t now_ms);

/* True the first time for that seq. A device that reconnects just then refuses a copy of the epoch before;
 * the command is then sent once more at once, and after that only by the unanswered clock. */
bool live_stale_once(struct live *l, const struct uuid *id, int64_t seq);

/* Calls visit for every device that needs attention at now_ms. fresh_flipped: d->fresh differs from
 * the last walk. unanswered: ready and fresh, and a command sent more than unanswered_ms ago has no
 * answer (told once per unanswered_ms). visit is called without any lock held. */
typedef void live_visit(void *arg, const struct live_device *d, bool fresh_flipped, bool unanswered);
void live_walk(struct live *l, int64_t now_ms, int64_t unanswered_ms, live_visit *visit, void *arg);

/* Calls visit for every device that wanted() picks; wanted is asked under a lock and only looks, visit is
 * called without one. Both get the same arg. */
typedef bool live_wanted(void *arg, const struct live_device *d);
typedef void live_seen(void *arg, const struct live_device *d);
void live_each(const struct live *l, int64_t now_ms, live_wanted *wanted, live_seen *visit, void *arg);

/* What of presence is not written yet (presence_store.h), at most max, of each device in order. A device
 * counts as connected while the broker holds its connection and it is fresh; what came and went between two
 * calls is told as its last end and its present. settled: our own connection to the broker is older than
 * LIMIT_FRESH_MS, so that what has said nothing is lost. One thread only takes and confirms. */
size_t live_presence_take(const struct live *l, int64_t now_ms, bool settled, struct presence_change list[],
                          size_t max);
#define LIVE_PRESENCE_EACH 3 /* changes of one device in one call, at most */
/* They are in the database. */
void live_presence_put_told(struct live *l, const struct presence_change list[], size_t n);

/* What the database says of the session that the device told of. */
bool live_knows_routine(const struct live *l, const struct uuid *id, const struct uuid *session_id);
void live_put_routine(struct live *l, const struct uuid *id, const struct uuid *session_id,
                      const char *routine, const char *name);

/* What the recorder last wrote of this device's session, so that heartbeats cost no SQL. True when
 * s differs from it in what the session row keeps (id, state, reason, step, started, ended,
 * intensity, target, mode, faults); live_put_persisted remembers it after the commit. */
bool live_session_differs(const struct live *l, const struct uuid *id, const struct message_state *s);
void live_put_persisted(struct live *l, const struct uuid *id, const struct message_state *s);

#endif
