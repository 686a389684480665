#include <criterion/criterion.h>
#include <string.h>

#include "base/jsonw.h"
#include "domain_fixture.h"

#define HEAD "{\"slug\":\"r\",\"name\":\"R\",\"type\":\"classic\",\"steps\":["
#define STEP(s) HEAD "{" s "}]}"
#define ROLLING "\"technique\":\"roller\",\"intensity\":50"

struct row {
    const char *what, *text, *pointer; /* pointer NULL: accepted */
};

static const struct row rows[] = {
    {"a plain step", STEP(ROLLING ",\"duration_s\":60"), NULL},
    {"repetitions with the usual time", STEP(ROLLING ",\"repetitions\":3"), NULL},
    {"no time", STEP(ROLLING), "/steps/0"},
    {"two times", STEP(ROLLING ",\"duration_s\":60,\"repetitions\":3"), "/steps/0"},
    {"a time for each of no repetitions", STEP(ROLLING ",\"duration_s\":60,\"repetition_s\":3"),
     "/steps/0/repetitions"},
    {"per side of one side", STEP(ROLLING ",\"duration_s\":60,\"side\":\"left\",\"per_side\":true"),
     "/steps/0/side"},
    {"per zone without repetitions", STEP(ROLLING ",\"duration_s\":60,\"per_zone\":true"),
     "/steps/0/repetitions"},
    {"an unknown technique", STEP("\"technique\":\"juggling\",\"duration_s\":60"), "/steps/0/technique"},
    {"an unknown zone", STEP(ROLLING ",\"duration_s\":60,\"zones\":[\"sole\",\"elbow\"]"),
     "/steps/0/zones/1"},
    {"a zone twice", STEP(ROLLING ",\"duration_s\":60,\"zones\":[\"sole\",\"sole\"]"), "/steps/0/zones"},
    {"an unknown key", STEP(ROLLING ",\"duration_s\":60,\"speed\":1"), "/steps/0/speed"},
    {"intensity over 100", STEP("\"technique\":\"roller\",\"intensity\":101,\"duration_s\":60"),
     "/steps/0/intensity"},
    {"no intensity for the device", STEP("\"technique\":\"roller\",\"duration_s\":60"), "/steps/0/intensity"},
    {"water over the hard limit", STEP(ROLLING ",\"duration_s\":60,\"water_c\":43.1"), "/steps/0/water_c"},
    {"water at the hard limit", STEP(ROLLING ",\"duration_s\":60,\"water_c\":43"), NULL},
    {"hand work by the device", STEP("\"technique\":\"toe-stretch\",\"repetitions\":3,\"mode\":\"device\""),
     "/steps/0/mode"},
    {"a soak by hand", STEP("\"technique\":\"soak\",\"duration_s\":60,\"mode\":\"guided\""), "/steps/0/mode"},
    {"salt outside the bath", STEP(ROLLING ",\"duration_s\":60,\"additives\":[\"salt\"]"),
     "/steps/0/additives"},
    {"salt in the bath", STEP("\"technique\":\"soak\",\"duration_s\":60,\"additives\":[\"salt\"]"), NULL},
    {"a soak in repetitions of no length", STEP("\"technique\":\"soak\",\"repetitions\":2"),
     "/steps/0/repetition_s"},
    {"a palm press that is too short",
     STEP("\"technique\":\"palm-press-hold\",\"repetitions\":1,\"repetition_s\":9"), "/steps/0/repetition_s"},
    {"a palm press of ten seconds", STEP("\"technique\":\"palm-press-hold\",\"duration_s\":10"), NULL},
    {"a palm press that is too long", STEP("\"technique\":\"palm-press-hold\",\"duration_s\":16"),
     "/steps/0/duration_s"},
    {"a step over an hour", STEP("\"technique\":\"massage-mat\",\"repetitions\":5"), "/steps/0"},
    {"no steps", HEAD "]}", "/steps"},
    {"a slug with capitals",
     "{\"slug\":\"Relax\",\"name\":\"R\",\"type\":\"classic\",\"steps\":[{" ROLLING ",\"duration_s\":1}]}",
     "/slug"},
    {"preparation that is aftercare",
     "{\"slug\":\"r\",\"name\":\"R\",\"type\":\"classic\",\"preparations\":[\"oil\",\"socks\"],\"steps\":["
     "{" ROLLING ",\"duration_s\":1}]}",
     "/preparations/1"},
    {"aftercare twice",
     "{\"slug\":\"r\",\"name\":\"R\",\"type\":\"classic\",\"aftercare\":[\"socks\",\"socks\"],\"steps\":["
     "{" ROLLING ",\"duration_s\":1}]}",
     "/aftercare"},
    {"a goal twice",
     "{\"slug\":\"r\",\"name\":\"R\",\"type\":\"classic\",\"goals\":[\"pain\",\"pain\"],\"steps\":[{" ROLLING
     ",\"duration_s\":1}]}",
     "/goals"},
};

