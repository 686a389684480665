/* What becomes of routines and their versions, and how lists find them. */
#include <criterion/criterion.h>

#include "pg_fixture.h"
#include "server/store/catalogue_store.h"
#include "server/store/routine_store.h"

TestSuite(routines, .init = pg_fixture_setup, .fini = pg_fixture_teardown);

#define DB pg_fixture_db()

static struct routine_index index_of(int32_t type, uint32_t goals, int32_t hands, int32_t duration_s,
                                     const char *words, const char *models) {
    struct routine_index f = {.type = type,
                              .goals = goals,
                              .hands = hands,
                              .steps = 1,
                              .confirms = 2,
                              .duration_s = duration_s,
                              .duration_max_s = duration_s + 600};
    buf_str(&f.words, words);
    buf_str(&f.models, models);
    return f;
}

static int32_t write_draft(const char *slug, const char *content, const struct routine_index *index) {
    struct routine_row row;
    struct routine_draft d = {.slug = slug, .name = "R", .content = content, .index = index, .expected = ""};
    cr_assert_eq(routine_write_draft(DB, &pg_scope_all, &pg_actor, &d, &row), ERR_OK, "%s",
                 db_last_error(DB));
    int32_t version = row.version;
    routine_row_done(&row);
    return version;
}

static enum err publish(const char *slug, int32_t version) {
    struct routine_row row = {0};
    enum err e = routine_publish(DB, &pg_scope_all, &pg_actor, slug, version, &row);
    routine_row_done(&row);
    return e;
}

static enum err retire(const char *slug, int32_t version) {
    struct routine_row row = {0};
    enum err e = routine_retire(DB, &pg_scope_all, &pg_actor, slug, version, &row);
    routine_row_done(&row);
    return e;
}

/* The version that is offered; 0: none. */
static int32_t offered(const char *slug) {
    struct routine_row row = {0};
    enum err e = routine_get(DB, &pg_scope_all, slug, 0, &row);
    cr_assert(e == ERR_OK || e == ERR_NOT_FOUND, "%s", db_last_error(DB));
    routine_row_done(&row);
    return e ? 0 : row.version;
}

static bool load(const char *content) {
    bool changed = false;
    cr_assert_eq(catalogue_put_routine(DB, &pg_actor, "r", "R", content, &changed), ERR_OK, "%s",
                 db_last_error(DB));
    return changed;
}

/* ---- life ---- */

Test(routines, of_which_the_newest_version_is_retired_are_not_offered_in_an_older_one) {
    for (int32_t v = 1; v <= 3; v++) {
        cr_assert_eq(write_draft("r", "{}", NULL), v);
        cr_assert_eq(publish("r", v), ERR_OK);
    }
    cr_expect_eq(retire("r", 2), ERR_OK);
    cr_expect_eq(offered("r"), 3, "an older one may go without a trace");
    cr_expect_eq(retire("r", 3), ERR_OK);
    cr_expect_eq(offered("r"), 0);
    cr_expect_eq(retire("r", 3), ERR_WRONG_STATE);
    cr_expect_eq(publish("r", 3), ERR_WRONG_STATE);
    cr_expect_eq(retire("r", 9), ERR_NOT_FOUND);
    cr_assert_eq(write_draft("r", "{}", NULL), 4);
    cr_expect_eq(retire("r", 4), ERR_WRONG_STATE, "a draft");
    cr_expect_eq(offered("r"), 0);
    cr_expect_eq(publish("r", 4), ERR_OK);
    cr_expect_eq(offered("r"), 4);
    cr_expect_str_eq(pg_refusal("UPDATE routine_version SET state = 'published' WHERE version = 3"), "PD006");
}

Test(routines, a_release_does_not_bring_back_what_staff_took_out_of_use) {
    cr_assert(load("{\"n\": 1}"));
    cr_assert_eq(retire("r", 1), ERR_OK);
    cr_expect(load("{\"n\": 2}"));
    cr_expect_eq(offered("r"), 0);
    cr_expect_str_eq(pg_text("SELECT state FROM routine_version WHERE slug = 'r' AND version = 2"),
                     "retired");
    cr_expect_not(load("{\"n\": 2}"), "once");
    cr_assert_eq(write_draft("r", "{\"n\": 3}", NULL), 3);
    cr_assert_eq(publish("r", 3), ERR_OK);
    cr_expect_not(load("{\"n\": 2}"));
    cr_expect_eq(offered("r"), 3, "what staff published stays on top");
}

