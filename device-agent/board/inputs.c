#include "device-agent/board/inputs.h"

const char *const inputs_contact_names[CONTACT_COUNT] = {
#define X(c, name, ...) name,
    CONTACTS(X)
#undef X
};

struct reading inputs_fitted(struct reading r, int64_t now_ms) {
    if (r.present) return r;
    return (struct reading){.at_ms = now_ms - INPUTS_LONG_PAST_MS, .present = true};
}