Test(routine, is_refused_at_the_field_that_is_wrong) {
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct field_errors errors;
        auto_free struct routine *r = fixture_decode(rows[i].text, &errors);
        cr_expect_eq(r != NULL, rows[i].pointer == NULL, "%s: %s %s", rows[i].what, errors.list[0].pointer,
                     errors.list[0].detail);
        if (rows[i].pointer && errors.n > 0)
            cr_expect_str_eq(errors.list[0].pointer, rows[i].pointer, "%s", rows[i].what);
    }
}

Test(routine, slugs_are_lower_case_words_with_single_hyphens) {
    static const char *const good[] = {"a", "relax-10", "9", "a-b-c"};
    static const char *const bad[] = {"", "-a", "a-", "a--b", "A", "a_b", "a b", "\xc3\xa9"};
    for (size_t i = 0; i < COUNT_OF(good); i++) cr_expect(routine_slug_ok(good[i]), "%s", good[i]);
    for (size_t i = 0; i < COUNT_OF(bad); i++) cr_expect_not(routine_slug_ok(bad[i]), "%s", bad[i]);
}

Test(routine, time_counts_repetitions_for_each_zone) {
    struct routine_step s = {
        .technique = TECHNIQUE_TOE_STRETCH, .has_repetitions = true, .repetitions = 3, .n_zones = 5};
    cr_expect_eq(routine_step_ms(&s), 3 * 6000);
    s.per_zone = true;
    cr_expect_eq(routine_step_ms(&s), 3 * 5 * 6000);
    s.has_repetition_s = true;
    s.repetition_s = 2;
    cr_expect_eq(routine_step_ms(&s), 3 * 5 * 2000);
}

/* n steps of one second each, all ramped. */
static struct routine *ramped(int n) {
    struct routine *r = xcalloc(1, sizeof *r);
    strcpy(r->slug, "ramped");
    strcpy(r->name, "Ramped");
    for (r->n_steps = 0; r->n_steps < n; r->n_steps++)
        r->steps[r->n_steps] = (struct routine_step){.technique = TECHNIQUE_ROLLER,
                                                     .has_duration = true,
                                                     .duration_s = 1,
                                                     .intensity = 10,
                                                     .has_intensity_end = true,
                                                     .intensity_end = 20};
    return r;
}

Test(routine, has_only_as_many_ramps_as_a_program_can_hold) {
    auto_free struct routine *fits = ramped(128), *too_many = ramped(129);
    struct field_errors errors = {0};
    cr_expect(routine_check(fits, &errors));
    cr_expect_not(routine_check(too_many, &errors));
    cr_expect_str_eq(errors.list[0].pointer, "/steps");
}

Test(routine, longer_than_any_session_is_refused) {
    auto_free struct routine *r = ramped(3);
    struct field_errors errors = {0};
    for (int i = 0; i < 3; i++) r->steps[i].duration_s = 2400;
    cr_expect(routine_check(r, &errors));
    r->steps[2].duration_s = 2401;
    cr_expect_not(routine_check(r, &errors));
}

Test(routine, of_the_catalogue_survives_writing_and_reading) {
    static char slugs[FIXTURE_SLUGS_MAX][ROUTINE_SLUG_MAX + 1];
    int n = fixture_slugs(slugs);
    cr_assert_geq(n, 18);
    for (int i = 0; i < n; i++) {
        auto_free struct routine *r = fixture_routine(slugs[i]);
        auto_buf struct buf out = BUF_INIT;
        struct jsonw w;
        struct field_errors errors;
        jsonw_init(&w, &out);
        field_write(&w, NULL, routine_fields, r);
        auto_free struct routine *again = fixture_decode(out.data, &errors);
        cr_assert(again, "%s: %s %s", slugs[i], errors.list[0].pointer, errors.list[0].detail);
        cr_expect_eq(memcmp(r, again, sizeof *r), 0, "%s", slugs[i]);
        cr_expect_str_eq(r->slug, slugs[i]);
        cr_expect_gt(r->n_sources, 0);
    }
}

Test(routine, relax_10_takes_exactly_ten_minutes) {
    auto_free struct routine *r = fixture_routine("relax-10");
    cr_expect_eq(routine_total_ms(r), 600000);
}
