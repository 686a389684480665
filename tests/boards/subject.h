/* A board under test, with the hardware behind it: what the conformance suite needs to know of any board. */
#ifndef PEDILUVE_TESTS_BOARDS_SUBJECT_H
#define PEDILUVE_TESTS_BOARDS_SUBJECT_H

#include "device-agent/hal/hal.h"
#include "protocol/model.h"

struct subject;

enum subject_button { EMERGENCY_STOP, LOCAL_STOP };

struct subject_ops {
    bool is_bus;     /* what is written arrives with the next message */
    bool is_virtual; /* time is the test's own; else it is that of the world */
    int32_t tolerance;
    /* The hardware, with every output on, as after a process that was killed; the board is not open yet. */
    void (*prepare)(struct subject *s);
    bool (*open)(struct subject *s, char error[256]);
    void (*finish)(struct subject *s); /* after the board was closed */
    /* What the hardware does, in permille; -1: the output is the broken one, and cannot be known. */
    int32_t (*drive)(struct subject *s, int channel, int cell);
    int64_t (*writes)(struct subject *s); /* a number that is another after each write to the hardware */
    void (*set_water)(struct subject *s, int32_t mdegc);
    void (*break_wire)(struct subject *s, int sensor); /* a water sensor says what cannot be, or nothing */
    void (*silence)(struct subject *s, bool silent);   /* no sensor measures any more */
    void (*break_outputs)(struct subject *s, bool broken);
    void (*press)(struct subject *s, enum subject_button button, bool pressed);
    void (*set_contact)(struct subject *s, enum contact contact, bool active);
    void (*lose_contacts)(struct subject *s, bool lost); /* none can be read any more */
    void (*turn_jets)(struct subject *s, bool turns);    /* what the sensor of its motion sees */
};

struct subject {
    const struct subject_ops *ops;
    struct model model; /* spa-pro */
    struct board board;
    bool is_open;
    void *hardware;
    int64_t now_ms;
    struct readings readings;
    struct outputs wanted;
    bool applied; /* what apply said last */
};

extern const struct subject_ops subject_sim, subject_linux, subject_modbus_rtu, subject_modbus_tcp,
    subject_template;

struct subject *subject_new(const struct subject_ops *ops); /* opened */
void subject_close(struct subject *s);
void subject_free(struct subject *s);

void subject_read(struct subject *s); /* a little later */
void subject_turn(struct subject *s); /* and apply what is wanted */
/* Turns until it is so; the test fails, naming what, when that takes too long. */
#define subject_until(s, condition)                                                                          \
    do {                                                                                                     \
        for (int64_t end_ = subject_deadline(s); !(condition) && subject_is_before(s, end_);)                \
            subject_turn(s);                                                                                 \
        cr_assert(condition, "%s", #condition);                                                              \
    } while (0)
int64_t subject_deadline(const struct subject *s);
bool subject_is_before(const struct subject *s, int64_t deadline);

int subject_cells(const struct subject *s, int channel); /* a heater has one */
int subject_heater(const struct subject *s);
/* Nothing is driven; a broken output is left out. */
bool subject_is_off(struct subject *s);
/* Only this cell is driven, so much. */
bool subject_is_alone(struct subject *s, int channel, int cell, int32_t permille);
/* Asks for that of one cell, or of the heater, and of nothing else. */
void subject_want(struct subject *s, int channel, int cell, int32_t permille);
bool subject_is_fresh(const struct subject *s, const struct reading *r);

#define auto_subject __attribute__((cleanup(subject_free_p)))
static inline void subject_free_p(struct subject **s) { subject_free(*s); }

#endif
