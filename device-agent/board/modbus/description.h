/* Which register of a control board is what: the board description file, see docs/porting.md and
 * device-agent/board/examples/modbus.json. Pure. */
#ifndef PEDILUVE_AGENT_BOARD_MODBUS_DESCRIPTION_H
#define PEDILUVE_AGENT_BOARD_MODBUS_DESCRIPTION_H

#include "device-agent/board/scale.h"
#include "device-agent/core/types.h"
#include "protocol/model.h"

#define MODBUS_OUTPUTS_MAX 64
#define MODBUS_SETUP_MAX 16
#define MODBUS_PATH_MAX 128
#define MODBUS_ANSWER_MS_MAX 500 /* timeout and all retries of one transaction together */

enum modbus_kind { MODBUS_LINK_RTU, MODBUS_LINK_TCP };
enum modbus_table { MODBUS_HOLDING, MODBUS_COIL, MODBUS_INPUT, MODBUS_DISCRETE, MODBUS_TABLE_COUNT };
enum modbus_parity { MODBUS_PARITY_EVEN, MODBUS_PARITY_ODD, MODBUS_PARITY_NONE };

struct modbus_link {
    int32_t kind; /* enum modbus_kind */
    char device[MODBUS_PATH_MAX + 1];
    int32_t baud, parity, stop_bits; /* rtu */
    char address[46];                /* tcp: a number, no name: no name server is asked */
    int32_t port;
};

struct modbus_output {
    char actuator[PROTO_NAME_MAX + 1];
    int32_t cell;    /* from 1 */
    int32_t table;   /* holding: 0..full; coil: on at any drive */
    int32_t address; /* counted from 0 */
    int32_t full;
};

struct modbus_register {
    int32_t address, value;
};

struct modbus_sensor {
    char actuator[PROTO_NAME_MAX + 1]; /* of motion: whose motor it sees */
    int32_t table;                     /* holding or input */
    int32_t address;
    bool is_signed;
    struct scale scale;
};

struct modbus_switch {
    int32_t table, address;
    int32_t bit; /* of a register */
    bool active_low;
};

struct modbus_contacts {
    bool has[CONTACT_COUNT];
    struct modbus_switch at[CONTACT_COUNT];
};

struct modbus_description {
    struct modbus_link link;
    int32_t unit, timeout_ms, retries, period_ms;
    int32_t n_setup, n_outputs, n_water, n_motion;
    struct modbus_register setup[MODBUS_SETUP_MAX]; /* written once a connection, before all else */
    struct modbus_output outputs[MODBUS_OUTPUTS_MAX];
    int32_t heartbeat; /* holding register that gets another number at each turn */
    bool has_level, has_current, has_local_stop;
    struct modbus_sensor water[WATER_SENSORS_MAX], level, current;
    struct modbus_sensor motion[PROTO_ACTUATORS_MAX]; /* how fast a motor turns, in permille of its most */
    struct modbus_switch emergency_stop, local_stop;
    struct modbus_contacts contacts; /* active: the leak, the open lid, ... */
};

/* As linux_description_parse. */
must_use bool modbus_description_parse(const char *text, size_t len, const struct model *m,
                                       struct modbus_description *ret, struct field_errors *errors);

#endif
