#include "device-agent/runtime/boards.h"

#include <string.h>

#include "device-agent/board/linux/board.h"
#include "device-agent/board/modbus/board.h"
#include "device-agent/board/sim.h"

struct row {
    const char *name;
    /* NULL: the board needs no description. errors or error says why it failed. */
    bool (*open)(const char *text, size_t len, const struct model *model, struct board *ret,
                 struct field_errors *errors, char error[256]);
};

static bool open_linux(const char *text, size_t len, const struct model *model, struct board *ret,
                       struct field_errors *errors, char error[256]) {
    auto_free struct linux_description *d = xcalloc(1, sizeof *d);
    return linux_description_parse(text, len, model, d, errors) && linux_board_open(model, d, ret, error);
}

static bool open_modbus(const char *text, size_t len, const struct model *model, struct board *ret,
                        struct field_errors *errors, char error[256]) {
    auto_free struct modbus_description *d = xcalloc(1, sizeof *d);
    return modbus_description_parse(text, len, model, d, errors) && modbus_board_open(model, d, ret, error);
}

/* X(name, open) */
#define BOARDS(X) X("sim", NULL) X("linux", open_linux) X("modbus", open_modbus)

#define X(name, open) {name, open},
static const struct row rows[] = {BOARDS(X)};
#undef X
#define X(name, open) " " name
static const char names[] = BOARDS(X);
#undef X

static const struct row *find(const char *name) {
    if (!name || !name[0]) return &rows[0];
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (!strcmp(rows[i].name, name)) return &rows[i];
    return NULL;
}

bool boards_check(const struct config *c) {
    const struct row *row = find(c->board);
    if (!row) return config_fail("/board: \"%s\" is not built in; known are:%s", c->board, names);
    if (row->open && !c->board_file[0])
        return config_fail("/board_file: the board \"%s\" needs a description", row->name);
    if (row->open && c->speed != 1)
        return config_fail("/speed: only a simulated board can run faster than the world");
    return true;
}

bool boards_is_simulated(const char *name) {
    const struct row *row = find(name);
    return row && !row->open;
}

bool boards_open(const char *name, const char *file, const struct model *model, uint64_t seed,
                 struct board *ret) {
    const struct row *row = find(name);
    auto_buf struct buf text = BUF_INIT;
    struct field_errors errors = {0};
    char error[256] = "";
    if (!row) return config_fail("/board: \"%s\" is not built in; known are:%s", name, names);
    if (!row->open) {
        *ret = sim_board_new(model, seed);
        return true;
    }
    if (!config_read_file(file, &text)) return false;
    if (row->open(text.data, text.len, model, ret, &errors, error)) return true;
    for (int32_t i = 0; i < errors.n; i++)
        config_fail("%s: %s: %s", file, errors.list[i].pointer, errors.list[i].detail);
    return errors.n > 0 ? false : config_fail("board \"%s\": %s", row->name, error);
}
