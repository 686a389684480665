/* Who makes a change, for the audit log. Every changing store function takes one and writes the audit row
 * in the same statement as the change. Plain data. */
#ifndef PEDILUVE_SERVER_STORE_ACTOR_H
#define PEDILUVE_SERVER_STORE_ACTOR_H

#include "base/uuid.h"

struct actor {
    struct uuid token_id;   /* of a token or a user; zero: the server itself or the command line */
    const char *name;       /* its name, "housekeeping", "pediluved demo"; not NULL; borrowed */
    const char *request_id; /* "" or NULL: none; borrowed */
};

#endif