Test(routines, a_draft_is_not_published_under_a_newer_version) {
    cr_assert(load("{\"n\": 1}"));
    cr_assert_eq(write_draft("r", "{\"n\": 2}", NULL), 2);
    cr_assert(load("{\"n\": 3}"));
    cr_expect_eq(publish("r", 2), ERR_CONFLICT);
    cr_expect_eq(offered("r"), 3);
    cr_expect_eq(routine_delete_draft(DB, &pg_scope_all, &pg_actor, "r", 2, "{\"n\": 2}"), ERR_OK);
    cr_assert_eq(write_draft("r", "{\"n\": 4}", NULL), 4);
    cr_expect_eq(publish("r", 4), ERR_OK);
}

Test(routines, a_draft_is_deleted_as_it_was_read_and_the_routine_with_its_last_version) {
    struct scope of_b = pg_scope_of(&pg_site_b);
    cr_assert_eq(write_draft("r", "{\"n\": 1}", NULL), 1);
    cr_expect_eq(routine_delete_draft(DB, &pg_scope_all, &pg_actor, "r", 1, "{\"n\": 2}"), ERR_NOT_FOUND);
    cr_expect_eq(routine_delete_draft(DB, &of_b, &pg_actor, "r", 1, "{\"n\": 1}"), ERR_NOT_FOUND);
    cr_expect_eq(routine_delete_draft(DB, &pg_scope_all, &pg_actor, "r", 1, "{\"n\": 1}"), ERR_OK);
    cr_expect_eq(pg_int("SELECT count(*) FROM routine WHERE slug = 'r'"), 0);
    cr_expect_eq(pg_int("SELECT count(*) FROM audit_log WHERE action = 'routine.delete'"), 1);
    cr_assert_eq(write_draft("r", "{\"n\": 1}", NULL), 1, "the slug is free again");
    cr_assert_eq(publish("r", 1), ERR_OK);
    cr_expect_eq(routine_delete_draft(DB, &pg_scope_all, &pg_actor, "r", 1, "{\"n\": 1}"), ERR_NOT_FOUND);
    cr_assert_eq(write_draft("r", "{\"n\": 2}", NULL), 2);
    cr_expect_eq(routine_delete_draft(DB, &pg_scope_all, &pg_actor, "r", 2, "{\"n\": 2}"), ERR_OK);
    cr_expect_eq(offered("r"), 1);
}

Test(routines, standings_tell_what_a_slug_is_to_whoever_asks) {
    struct scope of_a = pg_scope_of(&pg_site_a);
    struct routine_standing s[3];
    cr_assert_eq(write_draft("r", "{}", NULL), 1);
    cr_assert_eq(routine_standings(DB, &pg_scope_all, "r,none,relax-10", s, 3), ERR_OK, "%s",
                 db_last_error(DB));
    cr_expect(s[0].exists && s[0].changeable && s[0].has_draft && s[0].newest == 1);
    cr_expect(!s[1].exists && !s[1].changeable && !s[1].has_draft && s[1].newest == 0);
    cr_expect(s[2].exists && s[2].changeable && !s[2].has_draft && s[2].newest == 1);
    cr_assert_eq(routine_standings(DB, &of_a, "r,none,relax-10", s, 3), ERR_OK);
    cr_expect(s[0].exists && !s[0].changeable, "for all sites");
}

/* ---- finding ---- */

static const struct {
    const char *slug, *words, *models;
    int32_t type, hands, duration_s;
    uint32_t goals;
} made[] = {
    {"a", "heel salt", "pro,basic", ROUTINE_TYPE_CLASSIC, ROUTINE_HANDS_DEVICE, 600, 1u << GOAL_PAIN},
    {"b", "heel massage", "pro", ROUTINE_TYPE_CLASSIC, ROUTINE_HANDS_MIXED, 900,
     1u << GOAL_PAIN | 1u << GOAL_SLEEP},
    {"c", "hand massage", "pro,basic", ROUTINE_TYPE_CLASSIC, ROUTINE_HANDS_GUIDED, 300, 0},
    {"d", "lymph", "", ROUTINE_TYPE_LYMPHATIC_DRAINAGE, ROUTINE_HANDS_DEVICE, 600, 1u << GOAL_LYMPH},
};

static void make_all(void) {
    for (size_t i = 0; i < COUNT_OF(made); i++) {
        auto_routine_index struct routine_index f = index_of(
            made[i].type, made[i].goals, made[i].hands, made[i].duration_s, made[i].words, made[i].models);
        cr_assert_eq(write_draft(made[i].slug, "{\"summary\": \"S\"}", &f), 1);
        cr_assert_eq(publish(made[i].slug, 1), ERR_OK);
    }
}

