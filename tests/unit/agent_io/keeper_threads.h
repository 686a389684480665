/* The keeper's tests that need its thread; verdict prints one line of TAP. */
#ifndef PEDILUVE_TESTS_KEEPER_THREADS_H
#define PEDILUVE_TESTS_KEEPER_THREADS_H

#include <stdbool.h>

#define KEEPER_VERDICTS 4

void keeper_threads(void (*verdict)(bool ok, const char *name));

#endif
