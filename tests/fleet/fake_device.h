/* A device as the server sees one: libmosquitto and the protocol's codecs, and no mind of its own. Each
 * test says what it says. Single-threaded: it hears only while it waits, and every wait has a
 * deadline and fails the test. */
#ifndef PEDILUVE_TESTS_FAKE_DEVICE_H
#define PEDILUVE_TESTS_FAKE_DEVICE_H

#include "protocol/message.h"

#define FAKE_COMMANDS_MAX 64
#define FAKE_DEADLINE_MS 15000

struct mosquitto;

struct fake_command { /* without its program */
    struct uuid id, session_id;
    int64_t seq, epoch;
    int32_t type, n_steps;
};

struct fake_device {
    struct mosquitto *mosq;
    struct uuid id, boot;
    int64_t epoch, state_n, last_seq;
    const char *password; /* NULL: anonymous */
    int port;
    bool subscribed, refused;
    int n_commands, n_committed, n_server;
    struct fake_command commands[FAKE_COMMANDS_MAX];
    struct message_committed committed; /* the last one */
    struct message_session session;     /* what its states say */
};

void fake_device_init(struct fake_device *d, const struct uuid *id, int port);
/* A new connection with the next epoch, subscribed and announced; no hello yet. */
void fake_device_connect(struct fake_device *d);
bool fake_device_try_connect(struct fake_device *d); /* false: the broker refuses it */
void fake_device_drop(struct fake_device *d);        /* without a farewell: the last will speaks */

void fake_device_hello(struct fake_device *d);
void fake_device_state(struct fake_device *d, enum device_session_state state);
void fake_device_ack(struct fake_device *d, const struct fake_command *c, enum ack_state state,
                     enum ack_code code);
/* Samples n .. n + count - 1 of the present boot; lost: given up directly before. */
void fake_device_telemetry(struct fake_device *d, int64_t n, int32_t count, int64_t lost);
void fake_device_say(struct fake_device *d, const char *channel, const char *payload);

/* connect, hello, and the answer to it */
void fake_device_ready(struct fake_device *d);
void fake_device_wait_commands(struct fake_device *d, int n);
void fake_device_wait_committed(struct fake_device *d, int64_t epoch, int64_t n); /* exactly these */
/* Until condition(arg) holds; hears meanwhile. */
void fake_device_wait(struct fake_device *d, bool (*condition)(void *arg), void *arg, const char *what);
void fake_device_hear(struct fake_device *d, int ms);

#endif