/* What a filter finds, in pages of one, as letters. */
static const char *found(struct routine_filter filter) {
    static char letters[64];
    char after[65] = "";
    struct routine_row row;
    int32_t n = 1;
    letters[0] = '\0';
    while (true) {
        cr_assert_eq(routine_list(DB, &pg_scope_all, &filter, after, 1, &row, &n), ERR_OK, "%s",
                     db_last_error(DB));
        if (n == 0) return letters;
        if (strcmp(row.slug, "relax-10") != 0) strcat(letters, row.slug);
        snprintf(after, sizeof after, "%s", row.slug);
        routine_row_done(&row);
    }
}

Test(routines, filters_narrow_each_other_and_pages_leave_nothing_out) {
    static const struct {
        struct routine_filter filter;
        const char *letters;
    } rows[] = {
        {{.type = NULL}, "abcd"},
        {{.type = "classic"}, "abc"},
        {{.goal = "pain"}, "ab"},
        {{.goal = "sleep"}, "b"},
        {{.goal = "energy"}, ""},
        {{.model = "basic"}, "ac"},
        {{.model = "bas"}, ""},
        {{.hands = "device"}, "ad"},
        {{.duration_min_s = 600}, "abd"},
        {{.duration_max_s = 600}, "acd"},
        {{.duration_min_s = 600, .duration_max_s = 600}, "ad"},
        {{.words = "heel"}, "ab"},
        {{.words = "mass hee"}, "b"},
        {{.words = "heel none"}, ""},
        {{.model = "basic", .hands = "device", .goal = "pain"}, "a"},
        {{.state = "draft"}, ""},
        {{.state = "retired"}, ""},
    };
    make_all();
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        cr_expect_str_eq(found(rows[i].filter), rows[i].letters, "row %zu", i);
    cr_assert_eq(retire("a", 1), ERR_OK);
    cr_assert_eq(write_draft("b", "{}", NULL), 2);
    cr_expect_str_eq(found((struct routine_filter){0}), "bcd");
    cr_expect_str_eq(found((struct routine_filter){.state = "retired"}), "a");
    cr_expect_str_eq(found((struct routine_filter){.state = "draft"}), "b");
}

Test(routines, show_what_is_known_of_them_and_their_content_only_when_asked) {
    struct routine_row row;
    struct routine_filter filter = {.words = "massage heel"};
    int32_t n;
    make_all();
    cr_assert_eq(routine_list(DB, &pg_scope_all, &filter, "", 1, &row, &n), ERR_OK);
    cr_expect_eq(row.content, NULL);
    cr_expect_str_eq(row.summary, "S");
    cr_expect_str_eq(row.type, "classic");
    cr_expect_str_eq(row.hands, "mixed");
    cr_expect(row.steps == 1 && row.confirms == 2 && row.duration_s == 900 && row.duration_max_s == 1500);
    cr_expect_str_eq(row.goals, "[\"sleep\", \"pain\"]");
    cr_expect_str_eq(row.models, "[\"pro\"]");
    routine_row_done(&row);
    filter.with_content = true;
    cr_assert_eq(routine_list(DB, &pg_scope_all, &filter, "", 1, &row, &n), ERR_OK);
    cr_expect_str_eq(row.content, "{\"summary\": \"S\"}");
    routine_row_done(&row);
}

Test(routines, what_is_known_of_a_published_version_may_be_written_anew_but_not_for_another_content) {
    struct routine_row rows[4];
    int32_t n;
    bool changed;
    auto_routine_index struct routine_index f =
        index_of(ROUTINE_TYPE_VACUUM, 0, ROUTINE_HANDS_GUIDED, 60, "w", "m");
    cr_assert_eq(write_draft("r", "{}", NULL), 1);
    cr_assert_eq(publish("r", 1), ERR_OK);
    cr_assert_eq(routine_each_version(DB, "relax-10", 0, 4, rows, &n), ERR_OK);
    cr_assert_eq(n, 1, "relax-10, version 1");
    routine_row_done(&rows[0]);
    cr_assert_eq(routine_each_version(DB, "", 0, 4, rows, &n), ERR_OK);
    cr_assert_eq(n, 2);
    cr_expect_str_eq(rows[0].type, "");
    cr_assert_eq(routine_set_index(DB, &rows[0], &f, &changed), ERR_OK, "%s", db_last_error(DB));
    cr_expect(changed);
    cr_assert_eq(routine_set_index(DB, &rows[0], &f, &changed), ERR_OK);
    cr_expect_not(changed, "nothing new");
    cr_expect_eq(pg_int("SELECT count(*) FROM routine_version WHERE type = 'vacuum'"), 1);
    free(rows[0].content);
    rows[0].content = strdup("{\"other\": 1}");
    cr_assert_eq(routine_set_index(DB, &rows[0], NULL, &changed), ERR_OK);
    cr_expect_not(changed);
    for (int i = 0; i < n; i++) routine_row_done(&rows[i]);
}
