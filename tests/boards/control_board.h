/* A spa control board: a real libmodbus server in a thread of its own, on TCP or on a pseudo-terminal, with a
 * watchdog as such boards have: when the heartbeat stays the same, all outputs go off by themselves. */
#ifndef PEDILUVE_TESTS_BOARDS_CONTROL_BOARD_H
#define PEDILUVE_TESTS_BOARDS_CONTROL_BOARD_H

#include "base/buf.h"
#include "protocol/model.h"

#define CONTROL_UNIT 7
#define CONTROL_OUTPUTS 64 /* holding registers 0 to 63; coil 0 */
#define CONTROL_HEARTBEAT 100
#define CONTROL_SETUP 110 /* the board's own time-out, written once a connection */
#define CONTROL_WATCHDOG_MS 800

enum control_input {
    CONTROL_WATER_0,
    CONTROL_WATER_1,
    CONTROL_LEVEL,
    CONTROL_CURRENT,
    CONTROL_SWITCHES, /* bits: emergency stop, stop key, then the contacts */
    CONTROL_JETS,     /* how fast they turn, in permille */
    CONTROL_INPUTS
};
enum control_mode {
    CONTROL_ANSWERS,
    CONTROL_SILENT,
    CONTROL_REFUSES_WRITES, /* exception: slave device failure */
    CONTROL_REFUSES_READS,
    CONTROL_GARBAGE,
    CONTROL_CACHED,     /* as a gateway that answers from its memory: what is written is not kept */
    CONTROL_WRONG_UNIT, /* the answers are another unit's */
    CONTROL_LATE        /* answers after the time-out, one question behind */
};

struct control_board;

struct control_board *control_new(bool tcp); /* every output at half */
void control_free(struct control_board *c);
/* The plug is pulled, and put back: a TCP connection is reset, a serial adapter goes away. */
void control_unplug(struct control_board *c, bool unplugged);
void control_set_mode(struct control_board *c, enum control_mode mode);
void control_set_input(struct control_board *c, enum control_input input, int32_t value);
int32_t control_output(struct control_board *c, int address); /* holding register */
int32_t control_coil(struct control_board *c);
int32_t control_setups(struct control_board *c); /* how often CONTROL_SETUP was written */
int64_t control_writes(struct control_board *c);
/* A description of it for the model: motors at full 1000 in holding registers, the heater too. */
void control_description(struct control_board *c, struct buf *ret, const struct model *m);

#endif
