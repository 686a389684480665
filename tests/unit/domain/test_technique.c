#include <criterion/criterion.h>
#include <string.h>

#include "domain_fixture.h"
#include "server/domain/technique.h"

Test(technique, table_has_a_whole_row_for_each) {
    for (int i = 0; i < TECHNIQUE_COUNT; i++) {
        const struct technique *t = technique_get(i);
        cr_expect_gt(t->n_zones, 0, "%s acts nowhere", technique_names[i]);
        cr_expect(t->by_hand || t->n_choices > 0 || t->water != TECHNIQUE_WATER_AS_ASKED,
                  "nothing and nobody can do %s", technique_names[i]);
        cr_expect(!t->by_hand || t->repetition_s > 0, "%s has no usual time", technique_names[i]);
        cr_expect_eq(t->water != TECHNIQUE_WATER_AS_ASKED, t->water_mdegc > 0, "%s", technique_names[i]);
        cr_expect_leq(t->water_mdegc, PROTO_WATER_DEFAULT_MAX_MDEGC, "%s", technique_names[i]);
        cr_expect_eq(technique_find(technique_names[i]), (enum technique_id)i);
    }
    cr_expect_eq(technique_find("levitation"), TECHNIQUE_COUNT);
}

Test(technique, choices_are_waves_that_a_program_may_hold) {
    for (int i = 0; i < TECHNIQUE_COUNT; i++) {
        const struct technique *t = technique_get(i);
        uint32_t kinds = 0;
        for (int k = 0; k < t->n_choices; k++) {
            const struct technique_choice *c = &t->choices[k];
            cr_expect_eq(c->wave == WAVE_STEADY, c->period_ms == 0, "%s", technique_names[i]);
            cr_expect_eq(c->wave != WAVE_PULSE, c->duty_permille == 1000, "%s", technique_names[i]);
            cr_expect(c->level_permille > 0 && c->level_permille <= 1000, "%s", technique_names[i]);
            cr_expect_neq(c->kind, ACTUATOR_HEATER, "%s", technique_names[i]);
            cr_expect_not(kinds & (1u << c->kind), "%s has a kind twice", technique_names[i]);
            kinds |= 1u << c->kind;
        }
        if (t->water == TECHNIQUE_WATER_AS_ASKED) cr_expect_eq(technique_kinds(i), kinds);
    }
}

Test(technique, those_that_shake_tissue_are_marked_for_pregnancy) {
    static const enum technique_id ids[] = {TECHNIQUE_TAPPING, TECHNIQUE_GRASPING_VIBRATION,
                                            TECHNIQUE_PATTING};
    for (size_t i = 0; i < COUNT_OF(ids); i++)
        cr_expect(technique_get(ids[i])->traits & TRAIT_VIBRATION, "%s", technique_names[ids[i]]);
}

Test(technique, each_is_explained_in_the_documentation) {
    size_t len;
    auto_free char *doc = fixture_text("docs/techniques.md", &len);
    for (int i = 0; i < TECHNIQUE_COUNT; i++) {
        char cell[64];
        snprintf(cell, sizeof cell, "| `%s` |", technique_names[i]);
        cr_expect(strstr(doc, cell), "docs/techniques.md lacks %s", technique_names[i]);
    }
}

Test(zone, hierarchy_has_parents_before_children) {
    for (int z = 0; z < ZONE_COUNT; z++) {
        cr_expect_leq(zone_parent(z), (enum zone)z);
        cr_expect(zone_is_in(z, z));
        cr_expect(zone_is_in(z, zone_parent(z)));
        cr_expect_eq(zone_find(zone_names[z]), (enum zone)z);
    }
    cr_expect_eq(zone_find("elbow"), ZONE_COUNT);
}

Test(zone, is_reached_from_itself_its_whole_and_its_parts) {
    static const struct {
        const char *actuator;
        enum zone zone;
        bool reached;
    } rows[] = {
        {"sole", ZONE_SOLE, true},   {"sole", ZONE_HEEL, true},      {"sole", ZONE_FOOT, true},
        {"sole", ZONE_TOES, false},  {"sole", ZONE_CALF, false},     {"foot", ZONE_TOE_5, true},
        {"calf", ZONE_CALF, true},   {"calf", ZONE_LOWER_LEG, true}, {"calf", ZONE_SHIN, false},
        {"water", ZONE_HEEL, true},  {"water", ZONE_FOOT, true},     {"water", ZONE_CALF, false},
        {"water", ZONE_PALM, false}, {"nowhere", ZONE_FOOT, false},  {"hand", ZONE_FOOT, false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        cr_expect_eq(zone_reached(rows[i].actuator, rows[i].zone), rows[i].reached, "%s -> %s",
                     rows[i].actuator, zone_names[rows[i].zone]);
}
