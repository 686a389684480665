/* The fuzz targets without a fuzzer: all vectors, cut and bent at every place, through all of them. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/auto.h"
#include "targets.h"
#include "vectors.h"

static const char *const kinds[] = {"hello",     "command",  "ack",    "state",   "telemetry",
                                    "committed", "presence", "server", "program", "model"};

static const struct fuzz_target *find(const char *name) {
    const struct fuzz_target *t = fuzz_targets;
    while (t->name && strcmp(t->name, name) != 0) t++;
    return t;
}

Test(fuzz, every_vector_holds_in_every_target) {
    for (size_t k = 0; k < COUNT_OF(kinds); k++) {
        struct vectors all = vectors_load(kinds[k]);
        for (const struct fuzz_target *t = fuzz_targets; t->name; t++) {
            for (size_t i = 0; i < all.n; i++) t->run(all.list[i].text, all.list[i].len);
        }
        vectors_done(&all);
    }
}

/* Exact-sized heap copies, so that a sanitizer sees a read beyond the end. */
static void run_copy(const struct fuzz_target *t, const char *text, size_t len) {
    auto_free char *copy = xmalloc(len);
    memcpy(copy, text, len);
    t->run(copy, len);
}

Test(fuzz, every_message_holds_cut_at_every_place_and_bent_at_every_byte) {
    static const char bends[] = "\"{}[],:0-9.e\\ \x01\xff";
    for (size_t k = 0; k < COUNT_OF(kinds); k++) {
        struct vectors all = vectors_load(kinds[k]);
        const struct fuzz_target *t = find(kinds[k]);
        auto_free char *bent = xmalloc(all.list[0].len);
        for (size_t i = 0; i < all.list[0].len; i++) {
            run_copy(t, all.list[0].text, i);
            memcpy(bent, all.list[0].text, all.list[0].len);
            bent[i] = bends[i % (sizeof bends - 1)];
            run_copy(t, bent, all.list[0].len);
        }
        vectors_done(&all);
    }
}

Test(fuzz, intakes_and_rules_hold_cut_and_bent) {
    static const struct {
        const char *target, *text;
    } rows[] = {
        {"intake", "{\"none_apply\":true,\"answers\":{\"skin-check\":true,\"fever\":true,\"meal\":true},"
                   "\"acknowledged\":[\"meal\"],\"clearances\":[{\"kind\":\"doctor_note\",\"by\":\"Dr W\","
                   "\"on\":\"2026-11-20\"}]}"},
        {"rule",
         "{\"id\":\"neuropathy\",\"name\":\"N\",\"question\":\"Q?\",\"why\":\"W.\",\"outcome\":\"limited\","
         "\"caps\":{\"intensity_max\":40,\"water_max_c\":35.5},\"sources\":[\"contra.neuropathy\"]}"},
    };
    static const char bends[] = "\"{}[],:0-9.e\\ \x01\xff";
    for (size_t k = 0; k < COUNT_OF(rows); k++) {
        const struct fuzz_target *t = find(rows[k].target);
        size_t len = strlen(rows[k].text);
        for (size_t i = 0; i < len; i++) {
            auto_free char *bent = xmalloc(len + 1);
            memcpy(bent, rows[k].text, len + 1);
            run_copy(t, rows[k].text, i);
            bent[i] = bends[i % (sizeof bends - 1)];
            run_copy(t, bent, len);
        }
        run_copy(t, rows[k].text, len);
    }
}

Test(fuzz, topics_and_times_hold) {
    json_t *tree = vectors_tree("topic"), *t;
    size_t i;
    json_array_foreach(json_object_get(tree, "invalid"), i, t)
        run_copy(find("topic"), json_string_value(t), json_string_length(t));
    json_decref(tree);
    static const char *const times[] = {"2026-11-21T03:15:31.042Z", "2199-12-31T23:59:59.999-23:59",
                                        "1970-01-01T00:00:00Z"};
    for (size_t k = 0; k < COUNT_OF(times); k++) {
        for (size_t n = 0; n <= strlen(times[k]); n++) run_copy(find("clock"), times[k], n);
    }
}
