/* What can be known of a routine without running it: what lists show and filter by. Kept beside each version
 * in the database, and worked out anew by `pediluved migrate`. Pure; thread-safe. */
#ifndef PEDILUVE_DOMAIN_ROUTINE_INDEX_H
#define PEDILUVE_DOMAIN_ROUTINE_INDEX_H

#include "base/buf.h"
#include "server/domain/routine.h"

/* device: the machine can do all of it, on a model that has the actuators; guided: people do all of it;
 * mixed: some steps are always done by hand, others are not. */
#define ROUTINE_HANDS(X)                                                                                     \
    X(DEVICE, "device")                                                                                      \
    X(GUIDED, "guided")                                                                                      \
    X(MIXED, "mixed")
enum routine_hands {
#define X(e, n) ROUTINE_HANDS_##e,
    ROUTINE_HANDS(X)
#undef X
        ROUTINE_HANDS_COUNT
};
extern const char *const routine_hands_names[ROUTINE_HANDS_COUNT + 1]; /* NULL-terminated */

struct routine_index {
    int32_t type;           /* enum routine_type */
    uint32_t goals;         /* mask, 1u << enum goal */
    int32_t hands;          /* enum routine_hands */
    int32_t steps;          /* of the routine, as people wrote it */
    int32_t confirms;       /* how often a person has to confirm, where the machine does what it can */
    int32_t duration_s;     /* nominal: nobody waits for anybody */
    int32_t duration_max_s; /* with every wait as long as it may be: for a confirm LOWERING_CONFIRM_MS, for
                               warm water LOWERING_HOLD_MAX_MS; pauses not counted */
    struct buf words;       /* what a search finds it by, folded: name, summary, type, techniques, goals */
    struct buf models;      /* ids of the models that can run it, joined by commas; the caller fills it */
};

/* r has passed routine_check. *ret is to be given to routine_index_done. */
void routine_index_of(const struct routine *r, struct routine_index *ret);
/* One model that can run it. */
void routine_index_add_model(struct routine_index *f, const char *id);
void routine_index_done(struct routine_index *f); /* zeroed is legal */
#define auto_routine_index auto_call(routine_index_done)

#endif
