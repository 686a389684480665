#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "base/jsonw.h"
#include "domain_fixture.h"

char *fixture_text(const char *path_from_root, size_t *ret_len) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", SOURCE_DIR, path_from_root);
    FILE *f = fopen(path, "rb");
    cr_assert(f, "cannot open %s", path);
    char *text = xcalloc(1, 1 << 18);
    *ret_len = fread(text, 1, (1 << 18) - 1, f);
    fclose(f);
    return text;
}

struct routine *fixture_decode(const char *text, struct field_errors *errors) {
    struct routine *r = xcalloc(1, sizeof *r);
    *errors = (struct field_errors){0};
    if (field_parse(text, strlen(text), routine_fields, FIELD_REFUSE_UNKNOWN, r, sizeof *r, NULL, errors) &&
        routine_check(r, errors))
        return r;
    free(r);
    return NULL;
}

struct routine *fixture_routine(const char *slug) {
    char path[200];
    size_t len;
    struct field_errors errors;
    snprintf(path, sizeof path, "schema/catalogue/routines/%s.json", slug);
    auto_free char *text = fixture_text(path, &len);
    struct routine *r = fixture_decode(text, &errors);
    cr_assert(r, "%s: %s %s", slug, errors.list[0].pointer, errors.list[0].detail);
    return r;
}

int fixture_slugs(char ret_slugs[FIXTURE_SLUGS_MAX][ROUTINE_SLUG_MAX + 1]) {
    struct dirent **entries;
    int n = scandir(SOURCE_DIR "/schema/catalogue/routines", &entries, NULL, alphasort), slugs = 0;
    cr_assert_gt(n, 0);
    for (int i = 0; i < n; i++) {
        char *dot = strrchr(entries[i]->d_name, '.');
        if (dot && strcmp(dot, ".json") == 0) {
            cr_assert_lt(slugs, FIXTURE_SLUGS_MAX);
            snprintf(ret_slugs[slugs++], ROUTINE_SLUG_MAX + 1, "%.*s", (int)(dot - entries[i]->d_name),
                     entries[i]->d_name);
        }
        free(entries[i]);
    }
    free(entries);
    return slugs;
}

void fixture_model(const char *id, struct model *ret) {
    char path[200];
    size_t len;
    struct field_errors errors = {0};
    snprintf(path, sizeof path, "schema/catalogue/models/%s.json", id);
    auto_free char *text = fixture_text(path, &len);
    cr_assert(model_parse(text, len, ret, &errors), "%s: %s %s", id, errors.list[0].pointer,
              errors.list[0].detail);
}

void fixture_program_bytes(const struct program *p, struct buf *out) {
    struct jsonw w;
    jsonw_init(&w, out);
    program_write(&w, NULL, p);
}
