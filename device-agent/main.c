/* pediluve-agent: the program on one device.   pediluve-agent --config FILE
 * and what somebody beside it asks of it.      pediluve-agent status */
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "device-agent/runtime/runtime.h"
#include "device-agent/runtime/status.h"

#define TICK_MS 20       /* 50 control steps a second */
#define FAST_STEP_MS 100 /* of control time, when a simulated board runs faster than real time */

int main(int argc, char **argv) {
    static struct config config;
    if (argc == 2 && !strcmp(argv[1], "--version")) {
        puts("pediluve-agent " PEDILUVE_VERSION);
        return 0;
    }
    if (argc >= 2 && !strcmp(argv[1], "status")) return status_main(argc - 1, argv + 1);
    if (argc != 3 || strcmp(argv[1], "--config") != 0) {
        fputs("usage: pediluve-agent --config FILE | status [--json] | --version\n", stderr);
        return 2;
    }
    if (!config_load_agent(&config, argv[2])) return 2;
    config.real_time = config.speed == 1;
    if (config.board[0] && strcmp(config.board, "sim") != 0) {
        config_fail("%s: /board: \"%s\" is not built in; known are: sim", argv[2], config.board);
        return 2;
    }
    runtime_block_signals();
    mallopt(M_ARENA_MAX, 1); /* three threads that allocate little: an arena each would be most of the heap */
    struct runtime *runtime = runtime_new(&config, TICK_MS, config.speed > 1 ? FAST_STEP_MS : TICK_MS);
    malloc_trim(0); /* what starting took */
    int status = runtime ? runtime_run(runtime) : 1;
    if (!runtime_free(runtime)) _exit(status);
    config_done(&config);
    return status;
}
