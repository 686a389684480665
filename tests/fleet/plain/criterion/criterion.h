/* What these tests use of Criterion, as a plain program that prints TAP: the thread sanitizer does not
 * run within the real one. Each test runs in a process of its own. */
#ifndef PEDILUVE_TESTS_PLAIN_CRITERION_H
#define PEDILUVE_TESTS_PLAIN_CRITERION_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct plain_suite {
    const char *name;
    void (*init)(void), (*fini)(void);
    struct plain_suite *next;
};
struct plain_test {
    const char *suite, *name;
    void (*run)(void);
    struct plain_test *next;
};
void plain_add_suite(struct plain_suite *suite);
void plain_add_test(struct plain_test *test);
void plain_fail(const char *file, int line, const char *what, const char *fmt, ...) __attribute__((noreturn));

#define TestSuite(suite_, ...)                                                                               \
    __attribute__((constructor)) static void plain_suite_##suite_(void) {                                    \
        static struct plain_suite s = {.name = #suite_, __VA_ARGS__};                                        \
        plain_add_suite(&s);                                                                                 \
    }                                                                                                        \
    _Static_assert(1, "")

#define Test(suite_, name_, ...)                                                                             \
    static void plain_run_##suite_##_##name_(void);                                                          \
    __attribute__((constructor)) static void plain_test_##suite_##_##name_(void) {                           \
        static struct plain_test t = {                                                                       \
            .suite = #suite_, .name = #name_, .run = plain_run_##suite_##_##name_};                          \
        plain_add_test(&t);                                                                                  \
    }                                                                                                        \
    static void plain_run_##suite_##_##name_(void)

#define cr_assert(condition, ...)                                                                            \
    ((condition) ? (void)0 : plain_fail(__FILE__, __LINE__, #condition, "" __VA_ARGS__))
#define cr_assert_eq(a, b, ...) cr_assert((a) == (b), __VA_ARGS__)
#define cr_assert_neq(a, b, ...) cr_assert((a) != (b), __VA_ARGS__)
#define cr_assert_lt(a, b, ...) cr_assert((a) < (b), __VA_ARGS__)
#define cr_assert_leq(a, b, ...) cr_assert((a) <= (b), __VA_ARGS__)
#define cr_assert_geq(a, b, ...) cr_assert((a) >= (b), __VA_ARGS__)
#define cr_assert_null(p, ...) cr_assert((p) == NULL, __VA_ARGS__)
#define cr_assert_str_eq(a, b, ...) cr_assert(strcmp(a, b) == 0, __VA_ARGS__)

#endif
