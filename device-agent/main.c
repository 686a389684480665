/* pediluve-agent: the program on one device.   pediluve-agent --config FILE */
#include <stdio.h>
#include <string.h>

#include "device-agent/runtime/runtime.h"

#define TICK_MS 20       /* 50 control steps a second */
#define FAST_STEP_MS 100 /* of control time, when a simulated board runs faster than real time */

int main(int argc, char **argv) {
    static struct config config;
    if (argc == 2 && !strcmp(argv[1], "--version")) {
        puts("pediluve-agent " PEDILUVE_VERSION);
        return 0;
    }
    if (argc != 3 || strcmp(argv[1], "--config") != 0) {
        fputs("usage: pediluve-agent --config FILE | --version\n", stderr);
        return 2;
    }
    if (!config_load_agent(&config, argv[2])) return 2;
    config.real_time = config.speed == 1;
    if (config.board[0] && strcmp(config.board, "sim") != 0) {
        config_fail("%s: /board: \"%s\" is not built in; known are: sim", argv[2], config.board);
        return 2;
    }
    runtime_block_signals();
    struct runtime *runtime = runtime_new(&config, TICK_MS, config.speed > 1 ? FAST_STEP_MS : TICK_MS);
    int status = runtime ? runtime_run(runtime) : 1;
    runtime_free(runtime);
    config_done(&config);
    return status;
}
