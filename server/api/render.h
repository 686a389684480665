/* Each representation of the API once. key as in jsonw.h. The fields are described in
 * openapi/openapi.yaml, and the tests hold them against it. */
#ifndef PEDILUVE_SERVER_API_RENDER_H
#define PEDILUVE_SERVER_API_RENDER_H

#include "base/jsonw.h"
#include "protocol/model.h"
#include "server/fleet/live.h"
#include "server/http/request.h"
#include "server/store/audit_store.h"
#include "server/store/cleaning_store.h"
#include "server/store/session_store.h"
#include "server/store/site_store.h"
#include "server/store/telemetry_store.h"
#include "server/store/token_store.h"

void render_site(struct jsonw *w, const char *key, const struct site_row *row);
void render_model(struct jsonw *w, const char *key, const struct model *m);
struct render_credentials { /* what the device needs to reach the broker */
    const struct device_row *device;
    const char *password;
};
void render_credentials(struct jsonw *w, const char *key, const struct render_credentials *c);
/* credentials NULL: without its member. */
void render_device(struct jsonw *w, const char *key, const struct live_device *d,
                   const struct render_credentials *credentials);
/* command NULL: without its member. */
void render_session(struct jsonw *w, const char *key, const struct session_row *row,
                    const struct command_row *command);
void render_command(struct jsonw *w, const char *key, const struct command_row *row);
void render_cleaning(struct jsonw *w, const char *key, const struct cleaning_row *row);
void render_point(struct jsonw *w, const char *key, const struct telemetry_point *p);
/* secret NULL: not known any more, and left out. */
void render_token(struct jsonw *w, const char *key, const struct token_row *row, const char *secret);
void render_audit(struct jsonw *w, const char *key, const struct audit_row *row);

/* Permille as percent with one decimal; a negative value is unknown: null. */
void render_percent(struct jsonw *w, const char *key, int32_t permille);
/* Thousandths of a degree; INT32_MIN or, where `zero_is_none`, 0: null. */
void render_celsius(struct jsonw *w, const char *key, int32_t mdegc, bool zero_is_none);
/* "" as null. */
void render_text(struct jsonw *w, const char *key, const char *text);

#endif
