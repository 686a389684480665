/* pediluve-agent: the program on one device, and what somebody beside it asks of it. */
#include <link.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "device-agent/runtime/boards.h"
#include "device-agent/runtime/maintenance.h"
#include "device-agent/runtime/runtime.h"
#include "device-agent/runtime/status.h"

#define TICK_MS 20       /* 50 control steps a second */
#define FAST_STEP_MS 100 /* of control time, when a simulated board runs faster than real time */

static const char usage[] =
    "usage: pediluve-agent --config FILE [--safe | --self-test [--nobody-in-the-unit] [--json]]\n"
    "       pediluve-agent status [--json] | --version\n"
    "\n"
    "  --safe                 turns everything off and ends: for the time after an agent that was killed\n"
    "  --self-test            tries every sensor and every actuator out; see docs/porting.md\n"
    "  --nobody-in-the-unit   you have looked; without it the question is asked on the terminal\n"
    "  --json                 the report as one JSON object\n";

struct options {
    const char *config;
    bool version, safe, self_test, nobody, json;
};

static bool read_options(int argc, char **argv, struct options *o) {
    const struct {
        const char *name;
        bool *flag;
    } flags[] = {{"--version", &o->version},
                 {"--safe", &o->safe},
                 {"--self-test", &o->self_test},
                 {"--nobody-in-the-unit", &o->nobody},
                 {"--json", &o->json}};
    for (int i = 1; i < argc; i++) {
        bool *flag = NULL;
        for (size_t k = 0; k < COUNT_OF(flags); k++)
            if (!strcmp(argv[i], flags[k].name)) flag = flags[k].flag;
        if (flag)
            *flag = true;
        else if (!strcmp(argv[i], "--config") && i + 1 < argc)
            o->config = argv[++i];
        else
            return false;
    }
    if (o->version) return argc == 2;
    return o->config && !(o->safe && o->self_test) && (o->self_test || !(o->nobody || o->json));
}

/* The code that only starting needed, of the libraries most of all, does not stay mapped: what is called
 * again comes back from the page cache with a fault of a microsecond. Code is never written, so that nothing
 * is lost. */
static int let_go_of_code(struct dl_phdr_info *info, size_t size, void *arg) {
    (void)size, (void)arg;
    if (!strncmp(info->dlpi_name, "linux-", 6)) return 0; /* the kernel's own page */
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *h = &info->dlpi_phdr[i];
        if (h->p_type != PT_LOAD || (h->p_flags & (PF_X | PF_W)) != PF_X) continue;
        uintptr_t from = (info->dlpi_addr + h->p_vaddr) & ~(page - 1),
                  to = info->dlpi_addr + h->p_vaddr + h->p_memsz;
        (void)madvise((void *)from, to - from, MADV_DONTNEED);
    }
    return 0;
}

static int run(struct config *config) {
    if (!boards_check(config)) return 2;
    config->real_time = config->speed == 1;
    mallopt(M_ARENA_MAX, 1); /* threads that allocate little: an arena each would be most of the heap */
    struct runtime *runtime = runtime_new(config, TICK_MS, config->speed > 1 ? FAST_STEP_MS : TICK_MS);
    malloc_trim(0); /* what starting took */
    dl_iterate_phdr(let_go_of_code, NULL);
    int status = runtime ? runtime_run(runtime) : 1;
    if (!runtime_free(runtime)) _exit(status);
    return status;
}

int main(int argc, char **argv) {
    static struct config config;
    struct options o = {0};
    if (argc >= 2 && !strcmp(argv[1], "status")) return status_main(argc - 1, argv + 1);
    if (!read_options(argc, argv, &o)) {
        fputs(usage, stderr);
        return 2;
    }
    if (o.version) {
        puts("pediluve-agent " PEDILUVE_VERSION);
        return 0;
    }
    mallopt(M_MMAP_THRESHOLD, 32 << 10); /* what starting takes in large pieces goes back whole */
    if (!config_load_agent(&config, o.config)) return 2;
    runtime_block_signals();
    int status = o.self_test ? maintenance_self_test(&config, o.nobody, o.json)
                 : o.safe    ? maintenance_make_safe(&config)
                             : run(&config);
    config_done(&config);
    return status;
}
