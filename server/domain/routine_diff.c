/* Each member is compared by what it is written as, with the table that decodes it: a member added to the
 * table is compared from then on. */
#include "server/domain/routine_diff.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define MEMBERS_MAX 24

struct members { /* one object, member by member as JSON; NULL: absent */
    int32_t n;
    char *value[MEMBERS_MAX];
};

struct version {
    const struct routine *r;
    struct members top, steps[ROUTINE_STEPS_MAX];
};

struct diff {
    struct version from, to;
    struct jsonw *w;
    int32_t n;
};

/* ---- members as text ---- */

static const struct field *steps_row(void) {
    const struct field *f = routine_fields;
    while (f->sub == NULL) f++;
    return f;
}

static char *value_text(const struct field *f, const void *value) {
    const struct field table[] = {*f, FIELD_END};
    struct buf b = BUF_INIT;
    struct jsonw w;
    size_t head = strlen(f->name) + 4; /* {"name": */
    jsonw_init(&w, &b);
    field_write(&w, NULL, table, value);
    char *text = NULL;
    if (b.len > head) {
        text = xcalloc(1, b.len - head);
        memcpy(text, b.data + head, b.len - head - 1);
    }
    buf_done(&b);
    return text;
}

static void read_members(const struct field *table, const void *value, struct members *ret) {
    for (const struct field *f = table; f->type != FIELD_T_END; f++) {
        assert(ret->n < MEMBERS_MAX);
        ret->value[ret->n++] = f->sub ? NULL : value_text(f, value);
    }
}

static void members_done(struct members *m) {
    for (int32_t i = 0; i < m->n; i++) free(m->value[i]);
}

static void version_init(struct version *s, const struct routine *r) {
    s->r = r;
    read_members(routine_fields, r, &s->top);
    for (int32_t i = 0; i < r->n_steps; i++) read_members(steps_row()->sub, &r->steps[i], &s->steps[i]);
}

static void version_done(struct version *s) {
    members_done(&s->top);
    for (int32_t i = 0; i < s->r->n_steps; i++) members_done(&s->steps[i]);
}

static bool same_text(const char *a, const char *b) { return a && b ? strcmp(a, b) == 0 : a == b; }

static int32_t in_common(const struct members *a, const struct members *b) {
    int32_t n = 0;
    for (int32_t i = 0; i < a->n; i++) n += same_text(a->value[i], b->value[i]);
    return n;
}

/* ---- which step is which ---- */

struct matching {
    const struct diff *d;
    int32_t n_old, n_new;
    struct routine_match *m;
    int8_t common[ROUTINE_STEPS_MAX][ROUTINE_STEPS_MAX];        /* members; -1: another technique */
    int32_t best[ROUTINE_STEPS_MAX + 1][ROUTINE_STEPS_MAX + 1]; /* of what begins at old i, new j */
};

static bool identical(const struct matching *x, int32_t i, int32_t j) {
    return x->common[i][j] == x->d->from.steps[i].n;
}

static void compare_all(struct matching *x) {
    for (int32_t i = 0; i < x->n_old; i++)
        for (int32_t j = 0; j < x->n_new; j++) {
            bool alike = x->d->from.r->steps[i].technique == x->d->to.r->steps[j].technique;
            x->common[i][j] = (int8_t)(alike ? in_common(&x->d->from.steps[i], &x->d->to.steps[j]) : -1);
        }
}

static void match(struct matching *x, int32_t i, int32_t j, bool moved) {
    x->m->new_of[i] = (int16_t)j;
    x->m->old_of[j] = (int16_t)i;
    x->m->moved[j] = moved;
}

/* Far more than all members of all steps together: what is matched already stays matched. */
#define ANCHOR 100000

/* What a pair adds in the alignment that keeps the order; 0: no pair. */
static int32_t weight(const struct matching *x, int32_t i, int32_t j, bool only_identical) {
    if (only_identical) return identical(x, i, j) ? x->common[i][j] : 0;
    if (x->m->new_of[i] == j && !x->m->moved[j]) return ANCHOR;
    bool free_pair = x->m->new_of[i] < 0 && x->m->old_of[j] < 0;
    return free_pair && x->common[i][j] > 0 ? x->common[i][j] : 0;
}

/* The longest common subsequence, each pair by its weight. */
static void align(struct matching *x, bool only_identical) {
    for (int32_t i = x->n_old; i >= 0; i--)
        for (int32_t j = x->n_new; j >= 0; j--) {
            int32_t best = 0;
            if (i < x->n_old && j < x->n_new) {
                int32_t w = weight(x, i, j, only_identical);
                best = w > 0 ? w + x->best[i + 1][j + 1] : 0;
            }
            if (i < x->n_old && x->best[i + 1][j] > best) best = x->best[i + 1][j];
            if (j < x->n_new && x->best[i][j + 1] > best) best = x->best[i][j + 1];
            x->best[i][j] = best;
        }
    for (int32_t i = 0, j = 0; i < x->n_old && j < x->n_new;) {
        int32_t w = weight(x, i, j, only_identical);
        if (w > 0 && x->best[i][j] == w + x->best[i + 1][j + 1])
            match(x, i++, j++, false);
        else if (x->best[i][j] == x->best[i + 1][j])
            i++;
        else
            j++;
    }
}

