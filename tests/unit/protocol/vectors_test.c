/* The golden vectors, read by the codecs. tests/vectors/test_vectors.py reads them, too. */
#include <criterion/criterion.h>

#include "protocol/message.h"
#include "protocol/message_fields.h"
#include "protocol/topic.h"
#include "vectors.h"

/* One shape for all: parse and write by kind. */
struct codec {
    const char *kind;
    const struct field *fields;
    bool (*parse)(const struct vector *v, void *ret, struct field_errors *errors);
    void (*write)(struct buf *out, const void *m);
    size_t size;
};

#define X(n, max)                                                                                            \
    static bool parse_##n(const struct vector *v, void *ret, struct field_errors *errors) {                  \
        return message_##n##_parse(v->text, v->len, ret, errors);                                            \
    }                                                                                                        \
    static void write_##n(struct buf *out, const void *m) { message_##n##_write(out, m); }
MESSAGES(X)
#undef X

static bool parse_program(const struct vector *v, void *ret, struct field_errors *errors) {
    if (!field_parse(v->text, v->len, program_fields, 0, ret, sizeof(struct program), NULL, errors))
        return false;
    struct model m;
    if (v->model_name) m = vectors_model(v->model_name);
    return program_check(ret, v->model_name ? &m : NULL, errors);
}

static void write_program(struct buf *out, const void *p) {
    struct jsonw w;
    jsonw_init(&w, out);
    program_write(&w, NULL, p);
}

static bool parse_model(const struct vector *v, void *ret, struct field_errors *errors) {
    return model_parse(v->text, v->len, ret, errors);
}

static void write_model(struct buf *out, const void *m) {
    struct jsonw w;
    jsonw_init(&w, out);
    field_write(&w, NULL, model_fields, m);
}

static void expect_errors(const struct vector *v, const struct field_errors *errors) {
    size_t want = json_array_size(v->errors);
    if (want > FIELD_ERRORS_MAX) want = FIELD_ERRORS_MAX;
    cr_expect_eq((size_t)errors->n, want, "%s: %d errors instead of %zu, first %s", v->name, errors->n, want,
                 errors->n ? errors->list[0].pointer : "none");
    for (size_t i = 0; i < want && i < (size_t)errors->n; i++) {
        const json_t *e = json_array_get(v->errors, i);
        cr_expect_str_eq(field_fault_code(errors->list[i].fault), json_string_value(json_array_get(e, 0)),
                         "%s: fault %s", v->name, field_fault_code(errors->list[i].fault));
        cr_expect_str_eq(errors->list[i].pointer, json_string_value(json_array_get(e, 1)), "%s: pointer %s",
                         v->name, errors->list[i].pointer);
        cr_expect(errors->list[i].detail[0] != '\0', "%s: no detail", v->name);
    }
}

static void expect_value(const struct codec *c, const struct vector *v, const void *m) {
    char where[200] = "";
    cr_expect(vectors_equal(c->fields, m, v->value, where, sizeof where), "%s: differs at%s", v->name, where);

    auto_buf struct buf out = BUF_INIT;
    c->write(&out, m);
    cr_expect_str_eq(out.data, v->canonical, "%s: written as %s", v->name, out.data);

    auto_free void *again = xmalloc(c->size);
    struct vector copy = *v;
    copy.text = out.data;
    copy.len = out.len;
    struct field_errors errors;
    cr_expect(c->parse(&copy, again, &errors), "%s: own writing refused", v->name);
    cr_expect_arr_eq(again, m, c->size, "%s: not the same again", v->name);
}

static void run(const struct codec *c) {
    struct vectors all = vectors_load(c->kind);
    auto_free void *m = xmalloc(c->size);
    for (size_t i = 0; i < all.n; i++) {
        const struct vector *v = &all.list[i];
        struct field_errors errors;
        bool ok = c->parse(v, m, &errors);
        cr_expect_eq(ok, v->errors == NULL, "%s: %s %s", v->name, ok ? "taken" : errors.list[0].pointer,
                     ok ? "" : errors.list[0].detail);
        if (ok && v->value) expect_value(c, v, m);
        if (!ok && v->errors) expect_errors(v, &errors);
    }
    vectors_done(&all);
}

#define X(n, max)                                                                                            \
    Test(vectors, the_##n##_message_is_as_the_vectors_say) {                                                 \
        run(&(struct codec){#n, message_##n##_fields, parse_##n, write_##n, sizeof(struct message_##n)});    \
    }
MESSAGES(X)
#undef X

Test(vectors, programs_are_as_the_vectors_say) {
    run(&(struct codec){"program", program_fields, parse_program, write_program, sizeof(struct program)});
}

Test(vectors, models_are_as_the_vectors_say) {
    run(&(struct codec){"model", model_fields, parse_model, write_model, sizeof(struct model)});
}

/* The quick way and the long way of field_parse are one function to who calls it. */
Test(vectors, the_quick_decoder_agrees_with_the_tree_decoder) {
    size_t taken = 0;
    for (const struct message_kind *k = message_kinds; k->name; k++) {
        struct vectors all = vectors_load(k->name);
        auto_free void *quick = xmalloc(k->size);
        auto_free void *slow = xmalloc(k->size);
        for (size_t i = 0; i < all.n; i++) {
            const struct vector *v = &all.list[i];
            struct field_errors errors;
            if (!field_scan(v->text, v->len, k->fields, quick, k->size)) continue;
            taken++;
            json_t *tree = field_load(v->text, v->len, &errors);
            cr_assert(tree, "%s: taken only by field_scan", v->name);
            cr_expect(field_decode(tree, k->fields, 0, slow, k->size, &errors),
                      "%s: taken only by field_scan", v->name);
            cr_expect_arr_eq(quick, slow, k->size, "%s: decoded differently", v->name);
            json_decref(tree);
        }
        vectors_done(&all);
    }
    cr_expect_geq(taken, 60, "field_scan took only %zu vectors", taken);
}

Test(vectors, topics_are_as_the_vectors_say) {
    json_t *tree = vectors_tree("topic"), *t;
    size_t i;
    struct uuid device;
    enum topic_channel channel;
    json_array_foreach(json_object_get(tree, "valid"), i, t) {
        const char *topic = json_string_value(json_object_get(t, "topic"));
        cr_assert(topic_parse(topic, &device, &channel), "%s", topic);
        char id[UUID_TEXT_LEN + 1], again[PROTO_TOPIC_MAX];
        uuid_format(&device, id);
        cr_expect_str_eq(id, json_string_value(json_object_get(t, "device")));
        cr_expect_str_eq(topic_info[channel].name, json_string_value(json_object_get(t, "channel")));
        topic_format(again, &device, channel);
        cr_expect_str_eq(again, topic);
    }
    json_array_foreach(json_object_get(tree, "invalid"), i, t) {
        cr_expect_not(topic_parse(json_string_value(t), &device, &channel), "%s", json_string_value(t));
    }
    json_decref(tree);
}
