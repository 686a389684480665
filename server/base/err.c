/* The error list as a table. */
#include "server/base/err.h"

#include <assert.h>

static const struct err_info infos[ERR_COUNT] = {[ERR_OK] = {200, "ok", ""},
#define X(e, status, code, title) [ERR_##e] = {status, code, title},
                                                 ERR_LIST(X)
#undef X
};

const struct err_info *err_info(enum err e) {
    assert(e >= ERR_OK && e < ERR_COUNT);
    return &infos[e];
}
