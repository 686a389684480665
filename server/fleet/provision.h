/* The devices' accounts at the broker, through Mosquitto's dynamic security plugin. PostgreSQL is the
 * truth: after each connection the accounts are compared with it and put right, gently, since the
 * plugin writes its file anew at each change. A broker without the plugin is only noted, once.
 * One thread. Changing or disabling an account ends the device's connection without its last will:
 * the device is marked offline here. */
#ifndef PEDILUVE_SERVER_FLEET_PROVISION_H
#define PEDILUVE_SERVER_FLEET_PROVISION_H

#include "server/fleet/context.h"

struct provision;

must_use enum err provision_start(struct context *ctx, const char *device_secret, struct provision **ret);
/* As recorder_stop. */
must_use bool provision_stop(struct provision *p, int deadline_ms);

/* Any thread; never block. p may be NULL in each: nothing is provisioned. */
void provision_connected(struct provision *p);                                         /* compare all */
void provision_device(struct provision *p, const struct device_row *row, bool is_new); /* this one changed */
void provision_answer(struct provision *p, const char *payload, size_t len);           /* from the broker */
/* The broker has taken accounts from this process. */
bool provision_works(struct provision *p);

#endif
