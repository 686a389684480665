#include <criterion/criterion.h>
#include <string.h>

#include "domain_fixture.h"
#include "server/domain/routine_index.h"

#define ROUTINE(steps) "{\"slug\":\"r\",\"name\":\"R\",\"type\":\"classic\",\"steps\":[" steps "]}"
#define BY_MACHINE "{\"technique\":\"roller\",\"duration_s\":60,\"intensity\":30,\"mode\":\"device\"}"
#define EITHER "{\"technique\":\"roller\",\"duration_s\":60,\"intensity\":30}"
#define BY_HAND "{\"technique\":\"side-turn\",\"duration_s\":60}"
#define TIMED "{\"technique\":\"side-turn\",\"duration_s\":60,\"ends\":\"timer\"}"
#define TOES                                                                                                 \
    "{\"technique\":\"toe-root-press\",\"zones\":[\"toe-5\",\"toe-4\"],\"repetitions\":1,\"per_zone\":true," \
    "\"per_side\":true}"
#define SOAK "{\"technique\":\"soak\",\"duration_s\":600}"
#define HEAT "{\"technique\":\"heat\",\"duration_s\":60}"

static const struct {
    const char *what, *text;
    enum routine_hands hands;
    int32_t confirms, duration_s, duration_max_s;
} rows[] = {
    {"the machine alone", ROUTINE(BY_MACHINE "," HEAT), ROUTINE_HANDS_DEVICE, 0, 120, 120},
    {"the machine, where it can", ROUTINE(EITHER), ROUTINE_HANDS_DEVICE, 0, 60, 360},
    {"people alone", ROUTINE(BY_HAND "," BY_HAND), ROUTINE_HANDS_GUIDED, 2, 120, 720},
    {"people by the clock", ROUTINE(TIMED), ROUTINE_HANDS_GUIDED, 0, 60, 60},
    {"both", ROUTINE(BY_MACHINE "," BY_HAND), ROUTINE_HANDS_MIXED, 1, 120, 420},
    {"a confirm for each toe", ROUTINE(TOES), ROUTINE_HANDS_GUIDED, 4, 20, 1220},
    {"warm water", ROUTINE(SOAK), ROUTINE_HANDS_DEVICE, 0, 600, 600 + 2700},
    {"no longer than a session may be", ROUTINE(SOAK "," SOAK "," SOAK), ROUTINE_HANDS_DEVICE, 0, 1800, 7200},
};

Test(routine_index, tell_who_has_to_do_it_and_how_long_it_takes) {
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct field_errors errors;
        auto_free struct routine *r = fixture_decode(rows[i].text, &errors);
        cr_assert(r, "%s: %s %s", rows[i].what, errors.list[0].pointer, errors.list[0].detail);
        auto_routine_index struct routine_index f;
        routine_index_of(r, &f);
        cr_expect_eq(f.hands, (int32_t)rows[i].hands, "%s", rows[i].what);
        cr_expect_eq(f.confirms, rows[i].confirms, "%s", rows[i].what);
        cr_expect_eq(f.duration_s, rows[i].duration_s, "%s", rows[i].what);
        cr_expect_eq(f.duration_max_s, rows[i].duration_max_s, "%s: %d", rows[i].what, f.duration_max_s);
        cr_expect_eq(f.steps, r->n_steps);
    }
}

Test(routine_index, hold_the_words_people_search_by) {
    static const char *const words[] = {"heel",     "spur",    "salt", "soak",  "palm rubbing",
                                        "stroking", "classic", "pain", "roller"};
    auto_free struct routine *r = fixture_routine("heel-spur");
    auto_routine_index struct routine_index f;
    routine_index_of(r, &f);
    for (size_t i = 0; i < COUNT_OF(words); i++) cr_expect(strstr(f.words.data, words[i]), "%s", words[i]);
    cr_expect_eq(f.goals, 1u << GOAL_PAIN);
    routine_index_add_model(&f, "a");
    routine_index_add_model(&f, "b");
    cr_expect_str_eq(f.models.data, "a,b");
}
