/* The words for a lowering's notes, made only when someone reads them. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "server/domain/lowering.h"

#define WORDS_MAX 120

static const char *const kind_words[ACTUATOR_KIND_COUNT] = {
    [ACTUATOR_HEATER] = "a heater",      [ACTUATOR_JETS] = "water jets",
    [ACTUATOR_ROLLER] = "rollers",       [ACTUATOR_AIR] = "air cells",
    [ACTUATOR_VIBRATION] = "vibration",  [ACTUATOR_SHIATSU] = "kneading nodes",
    [ACTUATOR_VACUUM] = "a vacuum pump",
};

static const char *const trait_words[] = {
    "vibration",          "energetic techniques", "sudden movements", "massage by a machine",
    "pressure on points", "warming of the feet",  "a shared bath"};

/* "a, b or c" of the words whose bits are set. */
static void join(char out[WORDS_MAX], uint32_t mask, const char *const words[], int n_words) {
    size_t len = 0;
    int left = 0, done = 0;
    for (int i = 0; i < n_words; i++) left += (mask >> i) & 1;
    out[0] = 0;
    for (int i = 0; i < n_words && len < WORDS_MAX; i++) {
        if (!((mask >> i) & 1)) continue;
        const char *between = done == 0 ? "" : done == left - 1 ? " or " : ", ";
        int wrote = snprintf(out + len, WORDS_MAX - len, "%s%s", between, words[i]);
        len += (size_t)wrote;
        done++;
    }
}

enum zone lowering_note_zone(const struct lowering_note *n, const struct routine *r) {
    if (n->note == NOTE_ZONE_LEFT_OUT) return (enum zone)n->from;
    if (n->note != NOTE_NO_ACTUATOR) return ZONE_COUNT;
    const struct routine_step *s = &r->steps[n->step];
    const struct technique *t = technique_get((enum technique_id)s->technique);
    return (enum zone)(s->n_zones > 0 ? s->zones[0] : t->zones[0]);
}

/* " instead of rollers", or why not. */
static const char *instead(const struct lowering_note *n, char out[WORDS_MAX + 40], const char *kinds,
                           const char *traits) {
    if (n->missing)
        snprintf(out, WORDS_MAX + 40, " instead of with %s", kinds);
    else
        snprintf(out, WORDS_MAX + 40, ", since the screening bars %s", traits);
    return out;
}

static void step_words(const struct lowering_note *n, const struct routine *r, const struct model *m,
                       char *out, size_t size) {
    char kinds[WORDS_MAX], traits[WORDS_MAX], why[WORDS_MAX + 40];
    join(kinds, n->missing, kind_words, ACTUATOR_KIND_COUNT);
    join(traits, n->barred, trait_words, (int)COUNT_OF(trait_words));
    switch ((enum lowering_note_kind)n->note) {
    case NOTE_OTHER_ACTUATOR:
        snprintf(out, size, "done with %s%s", kind_words[n->kind], instead(n, why, kinds, traits));
        break;
    case NOTE_BY_HAND: snprintf(out, size, "done by hand%s", instead(n, why, kinds, traits)); break;
    case NOTE_INTENSITY_CAPPED:
        snprintf(out, size, "intensity %d instead of %d percent, as the screening limits it", (int)n->to,
                 (int)n->from);
        break;
    case NOTE_INTENSITY_SHORT:
        snprintf(out, size, "too short for a soft start to %d percent: reaches %d", (int)n->from, (int)n->to);
        break;
    case NOTE_WATER_CAPPED:
        snprintf(out, size, "water at %d.%d instead of %d.%d degrees", (int)(n->to / 1000),
                 (int)(n->to % 1000 / 100), (int)(n->from / 1000), (int)(n->from % 1000 / 100));
        break;
    case NOTE_WATER_LEFT_OUT:
        snprintf(out, size, "without warm water%s",
                 n->missing ? ", as there is no heater" : instead(n, why, kinds, traits));
        break;
    case NOTE_ZONE_LEFT_OUT:
        snprintf(out, size, "leaves out the %s, which nothing suitable of %s reaches",
                 zone_words(lowering_note_zone(n, r)), m->name);
        break;
    case NOTE_NO_ACTUATOR:
        snprintf(out, size, "needs %s for the %s, and %s has none", kinds,
                 zone_words(lowering_note_zone(n, r)), m->name);
        break;
    case NOTE_BARRED: snprintf(out, size, "the screening bars %s", traits); break;
    case NOTE_TOO_LONG:
    case NOTE_COUNT: break;
    }
}

void lowering_note_words(const struct lowering_note *n, const struct routine *r, const struct model *m,
                         char out[LOWERING_WORDS_MAX]) {
    if (n->step < 0) {
        snprintf(out, LOWERING_WORDS_MAX, "The routine takes %d minutes; %s allows %d for this guest",
                 (int)((n->from + 59999) / 60000), m->name, (int)(n->to / 60000));
        return;
    }
    const struct routine_step *s = &r->steps[n->step];
    char words[LOWERING_WORDS_MAX - 48];
    step_words(n, r, m, words, sizeof words);
    snprintf(out, LOWERING_WORDS_MAX, "Step %d, %s: %s", n->step + 1,
             technique_title((enum technique_id)s->technique), words);
}

void lowering_note_errors(const struct lowering_report *report, const struct routine *r,
                          const struct model *m, const char *prefix, struct field_errors *errors) {
    for (int i = 0; i < report->n; i++) {
        const struct lowering_note *n = &report->notes[i];
        if (!lowering_note_blocks(n)) continue;
        char pointer[160], words[LOWERING_WORDS_MAX];
        if (n->step < 0)
            snprintf(pointer, sizeof pointer, "%s/steps", prefix);
        else
            snprintf(pointer, sizeof pointer, "%s/steps/%d", prefix, n->step);
        lowering_note_words(n, r, m, words);
        field_errors_add(errors, n->step < 0 ? FIELD_OUT_OF_RANGE : FIELD_NOT_ONE_OF, pointer, "%s", words);
    }
}
