/* A worker thread that can be asked to stop, sleeps so that the asking wakes it, and is joined with a
 * deadline. */
#ifndef PEDILUVE_SERVER_FLEET_THREAD_H
#define PEDILUVE_SERVER_FLEET_THREAD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct thread {
    pthread_t id;
    atomic_bool stop;
    pthread_mutex_t lock;
    pthread_cond_t asked;
    void (*run)(void *arg);
    void *arg;
};

bool thread_start(struct thread *t, void (*run)(void *arg), void *arg);
void thread_ask(struct thread *t); /* to stop; may be repeated */
/* False: it did not end within the time; what it uses must be left alone. */
bool thread_join(struct thread *t, int deadline_ms);

/* On the thread itself. */
bool thread_stopping(struct thread *t);
bool thread_sleep(struct thread *t, int ms); /* false: asked to stop */

#endif
