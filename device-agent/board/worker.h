/* A thread of a board that does something again and again, until it is told to end. The board's own thread
 * wakes it and ends it; it holds nobody up. */
#ifndef PEDILUVE_AGENT_BOARD_WORKER_H
#define PEDILUVE_AGENT_BOARD_WORKER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/auto.h"

struct worker {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool running, ending, woken, over;
    void (*work)(void *context);
    void *context;
    int32_t period_ms; /* between the beginnings of two turns */
};

/* False: the system gives no thread. The worker calls work(context) at once and then each period_ms. */
must_use bool worker_start(struct worker *w, void (*work)(void *context), void *context, int32_t period_ms);
/* The next turn is now. */
void worker_wake(struct worker *w);
/* True: the thread is over, or never was. False: it hangs in a system call and was left alone after wait_ms;
 * whatever it uses must stay. */
must_use bool worker_end(struct worker *w, int32_t wait_ms);

#endif
