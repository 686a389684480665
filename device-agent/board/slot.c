#include "device-agent/board/slot.h"

#include "base/clock.h"

void slot_init(struct slot *s) {
    pthread_mutex_init(&s->lock, NULL);
    s->reading = (struct reading){0};
}

void slot_done(struct slot *s) { pthread_mutex_destroy(&s->lock); }

static void set(struct slot *s, struct reading reading) {
    pthread_mutex_lock(&s->lock);
    s->reading = reading;
    pthread_mutex_unlock(&s->lock);
}

void slot_put(struct slot *s, int32_t value, int64_t began_ms) {
    set(s, (struct reading){.value = value, .at_ms = began_ms, .present = true});
}

void slot_clear(struct slot *s) { set(s, (struct reading){0}); }

struct reading slot_get(struct slot *s, int64_t now_ms) {
    pthread_mutex_lock(&s->lock);
    struct reading r = s->reading;
    pthread_mutex_unlock(&s->lock);
    if (r.present) r.at_ms = now_ms - (clock_mono_ms() - r.at_ms);
    return r;
}
