/* Intakes as they come from outside, and a site's own copies of the rules. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "server/domain/screening.h"

static bool take(const char *json, struct intake *ret, struct field_errors *errors) {
    return field_parse(json, strlen(json), intake_fields, FIELD_REFUSE_UNKNOWN, ret, sizeof *ret, NULL,
                       errors) &&
           intake_check(ret, &screening_rule_product, "", errors);
}

#define NOTE(by, on) "{\"clearances\": [{\"kind\": \"doctor_note\", \"by\": \"" by "\", \"on\": \"" on "\"}]}"

Test(intake, names_what_does_not_fit) {
    static const struct {
        const char *json, *pointer;
        enum field_fault fault;
    } rows[] = {
        {"{\"none_apply\": 1}", "/none_apply", FIELD_WRONG_TYPE},
        {"{\"answers\": []}", "/answers", FIELD_WRONG_TYPE},
        {"{\"answers\": {\"thrombosis\": \"no\"}}", "/answers/thrombosis", FIELD_WRONG_TYPE},
        {"{\"answers\": {\"headache\": true}}", "/answers/headache", FIELD_UNKNOWN_PROPERTY},
        {"{\"acknowledged\": [\"supper\"]}", "/acknowledged/0", FIELD_NOT_ONE_OF},
        {"{\"acknowledged\": [\"fever\"]}", "/acknowledged/0", FIELD_NOT_ONE_OF},
        {"{\"acknowledged\": [\"meal\", \"meal\"]}", "/acknowledged/1", FIELD_DUPLICATE_KEY},
        {"{\"clearances\": [{}]}", "/clearances/0/kind", FIELD_MISSING},
        {"{\"clearances\": [{}, {}, {}, {}, {}]}", "/clearances", FIELD_TOO_MANY},
        {NOTE("", "2026-11-20"), "/clearances/0/by", FIELD_TOO_SHORT},
        {NOTE("  ", "2026-11-20"), "/clearances/0/by", FIELD_TOO_SHORT},
        {NOTE("a\\nb", "2026-11-20"), "/clearances/0/by", FIELD_BAD_FORMAT},
        {NOTE("W", "2026-11-31"), "/clearances/0/on", FIELD_BAD_FORMAT},
        {NOTE("W", "20.11.2026"), "/clearances/0/on", FIELD_BAD_FORMAT},
        {NOTE("W", "2026-11-20T00:00:00Z"), "/clearances/0/on", FIELD_TOO_LONG},
        {"{\"clearances\": [{\"kind\": \"doctor_note\", \"by\": \"A\", \"on\": \"2026-11-20\"},"
         " {\"kind\": \"doctor_note\", \"by\": \"B\", \"on\": \"2026-11-20\"}]}",
         "/clearances/1", FIELD_DUPLICATE_KEY},
        {"{\"note\": 1}", "/note", FIELD_UNKNOWN_PROPERTY},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct intake intake;
        struct field_errors errors = {0};
        cr_assert_not(take(rows[i].json, &intake, &errors), "%s", rows[i].json);
        cr_expect_str_eq(errors.list[0].pointer, rows[i].pointer, "%s: %s", rows[i].json,
                         errors.list[0].pointer);
        cr_expect_eq(errors.list[0].fault, rows[i].fault, "%s: %s", rows[i].json, errors.list[0].detail);
    }
}

Test(intake, is_written_as_it_was_said) {
    static const char *const texts[] = {
        "{}", "{\"none_apply\":true}",
        "{\"none_apply\":false,\"answers\":{\"skin-check\":true,\"meal\":false}}",
        ("{\"answers\":{\"meal\":true},\"acknowledged\":[\"meal\"],\"clearances\":[{\"kind\":\"doctor_note\","
         "\"by\":\"Dr Weber\",\"on\":\"2026-11-20\"}]}")};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct intake intake;
        struct field_errors errors = {0};
        auto_buf struct buf out = BUF_INIT;
        struct jsonw w;
        cr_assert(take(texts[i], &intake, &errors), "%s", errors.list[0].pointer);
        jsonw_init(&w, &out);
        field_write(&w, NULL, intake_fields, &intake);
        cr_expect_str_eq(out.data, texts[i]);
    }
}

Test(clearance, counts_from_its_day_until_it_is_too_old) {
    static const struct {
        enum clearance_kind kind;
        const char *on, *today;
        bool counts;
    } rows[] = {
        {CLEARANCE_DOCTOR_NOTE, "2026-11-26", "2026-11-26", true},
        {CLEARANCE_DOCTOR_NOTE, "2026-11-27", "2026-11-26", false},
        {CLEARANCE_DOCTOR_NOTE, "2026-10-27", "2026-11-26", true},
        {CLEARANCE_DOCTOR_NOTE, "2026-10-26", "2026-11-26", false},
        {CLEARANCE_DOCTOR_NOTE, "2028-02-29", "2028-03-30", true},
        {CLEARANCE_CERTIFIED_OPERATOR, "2025-11-26", "2026-11-26", true},
        {CLEARANCE_CERTIFIED_OPERATOR, "2025-11-25", "2026-11-26", false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct clearance c = {.kind = rows[i].kind, .by = "W"};
        struct field_errors errors = {0};
        int32_t today;
        strcpy(c.on, rows[i].on);
        cr_assert(clearance_day(rows[i].today, &today));
        cr_expect_eq(clearance_check_age(&c, today, "/0", &errors), rows[i].counts, "%s", rows[i].on);
        if (!rows[i].counts) cr_expect_str_eq(errors.list[0].pointer, "/0/on");
    }
}

/* ---- copies ---- */

