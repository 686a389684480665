#include "server/fleet/credential.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/crypto.h"

void credential_password(const char *secret, const struct uuid *device_id, int32_t credential_version,
                         char out[CREDENTIAL_PASSWORD_LEN + 1]) {
    char id[UUID_TEXT_LEN + 1], text[UUID_TEXT_LEN + 16];
    uint8_t mac[CRYPTO_SHA256_LEN];
    uuid_format(device_id, id);
    int len = snprintf(text, sizeof text, "%s:%d", id, (int)credential_version);
    crypto_hmac_sha256(secret, strlen(secret), text, (size_t)len, mac);
    if (!crypto_base64url(mac, sizeof mac, out, CREDENTIAL_PASSWORD_LEN + 1)) abort(); /* sizes are fixed */
    crypto_wipe(mac, sizeof mac);
}
