/* Properties of every decoder, whatever the bytes:
 *   - it does not crash, and touches nothing outside (the sanitizers' part);
 *   - what it takes, its encoder writes in a form that it takes again, with the same result;
 *   - the quick way of field_parse takes nothing that the long way refuses, and reads it alike;
 *   - a refusal names at least one fault. */
#include "targets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "protocol/message.h"
#include "protocol/message_fields.h"
#include "protocol/model.h"
#include "protocol/topic.h"
#include "server/domain/screening.h"

#define hold(condition)                                                                                      \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);                   \
            abort();                                                                                         \
        }                                                                                                    \
    } while (0)

static void agree(const char *text, size_t len, const struct field *fields, size_t size) {
    auto_free void *quick = xmalloc(size);
    auto_free void *slow = xmalloc(size);
    struct field_errors errors;
    bool taken = field_scan(text, len, fields, quick, size);
    json_t *tree = field_load(text, len, &errors);
    bool decoded = tree && field_decode(tree, fields, 0, slow, size, &errors);
    json_decref(tree);
    hold(decoded || errors.n > 0);
    hold(!taken || decoded);
    hold(!taken || memcmp(quick, slow, size) == 0);
}

#define X(message, max)                                                                                      \
    static void run_##message(const char *text, size_t len) {                                                \
        auto_free struct message_##message *m = xmalloc(sizeof *m);                                          \
        auto_free struct message_##message *again = xmalloc(sizeof *again);                                  \
        struct field_errors errors;                                                                          \
        agree(text, len, message_##message##_fields, sizeof *m);                                             \
        if (!message_##message##_parse(text, len, m, &errors)) {                                             \
            hold(errors.n > 0 && errors.n <= FIELD_ERRORS_MAX);                                              \
            return;                                                                                          \
        }                                                                                                    \
        auto_buf struct buf out = BUF_INIT;                                                                  \
        message_##message##_write(&out, m);                                                                  \
        hold(out.len <= max);                                                                                \
        hold(message_##message##_parse(out.data, out.len, again, &errors));                                  \
        hold(memcmp(m, again, sizeof *m) == 0);                                                              \
    }
MESSAGES(X)
#undef X

static void run_program(const char *text, size_t len) {
    static const struct model model = {
        .id = "spa-pro",
        .version = 1,
        .water_max_mdegc = 42000,
        .session_max_ms = 5400000,
        .n_actuators = 3,
        .actuators = {{.name = "heater", .kind = ACTUATOR_HEATER, .cells = 1, .level_max = 100},
                      {.name = "jets", .kind = ACTUATOR_JETS, .cells = 2, .level_max = 100},
                      {.name = "roller", .kind = ACTUATOR_ROLLER, .cells = 4, .level_max = 80}}};
    auto_free struct program *p = xmalloc(sizeof *p);
    auto_free struct program *again = xmalloc(sizeof *again);
    struct field_errors errors;
    agree(text, len, program_fields, sizeof *p);
    if (!field_parse(text, len, program_fields, 0, p, sizeof *p, NULL, &errors)) return;
    auto_buf struct buf out = BUF_INIT;
    struct jsonw w;
    jsonw_init(&w, &out);
    program_write(&w, NULL, p);
    hold(field_parse(out.data, out.len, program_fields, 0, again, sizeof *again, NULL, &errors));
    hold(memcmp(p, again, sizeof *p) == 0);

    /* What a decoder took is within the table's bounds; what a model allows, any model allows. */
    hold(field_check(program_fields, p, &errors));
    bool without = program_check(p, NULL, &errors), with = program_check(p, &model, &errors);
    hold(without || !with);
    if (!with) return;
    hold(program_total_ms(p) <= model.session_max_ms);
    for (int i = 0; i < p->n_steps; i++) {
        hold(p->steps[i].water_mdegc <= model.water_max_mdegc);
        for (int j = 0; j < p->steps[i].n_sets; j++) {
            const struct setpoint *s = &p->steps[i].sets[j];
            hold(s->channel < model.n_actuators && model.actuators[s->channel].kind != ACTUATOR_HEATER);
            hold(s->level <= model.actuators[s->channel].level_max && s->level <= p->intensity_max);
            for (int k = 0; k < p->n_barred; k++) hold(p->barred[k] != model.actuators[s->channel].kind);
        }
    }
}

static void run_model(const char *text, size_t len) {
    auto_free struct model *m = xmalloc(sizeof *m);
    auto_free struct model *again = xmalloc(sizeof *again);
    struct field_errors errors;
    agree(text, len, model_fields, sizeof *m);
    if (!model_parse(text, len, m, &errors)) {
        hold(errors.n > 0);
        return;
    }
    auto_buf struct buf out = BUF_INIT;
    struct jsonw w;
    jsonw_init(&w, &out);
    field_write(&w, NULL, model_fields, m);
    hold(model_parse(out.data, out.len, again, &errors));
    hold(memcmp(m, again, sizeof *m) == 0);
}

static void run_head(const char *text, size_t len) {
    struct uuid id;
    int64_t seq, epoch;
    if (!message_command_head(text, len, &id, &seq, &epoch)) return;
    hold(seq >= 1 && epoch >= 1);
}

static void run_topic(const char *text, size_t len) {
    auto_free char *topic = xmalloc(len + 1);
    memcpy(topic, text, len);
    topic[len] = '\0';
    struct uuid device;
    enum topic_channel channel;
    if (!topic_parse(topic, &device, &channel)) return;
    char again[PROTO_TOPIC_MAX];
    topic_format(again, &device, channel);
    hold(strcmp(again, topic) == 0);
}

/* Nobody who answered yes to what refuses is let through, and a set of rules takes any intake. */
static void run_intake(const char *text, size_t len) {
    struct intake in, again;
    struct field_errors errors = {0};
    agree(text, len, intake_fields, sizeof in);
    if (!field_parse(text, len, intake_fields, FIELD_REFUSE_UNKNOWN, &in, sizeof in, NULL, &errors)) return;
    auto_buf struct buf out = BUF_INIT;
    struct jsonw w;
    jsonw_init(&w, &out);
    field_write(&w, NULL, intake_fields, &in);
    hold(field_parse(out.data, out.len, intake_fields, 0, &again, sizeof again, NULL, &errors));
    hold(memcmp(&in, &again, sizeof in) == 0);
    if (!intake_check(&in, &screening_rule_product, "/intake", &errors)) {
        hold(errors.n > 0);
        return;
    }
    struct screening_result r;
    screening_run(&screening_rule_product, &in, NULL, &r);
    for (int i = 0; i < SCREENING_RULE_COUNT; i++) {
        const struct screening_rule *rule = &screening_rule_product.rule[i];
        if (in.answers.yes[i] && !rule->check && rule->outcome == SCREENING_REFUSED)
            hold(r.outcome == SCREENING_REFUSED);
    }
    hold(r.outcome < SCREENING_OUTCOME_COUNT && r.caps.intensity_max >= 1);
}

/* A site's copy that is taken is nowhere laxer than the product's rule. */
static void run_rule(const char *text, size_t len) {
    struct screening_rules set = screening_rule_product;
    struct field_errors errors = {0};
    if (!screening_rule_override(&set, text, len, &errors)) {
        hold(errors.n > 0 && memcmp(&set, &screening_rule_product, sizeof set) == 0);
        return;
    }
    for (int i = 0; i < SCREENING_RULE_COUNT; i++) {
        const struct screening_rule *a = &screening_rule_product.rule[i], *b = &set.rule[i];
        hold(b->outcome >= a->outcome);
        if (b->outcome == SCREENING_REFUSED) continue;
        hold(b->caps.intensity_max <= a->caps.intensity_max && !(a->caps.barred & ~b->caps.barred));
    }
}

static void run_clock(const char *text, size_t len) {
    int64_t ms, again;
    char out[CLOCK_TEXT_LEN + 1];
    if (!clock_parse(text, len, &ms)) return;
    hold(ms >= 0 && ms < PROTO_TIME_MS_MAX + INT64_C(86400000));
    clock_format(ms, out);
    hold(ms > PROTO_TIME_MS_MAX || (clock_parse(out, CLOCK_TEXT_LEN, &again) && again == ms));
}

const struct fuzz_target fuzz_targets[] = {
#define X(message, max) {#message, run_##message},
    MESSAGES(X)
#undef X
        {"program", run_program},
    {"model", run_model},
    {"head", run_head},
    {"topic", run_topic},
    {"clock", run_clock},
    {"intake", run_intake},
    {"rule", run_rule},
    {NULL, NULL},
};