/* What is left, anywhere: each old step takes the free new one that has most in common with it. */
static void match_moved(struct matching *x, bool only_identical) {
    for (int32_t i = 0; i < x->n_old; i++) {
        int32_t best = -1;
        for (int32_t j = 0; x->m->new_of[i] < 0 && j < x->n_new; j++) {
            if (x->m->old_of[j] >= 0 || x->common[i][j] < 0 || (only_identical && !identical(x, i, j)))
                continue;
            if (best < 0 || x->common[i][j] > x->common[i][best]) best = j;
        }
        if (best >= 0) match(x, i, best, true);
    }
}

static void match_steps(const struct diff *d, struct routine_match *ret) {
    auto_free struct matching *x = xcalloc(1, sizeof *x);
    *x = (struct matching){.d = d, .n_old = d->from.r->n_steps, .n_new = d->to.r->n_steps, .m = ret};
    memset(ret, 0xff, sizeof *ret);
    memset(ret->moved, 0, sizeof ret->moved);
    compare_all(x);
    align(x, true);
    match_moved(x, true);
    align(x, false);
    match_moved(x, false);
}

void routine_diff_match(const struct routine *from, const struct routine *to, struct routine_match *ret) {
    auto_free struct diff *d = xcalloc(1, sizeof *d);
    version_init(&d->from, from);
    version_init(&d->to, to);
    match_steps(d, ret);
    version_done(&d->from);
    version_done(&d->to);
}

/* ---- writing ---- */

struct place { /* steps -1: of the routine itself */
    int32_t old_step, new_step;
    const char *member; /* "": the whole step */
};

static void write_pointer(struct jsonw *w, const char *key, int32_t step, const char *member) {
    char pointer[96];
    if (step < 0)
        snprintf(pointer, sizeof pointer, "/%s", member);
    else
        snprintf(pointer, sizeof pointer, "/steps/%d%s%s", (int)step, *member ? "/" : "", member);
    jsonw_str(w, key, pointer);
}

/* old and new: JSON, NULL where there is none. */
static void write_change(struct diff *d, const char *kind, const struct place *at, const char *old,
                         const char *new) {
    bool removed_step = at->old_step >= 0 && at->new_step < 0;
    jsonw_object(d->w, NULL);
    jsonw_str(d->w, "kind", kind);
    if (!removed_step) write_pointer(d->w, "pointer", at->new_step, at->member);
    if (at->old_step >= 0 && at->old_step != at->new_step)
        write_pointer(d->w, "old_pointer", at->old_step, at->member);
    if (old) jsonw_raw(d->w, "old", old, strlen(old));
    if (new) jsonw_raw(d->w, "new", new, strlen(new));
    jsonw_object_end(d->w);
    d->n++;
}

static void write_members(struct diff *d, const struct field *table, const struct members *old,
                          const struct members *new, struct place at) {
    for (int32_t i = 0; i < old->n; i++) {
        if (same_text(old->value[i], new->value[i])) continue;
        at.member = table[i].name;
        write_change(d,
                     !old->value[i]   ? "added"
                     : !new->value[i] ? "removed"
                                      : "changed",
                     &at, old->value[i], new->value[i]);
    }
}

static void write_step(struct diff *d, const char *kind, const struct place *at, const struct routine_step *s,
                       bool is_old) {
    auto_buf struct buf b = BUF_INIT;
    struct jsonw w;
    jsonw_init(&w, &b);
    field_write(&w, NULL, steps_row()->sub, s);
    write_change(d, kind, at, is_old ? b.data : NULL, is_old ? NULL : b.data);
}

static void write_steps(struct diff *d, const struct routine_match *m) {
    for (int32_t j = 0; j < d->to.r->n_steps; j++) {
        struct place at = {.old_step = m->old_of[j], .new_step = j, .member = ""};
        if (at.old_step < 0) {
            write_step(d, "added", &at, &d->to.r->steps[j], false);
            continue;
        }
        if (m->moved[j]) write_change(d, "moved", &at, NULL, NULL);
        write_members(d, steps_row()->sub, &d->from.steps[at.old_step], &d->to.steps[j], at);
    }
    for (int32_t i = 0; i < d->from.r->n_steps; i++) {
        struct place at = {.old_step = i, .new_step = -1, .member = ""};
        if (m->new_of[i] < 0) write_step(d, "removed", &at, &d->from.r->steps[i], true);
    }
}

int32_t routine_diff_write(struct jsonw *w, const char *key, const struct routine *from,
                           const struct routine *to) {
    auto_free struct diff *d = xcalloc(1, sizeof *d);
    struct routine_match m;
    d->w = w;
    version_init(&d->from, from);
    version_init(&d->to, to);
    match_steps(d, &m);
    jsonw_array(w, key);
    write_members(d, routine_fields, &d->from.top, &d->to.top, (struct place){-1, -1, ""});
    write_steps(d, &m);
    jsonw_array_end(w);
    version_done(&d->from);
    version_done(&d->to);
    return d->n;
}
