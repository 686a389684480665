/* The inputs that a board's description may name or leave out: contacts, and sensors that see a motor turn.
 * Pure. */
#ifndef PEDILUVE_AGENT_BOARD_INPUTS_H
#define PEDILUVE_AGENT_BOARD_INPUTS_H

#include "base/field.h"
#include "device-agent/core/types.h"

#define INPUTS_LONG_PAST_MS 60000

/* One member "leak", "lid", ... for each contact of struct S, which has `struct ... at[CONTACT_COUNT]`, read
 * by `table`, and `bool has[CONTACT_COUNT]`. */
#define INPUTS_CONTACT_ROW(S, contact, text, table)                                                          \
    {                                                                                                        \
        .name = text, .name_len = sizeof text - 1, .type = FIELD_T_OBJECT,                                   \
        .offset = offsetof(S, at[CONTACT_##contact]), .size = FIELD_SIZE_(S, at[0]), .sub = table,           \
        .has_offset = offsetof(S, has[CONTACT_##contact])                                                    \
    }

extern const char *const inputs_contact_names[CONTACT_COUNT];

/* What a description names is fitted. To the core an input that was never present is not; so one that cannot
 * be read, perhaps since the board was opened, is given as measured long ago. */
struct reading inputs_fitted(struct reading r, int64_t now_ms);

#endif
