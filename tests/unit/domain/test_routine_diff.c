#include <criterion/criterion.h>
#include <string.h>

#include "domain_fixture.h"
#include "server/domain/routine_diff.h"

#define ROUTINE(members, steps)                                                                              \
    "{\"slug\":\"r\",\"name\":\"R\",\"type\":\"classic\"" members ",\"steps\":[" steps "]}"
#define STEP(technique, s) "{\"technique\":\"" technique "\",\"duration_s\":" #s ",\"intensity\":30}"
#define A STEP("stroking", 60)
#define A2 STEP("stroking", 90)
#define B STEP("kneading", 60)
#define C STEP("roller", 60)
#define C2 STEP("roller", 30)
#define D STEP("patting", 60)

static const struct {
    const char *what, *from, *to, *changes;
} rows[] = {
    {"nothing", ROUTINE("", A "," B), ROUTINE("", A "," B), "[]"},
    {"only the spelling", ROUTINE(",\"summary\":\"\"", A), ROUTINE("", " " A), "[]"},
    {"a member of the routine", ROUTINE(",\"summary\":\"Old\"", A), ROUTINE(",\"summary\":\"New\"", A),
     "[{\"kind\":\"changed\",\"pointer\":\"/summary\",\"old\":\"Old\",\"new\":\"New\"}]"},
    {"a list that came", ROUTINE("", A), ROUTINE(",\"goals\":[\"pain\",\"sleep\"]", A),
     "[{\"kind\":\"added\",\"pointer\":\"/goals\",\"new\":[\"pain\",\"sleep\"]}]"},
    {"a list that went", ROUTINE(",\"aftercare\":[\"socks\"]", A), ROUTINE("", A),
     "[{\"kind\":\"removed\",\"pointer\":\"/aftercare\",\"old\":[\"socks\"]}]"},
    {"a time", ROUTINE("", A "," B), ROUTINE("", A2 "," B),
     "[{\"kind\":\"changed\",\"pointer\":\"/steps/0/duration_s\",\"old\":60,\"new\":90}]"},
    {"a step put before", ROUTINE("", A "," B), ROUTINE("", C "," A "," B),
     "[{\"kind\":\"added\",\"pointer\":\"/steps/0\",\"new\":" C "}]"},
    {"a step taken away", ROUTINE("", A "," B "," C), ROUTINE("", A "," C),
     "[{\"kind\":\"removed\",\"old_pointer\":\"/steps/1\",\"old\":" B "}]"},
    {"a step moved to the end", ROUTINE("", A "," B "," C "," D), ROUTINE("", B "," C "," D "," A),
     "[{\"kind\":\"moved\",\"pointer\":\"/steps/3\",\"old_pointer\":\"/steps/0\"}]"},
    {"a step moved and changed", ROUTINE("", C "," B "," D), ROUTINE("", B "," D "," C2),
     "[{\"kind\":\"moved\",\"pointer\":\"/steps/2\",\"old_pointer\":\"/steps/0\"},"
     "{\"kind\":\"changed\",\"pointer\":\"/steps/2/duration_s\",\"old_pointer\":\"/steps/0/"
     "duration_s\",\"old\":60,"
     "\"new\":30}]"},
    {"a step changed behind a new one", ROUTINE("", A "," C), ROUTINE("", A "," B "," C2),
     "[{\"kind\":\"added\",\"pointer\":\"/steps/1\",\"new\":" B "},"
     "{\"kind\":\"changed\",\"pointer\":\"/steps/2/duration_s\",\"old_pointer\":\"/steps/1/"
     "duration_s\",\"old\":60,"
     "\"new\":30}]"},
    {"another technique in its place", ROUTINE("", A "," B), ROUTINE("", A "," C),
     "[{\"kind\":\"added\",\"pointer\":\"/steps/1\",\"new\":" C "},"
     "{\"kind\":\"removed\",\"old_pointer\":\"/steps/1\",\"old\":" B "}]"},
    {"one of two like it taken away", ROUTINE("", A "," B "," A), ROUTINE("", A "," B),
     "[{\"kind\":\"removed\",\"old_pointer\":\"/steps/2\",\"old\":" A "}]"},
    {"the like of a step added", ROUTINE("", A), ROUTINE("", A "," A2),
     "[{\"kind\":\"added\",\"pointer\":\"/steps/1\",\"new\":" A2 "}]"},
};

