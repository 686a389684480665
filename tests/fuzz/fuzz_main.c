/* libFuzzer's entry for the target that the program is built for (FUZZ_TARGET). */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "targets.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct fuzz_target *target;

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    for (target = fuzz_targets; target->name && strcmp(target->name, FUZZ_TARGET) != 0;) target++;
    return target->name ? 0 : (abort(), 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    target->run((const char *)data, size);
    return 0;
}