#define RULE(id, more)                                                                                       \
    "{\"id\": \"" id "\", \"name\": \"n\", \"question\": \"Q?\", \"why\": \"W.\", " more                     \
    ", \"sources\": [\"x.y\"]}"
#define PREGNANCY(caps) RULE("pregnancy", "\"outcome\": \"limited\", \"caps\": {" caps "}")
#define BARS(list) "\"barred\": [\"electric\", \"vibration\", \"energetic\", \"sudden\"" list "]"
#define CHILD(outcome, needs)                                                                                \
    RULE("child", "\"outcome\": \"" outcome "\"" needs ", \"caps\": {\"intensity_max\": 30, "                \
                  "\"water_max_c\": 37, \"barred\": [\"electric\", \"vibration\", \"acupressure\"]}")
#define NEEDS ", \"needs\": [\"doctor_note\", \"certified_operator\"]"

Test(screening_rule, a_copy_may_only_be_stricter) {
    static const struct {
        const char *copy, *pointer; /* NULL: it may stand */
    } rows[] = {
        {PREGNANCY("\"intensity_max\": 30, \"water_max_c\": 37, " BARS(", \"acupressure\"")), NULL},
        {PREGNANCY("\"intensity_max\": 20, \"water_max_c\": 35.5, \"total_max_s\": 600, " BARS(
             ", \"acupressure\", \"heat\"")),
         NULL},
        {PREGNANCY("\"intensity_max\": 31, \"water_max_c\": 37, " BARS(", \"acupressure\"")),
         "/caps/intensity_max"},
        {PREGNANCY("\"water_max_c\": 37, " BARS(", \"acupressure\"")), "/caps/intensity_max"},
        {PREGNANCY("\"intensity_max\": 30, \"water_max_c\": 37.001, " BARS(", \"acupressure\"")),
         "/caps/water_max_c"},
        {PREGNANCY("\"intensity_max\": 30, \"water_max_c\": 37, " BARS("")), "/caps/barred"},
        {RULE("pregnancy", "\"outcome\": \"refused\""), NULL},
        {RULE("fever", "\"outcome\": \"limited\""), "/outcome"},
        {RULE("fever", "\"outcome\": \"cleared\""), "/outcome"},
        {RULE("fever", "\"outcome\": \"refused\", \"asked_if\": \"child\""), "/asked_if"},
        {RULE("infant", "\"outcome\": \"refused\""), NULL},
        {RULE("infant", "\"outcome\": \"refused\", \"asked_if\": \"pregnancy\""), "/asked_if"},
        {CHILD("needs_clearance", NEEDS), NULL},
        {CHILD("needs_clearance", ", \"needs\": [\"doctor_note\"]"), "/needs"},
        {CHILD("needs_clearance", ""), "/needs"},
        {CHILD("limited", ""), "/outcome"},
        {RULE("meal", "\"outcome\": \"limited\", \"acknowledge\": true"), NULL},
        {RULE("meal", "\"outcome\": \"limited\""), "/acknowledge"},
        {RULE("meal", "\"outcome\": \"refused\""), NULL},
        {RULE("skin-check", "\"outcome\": \"refused\", \"check\": true"), NULL},
        {RULE("skin-check", "\"outcome\": \"refused\""), "/check"},
        {RULE("headache", "\"outcome\": \"refused\""), "/id"},
        {RULE("fever", "\"outcome\": \"refused\", \"price\": 3"), "/price"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct screening_rules set = screening_rule_product;
        struct field_errors errors = {0};
        bool ok = screening_rule_override(&set, rows[i].copy, strlen(rows[i].copy), &errors);
        cr_expect_eq(ok, !rows[i].pointer, "%s: %s", rows[i].copy, errors.list[0].pointer);
        if (rows[i].pointer) {
            cr_expect_str_eq(errors.list[0].pointer, rows[i].pointer, "%s: %s", rows[i].copy,
                             errors.list[0].pointer);
            cr_expect_eq(memcmp(&set, &screening_rule_product, sizeof set), 0,
                         "a refused copy changed the set");
        }
    }
}

Test(screening_rule, a_copy_is_held_against_the_text_of_the_products_rule) {
    struct field_errors errors;
    const char *fever = RULE("fever", "\"outcome\": \"refused\""),
               *meal = RULE("meal", "\"outcome\": \"refused\"");
    cr_expect(screening_rule_copy_check(fever, fever, &errors));
    cr_expect_not(screening_rule_copy_check(fever, meal, &errors));
    cr_expect_str_eq(errors.list[0].pointer, "/id");
    cr_expect_not(screening_rule_copy_check(fever, "{", &errors));
    cr_expect_not(screening_rule_copy_check(fever, RULE("fever", "\"outcome\": \"limited\""), &errors));
    cr_expect_str_eq(errors.list[0].pointer, "/outcome");
}

Test(screening_rule, the_engine_takes_a_site_s_own_set) {
    static const char stricter[] =
        "{\"id\": \"elderly\", \"name\": \"n\", \"question\": \"Over 80?\", \"why\": \"Not here.\","
        " \"outcome\": \"refused\", \"sources\": [\"contra.elderly-acupressure\"]}";
    struct screening_rules set = screening_rule_product;
    struct field_errors errors = {0};
    struct intake intake = {.has_none_apply = true, .none_apply = true};
    struct screening_result r;
    cr_assert(screening_rule_override(&set, stricter, sizeof stricter - 1, &errors));
    intake.answers.has[SCREENING_RULE_ELDERLY] = intake.answers.yes[SCREENING_RULE_ELDERLY] = true;
    screening_run(&set, &intake, NULL, &r);
    cr_expect_eq(r.outcome, SCREENING_REFUSED);
    cr_expect_str_eq(r.reasons[0].words, "Not here.");
    cr_expect_str_eq(r.reasons[0].sources, "contra.elderly-acupressure");
    screening_run(&screening_rule_product, &intake, NULL, &r);
    cr_expect_eq(r.outcome, SCREENING_LIMITED);
}

Test(screening_rule, takes_the_stricter_of_two_caps) {
    struct lowering_caps a = {50, 40000, 1000, TRAIT_HEAT}, b = {80, 36000, 2000, TRAIT_SUDDEN};
    struct lowering_caps c = screening_rule_caps_and(&a, &b), d = screening_rule_caps_and(&b, &a);
    cr_expect_eq(memcmp(&c, &d, sizeof c), 0);
    cr_expect_eq(c.intensity_max, 50);
    cr_expect_eq(c.water_max_mdegc, 36000);
    cr_expect_eq(c.total_max_ms, 1000);
    cr_expect_eq(c.barred, (uint32_t)(TRAIT_HEAT | TRAIT_SUDDEN));
}
