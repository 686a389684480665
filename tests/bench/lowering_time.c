/* How long lowering takes: every routine file for every model file given, and the longest routine there can
 * be.
 *
 *     lowering_time MODEL.json... -- ROUTINE.json...
 *
 * Prints one JSON object: {"programs": n, "mean_us": .., "max_us": .., "max_of": "slug on model",
 * "longest_us": .., "longest_json_us": ..}: the mean over all pairs that can run, the slowest pair, and 200
 * steps without and with the writing of the program's JSON. Each figure is the best of several rounds: what
 * the code takes, not the machine's moods. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "server/domain/lowering.h"

#define ROUNDS 20
#define TIMES 20

static double now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static char *read_file(const char *path, size_t *ret_len) {
    FILE *f = fopen(path, "rb");
    char *text = xcalloc(1, 1 << 20);
    if (!f) {
        perror(path);
        exit(1);
    }
    *ret_len = fread(text, 1, (1 << 20) - 1, f);
    fclose(f);
    return text;
}

struct scratch {
    struct program program;
    struct lowering_report report;
};

/* Best time of one lowering; below 0: it cannot run there. */
static double time_of(const struct routine *r, const struct model *m, bool with_json, struct scratch *s) {
    const struct lowering_caps caps = CAPS_DEFAULT;
    double best = 1e12;
    for (int round = 0; round < ROUNDS; round++) {
        double begun = now_us();
        for (int i = 0; i < TIMES; i++) {
            if (lowering_run(r, m, &caps, &s->program, &s->report) != LOWER_OK) return -1;
            if (!with_json) continue;
            auto_buf struct buf text = BUF_INIT;
            struct jsonw w;
            jsonw_init(&w, &text);
            program_write(&w, NULL, &s->program);
        }
        double took = (now_us() - begun) / TIMES;
        if (took < best) best = took;
    }
    return best;
}

/* The most that a routine may hold: 200 steps of several zones, and ramps as far as a program has room. */
static void longest(struct routine *r) {
    struct field_errors errors = {0};
    snprintf(r->slug, sizeof r->slug, "longest");
    snprintf(r->name, sizeof r->name, "Longest");
    for (r->n_steps = 0; r->n_steps < ROUTINE_STEPS_MAX; r->n_steps++)
        r->steps[r->n_steps] = (struct routine_step){
            .technique = r->n_steps % 2 ? TECHNIQUE_KNEADING : TECHNIQUE_STROKING,
            .n_zones = 2,
            .zones = {ZONE_SOLE, ZONE_CALF},
            .has_duration = true,
            .duration_s = 15,
            .intensity = 30 + r->n_steps % 40,
            .has_intensity_end = r->n_steps < PROTO_STEPS_MAX - ROUTINE_STEPS_MAX,
            .intensity_end = 60,
        };
    if (routine_check(r, &errors)) return;
    fprintf(stderr, "lowering_time: %s: %s\n", errors.list[0].pointer, errors.list[0].detail);
    exit(1);
}

int main(int argc, char **argv) {
    auto_free struct routine *r = xcalloc(1, sizeof *r);
    auto_free struct scratch *s = xcalloc(1, sizeof *s);
    struct model models[16];
    struct field_errors errors = {0};
    int n_models = 0, i = 1, n = 0;
    double sum = 0, most = 0, long_us = 0, long_json_us = 0;
    char most_of[160] = "";
    size_t len;
    for (; i < argc && strcmp(argv[i], "--") != 0 && n_models < 16; i++) {
        auto_free char *text = read_file(argv[i], &len);
        if (!model_parse(text, len, &models[n_models++], &errors)) return 1;
    }
    for (i++; i < argc; i++) {
        auto_free char *text = read_file(argv[i], &len);
        if (!field_parse(text, len, routine_fields, FIELD_REFUSE_UNKNOWN, r, sizeof *r, NULL, &errors))
            return 1;
        for (int m = 0; m < n_models; m++) {
            double us = time_of(r, &models[m], false, s);
            if (us < 0) continue;
            sum += us;
            n++;
            if (us <= most) continue;
            most = us;
            snprintf(most_of, sizeof most_of, "%s on %s", r->slug, models[m].id);
        }
    }
    memset(r, 0, sizeof *r);
    longest(r);
    for (int m = 0; m < n_models; m++) {
        double us = time_of(r, &models[m], false, s), with = time_of(r, &models[m], true, s);
        if (us > long_us) long_us = us;
        if (with > long_json_us) long_json_us = with;
    }
    if (n == 0 || long_us <= 0) return 1;
    printf(
        "{\"programs\": %d, \"mean_us\": %.2f, \"max_us\": %.2f, \"max_of\": \"%s\", \"longest_us\": %.2f, "
        "\"longest_json_us\": %.2f}\n",
        n, sum / n, most, most_of, long_us, long_json_us);
    return 0;
}
