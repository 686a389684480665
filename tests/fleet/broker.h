/* A private Mosquitto for one test: on a free port of 127.0.0.1, in a folder of its own, gone with it. */
#ifndef PEDILUVE_TESTS_BROKER_H
#define PEDILUVE_TESTS_BROKER_H

#include <stdbool.h>
#include <sys/types.h>

struct broker {
    char folder[64];
    int port;
    pid_t pid;
    bool accounts; /* no anonymous: dynamic security and the product's acl file */
};

#define BROKER_USER "pediluved"
#define BROKER_PASSWORD "server-of-the-tests"

void broker_start(struct broker *b, bool accounts);
void broker_kill(struct broker *b);   /* kill -9 */
void broker_resume(struct broker *b); /* again, on the same port */
void broker_stop(struct broker *b);

#endif