Test(routine_diff, says_what_a_person_would_say) {
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct field_errors errors;
        auto_free struct routine *from = fixture_decode(rows[i].from, &errors);
        auto_free struct routine *to = fixture_decode(rows[i].to, &errors);
        cr_assert(from && to, "%s: %s %s", rows[i].what, errors.list[0].pointer, errors.list[0].detail);
        auto_buf struct buf b = BUF_INIT;
        struct jsonw w;
        jsonw_init(&w, &b);
        int32_t n = routine_diff_write(&w, NULL, from, to);
        cr_expect_str_eq(b.data, rows[i].changes, "%s:\n%s", rows[i].what, b.data);
        cr_expect_eq(n == 0, strcmp(rows[i].changes, "[]") == 0, "%s", rows[i].what);
    }
}

static uint32_t next_random(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* Up to 200 steps of few kinds, so that many are alike. */
static struct routine *random_routine(uint32_t *state) {
    struct routine *r = xcalloc(1, sizeof *r);
    strcpy(r->slug, "random");
    strcpy(r->name, "Random");
    r->n_steps = 1 + (int32_t)(next_random(state) % ROUTINE_STEPS_MAX);
    for (int32_t i = 0; i < r->n_steps; i++)
        r->steps[i] = (struct routine_step){.technique = (int32_t)(next_random(state) % 5),
                                            .has_duration = true,
                                            .duration_s = 1 + (int32_t)(next_random(state) % 3),
                                            .intensity = 30};
    return r;
}

static bool same_step(const struct routine_step *a, const struct routine_step *b) {
    return memcmp(a, b, sizeof *a) == 0;
}

Test(routine_diff, matches_each_step_once_and_only_with_its_like) {
    uint32_t state = 20261126;
    for (int round = 0; round < 40; round++) {
        auto_free struct routine *from = random_routine(&state), *to = random_routine(&state);
        auto_free struct routine_match *m = xcalloc(1, sizeof *m);
        int32_t matched = 0, back = 0, last = -1;
        routine_diff_match(from, to, m);
        for (int32_t j = 0; j < to->n_steps; j++) {
            if (m->old_of[j] < 0) continue;
            matched++;
            cr_assert_lt(m->old_of[j], from->n_steps);
            cr_assert_eq(m->new_of[m->old_of[j]], j);
            cr_assert_eq(from->steps[m->old_of[j]].technique, to->steps[j].technique);
            if (m->moved[j]) continue;
            cr_assert_gt(m->old_of[j], last, "what is not moved keeps its order");
            last = m->old_of[j];
        }
        for (int32_t i = 0; i < from->n_steps; i++) back += m->new_of[i] >= 0;
        cr_assert_eq(matched, back);
        for (int32_t i = 0; i < from->n_steps; i++)
            for (int32_t j = 0; j < to->n_steps; j++)
                if (m->new_of[i] < 0 && m->old_of[j] < 0)
                    cr_assert_not(from->steps[i].technique == to->steps[j].technique,
                                  "nothing alike is left");
    }
}

Test(routine_diff, of_a_shuffled_routine_only_moves_steps) {
    uint32_t state = 7;
    for (int round = 0; round < 20; round++) {
        auto_free struct routine *from = random_routine(&state), *to = xcalloc(1, sizeof *to);
        auto_free struct routine_match *m = xcalloc(1, sizeof *m);
        *to = *from;
        for (int32_t i = to->n_steps - 1; i > 0; i--) {
            int32_t k = (int32_t)(next_random(&state) % (uint32_t)(i + 1));
            struct routine_step step = to->steps[i];
            to->steps[i] = to->steps[k];
            to->steps[k] = step;
        }
        routine_diff_match(from, to, m);
        for (int32_t j = 0; j < to->n_steps; j++) {
            cr_assert_geq(m->old_of[j], 0);
            cr_assert(same_step(&from->steps[m->old_of[j]], &to->steps[j]));
        }
    }
}
