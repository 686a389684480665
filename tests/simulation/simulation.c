/* simulation: many seeds, or one again. Environment: SEEDS (1000) how many, SEED the first (and, without
 * SEEDS, the only one), MUTANT one of the list, FAULTS a mask of classes in hexadecimal (all). Prints TAP. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/simulation/world.h"

static uint64_t present_seed; /* for the handler alone: a failed assertion of the core must name its seed */

static void on_abort(int number) {
    char text[96];
    int n = snprintf(text, sizeof text, "# the core asserts: again with SEED=%" PRIu64 "\n", present_seed);
    (void)number;
    (void)!write(STDOUT_FILENO, text, (size_t)n);
}

static const char *const mutant_names[] = {
#define X(m, what) #m,
    MUTANTS(X)
#undef X
};
static const char *const fault_names[] = {
#define X(c, what) what,
    FAULT_CLASSES(X)
#undef X
};

static bool read_model(const char *id, struct model *ret) {
    char path[512], text[16384];
    struct field_errors errors;
    snprintf(path, sizeof path, "%s/schema/catalogue/models/%s.json", PEDILUVE_SOURCE_DIR, id);
    FILE *f = fopen(path, "rb");
    if (!f) return false;
    size_t len = fread(text, 1, sizeof text, f);
    fclose(f);
    return model_parse(text, len, ret, &errors);
}

static uint64_t number(const char *name, uint64_t absent, int base) {
    const char *text = getenv(name);
    return text && *text ? strtoull(text, NULL, base) : absent;
}

static enum mutant find_mutant(void) {
    const char *name = getenv("MUTANT");
    for (int i = 0; name && i < MUTANT_COUNT; i++)
        if (!strcmp(name, mutant_names[i])) return (enum mutant)i;
    return MUTANT_NONE;
}

/* Without one class of faults after the other, as long as it still fails: what remains is needed. */
static uint32_t shrink(struct world *w, const struct model *models, uint64_t seed, uint32_t mask,
                       enum mutant mutant) {
    struct counts counts = {0};
    for (int c = 0; c < FAULT_CLASS_COUNT; c++) {
        uint32_t fewer = mask & ~(1u << c);
        if (fewer != mask && !world_run(w, models, 2, seed, fewer, mutant, &counts)) mask = fewer;
    }
    (void)world_run(w, models, 2, seed, mask, mutant, &counts);
    return mask;
}

static void tell_failure(struct world *w, const struct model *models, uint64_t seed, uint32_t mask,
                         enum mutant mutant) {
    printf("# SEED=%" PRIu64 " %s\n", seed, w->why);
    uint32_t least = shrink(w, models, seed, mask, mutant);
    printf("# again:  SEED=%" PRIu64 "%s%s build/release/tests/simulation/simulation\n", seed,
           mutant ? " MUTANT=" : "", mutant ? mutant_names[mutant] : "");
    printf("# least:  SEED=%" PRIu64 " FAULTS=%x: %s\n", seed, least, w->why);
    for (int c = 0; c < FAULT_CLASS_COUNT; c++)
        if ((least & (1u << c)) && w->weather.on[c]) printf("#         with: %s\n", fault_names[c]);
}

static void tell_counts(const struct counts *n) {
    printf("# %" PRId64 " core steps, %" PRId64 " sessions, %" PRId64 " told as ended, %" PRId64
           " by an interlock\n",
           n->steps, n->sessions, n->ended, n->interlocked);
    printf("# took effect:");
    for (int i = 0; i < COMMAND_TYPE_COUNT; i++) printf(" %s %" PRId64, command_type_names[i], n->effects[i]);
    printf("\n# %" PRId64 " cuts and restarts, %" PRId64 " torn writes, %" PRId64 " samples, %" PRId64
           " damaged messages; %" PRId64 " steps with heat, %" PRId64 " with motors\n",
           n->cuts, n->torn, n->samples, n->damaged, n->heat_steps, n->motor_steps);
}

/* A run in which little happened proves little: what many seeds must have seen. */
static bool is_thin(const struct counts *n, int64_t seeds) {
    if (seeds < 100) return false;
    for (int i = 0; i < COMMAND_TYPE_COUNT; i++)
        if (n->effects[i] < seeds / 10) return true;
    return n->sessions < seeds || n->ended < seeds || n->cuts < seeds || n->torn < seeds / 50 ||
           n->samples < 20 * seeds || n->damaged < seeds || n->heat_steps < 20 * seeds ||
           n->motor_steps < 20 * seeds || n->interlocked < seeds / 10;
}

int main(void) {
    static struct model models[2];
    struct counts counts = {0};
    uint64_t first = number("SEED", 1, 10), seeds = number("SEEDS", getenv("SEED") ? 1 : 1000, 10);
    uint32_t mask = (uint32_t)number("FAULTS", UINT32_MAX, 16);
    enum mutant mutant = find_mutant();
    struct world *w = xcalloc(1, sizeof *w);
    if (!read_model("spa-pro", &models[0]) || !read_model("bath-basic", &models[1])) return 2;
    signal(SIGABRT, on_abort);
    printf("1..1\n");
    for (uint64_t seed = first; seed < first + seeds; seed++) {
        present_seed = seed;
        if (world_run(w, models, 2, seed, mask, mutant, &counts)) continue;
        tell_failure(w, models, seed, mask, mutant);
        printf("not ok 1 - seed %" PRIu64 "\n", seed);
        free(w);
        return 1;
    }
    tell_counts(&counts);
    bool thin = mask == UINT32_MAX && is_thin(&counts, (int64_t)seeds);
    printf("%s 1 - %" PRIu64 " seeds from %" PRIu64 "%s\n", thin ? "not ok" : "ok", seeds, first,
           thin ? " in which too little happened" : "");
    free(w);
    return thin;
}
