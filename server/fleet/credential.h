/* A device's password at the broker: derived, never stored. Pure; thread-safe once crypto_init has
 * returned. */
#ifndef PEDILUVE_SERVER_FLEET_CREDENTIAL_H
#define PEDILUVE_SERVER_FLEET_CREDENTIAL_H

#include <stdint.h>

#include "base/uuid.h"

#define CREDENTIAL_PASSWORD_LEN 43 /* 32 bytes as base64url */

/* base64url(HMAC-SHA256(secret, device_id ":" credential_version)), the id in lower-case text. */
void credential_password(const char *secret, const struct uuid *device_id, int32_t credential_version,
                         char out[CREDENTIAL_PASSWORD_LEN + 1]);

#endif
