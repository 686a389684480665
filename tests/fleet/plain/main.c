#include <criterion/criterion.h>
#include <criterion/hooks.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define TEST_DEADLINE_S 240

/* libmosquitto and libpq are not built with the sanitizer: what they lock is not seen, what they unlock is.
 */
const char *__tsan_default_options(void);
const char *__tsan_default_options(void) { return "ignore_noninstrumented_modules=1"; }

void (*plain_PRE_ALL)(struct criterion_test_set *);
void (*plain_POST_ALL)(struct criterion_global_stats *);

static struct plain_suite *suites;
static struct plain_test *tests;

void plain_add_suite(struct plain_suite *suite) {
    suite->next = suites;
    suites = suite;
}
void plain_add_test(struct plain_test *test) {
    test->next = tests;
    tests = test;
}

void plain_fail(const char *file, int line, const char *what, const char *fmt, ...) {
    va_list args;
    fprintf(stderr, "%s:%d: not so: %s ", file, line, what);
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputc('\n', stderr);
    _exit(1);
}

static int run_alone(const struct plain_test *t) {
    const struct plain_suite *s = suites;
    while (s && strcmp(s->name, t->suite) != 0) s = s->next;
    if (s && s->init) s->init();
    t->run();
    if (s && s->fini) s->fini();
    return 0;
}

static bool run(const struct plain_test *t) {
    int status = 0;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        alarm(TEST_DEADLINE_S);
        exit(run_alone(t)); /* the sanitizer's own exit code takes its place */
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

int main(int argc, char **argv) {
    int n = 0, failed = 0;
    if (plain_PRE_ALL) plain_PRE_ALL(NULL);
    for (const struct plain_test *t = tests; t; t = t->next) {
        char name[256];
        snprintf(name, sizeof name, "%s/%s", t->suite, t->name);
        if (argc > 1 && !strstr(name, argv[1])) continue;
        bool ok = run(t);
        printf("%s %d - %s: ", ok ? "ok" : "not ok", ++n, t->suite);
        for (const char *c = t->name; *c; c++) putchar(*c == '_' ? ' ' : *c);
        putchar('\n');
        fflush(stdout);
        failed += !ok;
    }
    printf("1..%d\n", n);
    if (plain_POST_ALL) plain_POST_ALL(NULL);
    return failed ? 1 : 0;
}
