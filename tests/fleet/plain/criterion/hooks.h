#ifndef PEDILUVE_TESTS_PLAIN_HOOKS_H
#define PEDILUVE_TESTS_PLAIN_HOOKS_H

struct criterion_test_set;
struct criterion_global_stats;
extern void (*plain_PRE_ALL)(struct criterion_test_set *);
extern void (*plain_POST_ALL)(struct criterion_global_stats *);
#define PLAIN_ARG_PRE_ALL struct criterion_test_set *
#define PLAIN_ARG_POST_ALL struct criterion_global_stats *

#define ReportHook(kind)                                                                                     \
    static void plain_hook_##kind(PLAIN_ARG_##kind);                                                         \
    __attribute__((constructor)) static void plain_set_##kind(void) { plain_##kind = plain_hook_##kind; }    \
    static void plain_hook_##kind

#endif
