#include "control_board.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <modbus.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <pty.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>

#include "base/clock.h"

#define TURN_MS 10
#define LATE_MS 400

struct control_board {
    bool tcp;
    char folder[64], device[80]; /* a link to the pseudo-terminal: it stays when another is plugged in */
    int port, listener, slave;
    modbus_t *ctx;
    pthread_t thread;
    pthread_mutex_t lock; /* of what follows */
    modbus_mapping_t *map, *forgotten;
    enum control_mode mode;
    bool ending, unplug, unplugged;
    int32_t setups;
    int64_t writes, beat_ms;
    uint16_t beat;
};

/* ---- one question ---- */

static bool is_write(int function) {
    return function == MODBUS_FC_WRITE_MULTIPLE_REGISTERS || function == MODBUS_FC_WRITE_SINGLE_REGISTER ||
           function == MODBUS_FC_WRITE_MULTIPLE_COILS || function == MODBUS_FC_WRITE_SINGLE_COIL;
}

static void answer(struct control_board *c, uint8_t *question, int n) {
    static const uint8_t garbage[] = {0x55, 0xaa, 0x00, 0xff, 0x13, 0x37, 0x42};
    int at = modbus_get_header_length(c->ctx);
    int function = question[at], address = question[at + 1] << 8 | question[at + 2];
    enum control_mode mode = c->mode;
    if (mode == CONTROL_SILENT) return;
    if (mode == CONTROL_GARBAGE) {
        if (write(modbus_get_socket(c->ctx), garbage, sizeof garbage) < 0) return;
    } else if (is_write(function) ? mode == CONTROL_REFUSES_WRITES : mode == CONTROL_REFUSES_READS) {
        modbus_reply_exception(c->ctx, question, MODBUS_EXCEPTION_SLAVE_OR_SERVER_FAILURE);
    } else {
        if (mode == CONTROL_WRONG_UNIT) question[at - 1] = CONTROL_UNIT + 1;
        if (is_write(function)) c->writes++;
        if (is_write(function) && address == CONTROL_SETUP) c->setups++;
        bool keep = mode != CONTROL_CACHED || !is_write(function);
        modbus_reply(c->ctx, question, n, keep ? c->map : c->forgotten);
    }
}

static void all_off(struct control_board *c) {
    memset(c->map->tab_registers, 0, CONTROL_OUTPUTS * sizeof c->map->tab_registers[0]);
    c->map->tab_bits[0] = 0;
}

static void watch(struct control_board *c) {
    uint16_t beat = c->map->tab_registers[CONTROL_HEARTBEAT];
    if (beat != c->beat) c->beat_ms = clock_mono_ms();
    c->beat = beat;
    if (clock_mono_ms() - c->beat_ms > CONTROL_WATCHDOG_MS) all_off(c);
}

/* ---- the line ---- */

static void plug_in(struct control_board *c) {
    struct termios raw;
    int master;
    char name[64];
    if (c->tcp) {
        c->listener = modbus_tcp_listen(c->ctx, 1);
        cr_assert(c->listener >= 0);
        struct sockaddr_in at;
        socklen_t len = sizeof at;
        getsockname(c->listener, (struct sockaddr *)&at, &len);
        c->port = ntohs(at.sin_port);
        return;
    }
    cr_assert(openpty(&master, &c->slave, name, NULL, NULL) == 0);
    tcgetattr(c->slave, &raw);
    cfmakeraw(&raw);
    tcsetattr(c->slave, TCSANOW, &raw);
    modbus_set_socket(c->ctx, master);
    unlink(c->device);
    cr_assert(symlink(name, c->device) == 0);
}

static void drop(struct control_board *c) {
    int fd = modbus_get_socket(c->ctx);
    if (fd >= 0) close(fd);
    modbus_set_socket(c->ctx, -1);
}

static void pull_out(struct control_board *c) {
    drop(c);
    if (c->listener >= 0) close(c->listener);
    if (c->slave >= 0) close(c->slave);
    c->listener = c->slave = -1;
    unlink(c->device);
}

static void change_plug(struct control_board *c) {
    if (c->unplug && !c->unplugged) pull_out(c);
    if (!c->unplug && c->unplugged) {
        modbus_t *again = c->tcp ? modbus_new_tcp("127.0.0.1", c->port) : c->ctx;
        if (c->tcp) modbus_free(c->ctx);
        c->ctx = again;
        plug_in(c);
    }
    c->unplugged = c->unplug;
}

/* True: a question is there to be read. */
static bool listen_for(struct control_board *c) {
    int fd = modbus_get_socket(c->ctx);
    struct pollfd wait[] = {{.fd = fd, .events = POLLIN}, {.fd = c->listener, .events = POLLIN}};
    poll(wait, 2, TURN_MS);
    if (c->listener >= 0 && (wait[1].revents & POLLIN)) {
        drop(c); /* one client, the newest */
        int listener = c->listener;
        modbus_tcp_accept(c->ctx, &listener);
        return false;
    }
    return fd >= 0 && (wait[0].revents & POLLIN);
}

static void *serve(void *context) {
    struct control_board *c = context;
    uint8_t question[MODBUS_MAX_ADU_LENGTH];
    for (bool ending = false; !ending;) {
        bool asked = listen_for(c);
        int n = asked ? modbus_receive(c->ctx, question) : 0;
        if (n < 0 && c->tcp) drop(c);
        pthread_mutex_lock(&c->lock);
        if (n > 0 && c->mode == CONTROL_LATE) {
            pthread_mutex_unlock(&c->lock);
            usleep(LATE_MS * 1000);
            pthread_mutex_lock(&c->lock);
        }
        if (n > 0) answer(c, question, n);
        watch(c);
        change_plug(c);
        ending = c->ending;
        pthread_mutex_unlock(&c->lock);
    }
    return NULL;
}

/* ---- life ---- */

struct control_board *control_new(bool tcp) {
    struct control_board *c = xcalloc(1, sizeof *c);
    c->tcp = tcp;
    c->listener = c->slave = -1;
    c->beat_ms = clock_mono_ms();
    snprintf(c->folder, sizeof c->folder, "/tmp/pediluve-test-bus-XXXXXX");
    cr_assert(mkdtemp(c->folder));
    snprintf(c->device, sizeof c->device, "%s/tty", c->folder);
    c->map = modbus_mapping_new(8, 8, 128, CONTROL_INPUTS);
    c->ctx = tcp ? modbus_new_tcp("127.0.0.1", 0) : modbus_new_rtu("/dev/null", 115200, 'E', 8, 1);
    c->forgotten = modbus_mapping_new(8, 8, 128, CONTROL_INPUTS);
    cr_assert(c->map && c->forgotten && c->ctx);
    modbus_set_slave(c->ctx, CONTROL_UNIT);
    modbus_set_socket(c->ctx, -1);
    for (int i = 0; i < CONTROL_OUTPUTS; i++) c->map->tab_registers[i] = 500;
    c->map->tab_input_registers[CONTROL_LEVEL] = 800;
    c->map->tab_input_registers[CONTROL_CURRENT] = 60;
    pthread_mutex_init(&c->lock, NULL);
    plug_in(c);
    cr_assert(pthread_create(&c->thread, NULL, serve, c) == 0);
    return c;
}

void control_free(struct control_board *c) {
    pthread_mutex_lock(&c->lock);
    c->ending = true;
    pthread_mutex_unlock(&c->lock);
    pthread_join(c->thread, NULL);
    if (!c->unplugged) pull_out(c);
    rmdir(c->folder);
    modbus_free(c->ctx);
    modbus_mapping_free(c->map);
    modbus_mapping_free(c->forgotten);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

void control_unplug(struct control_board *c, bool unplugged) {
    for (bool done = false; !done; usleep(TURN_MS * 1000)) {
        pthread_mutex_lock(&c->lock);
        c->unplug = unplugged;
        done = c->unplugged == unplugged;
        pthread_mutex_unlock(&c->lock);
    }
}

#define LOCKED(c, type, expression)                                                                          \
    ({                                                                                                       \
        pthread_mutex_lock(&(c)->lock);                                                                      \
        type value_ = (expression);                                                                          \
        pthread_mutex_unlock(&(c)->lock);                                                                    \
        value_;                                                                                              \
    })

void control_set_mode(struct control_board *c, enum control_mode mode) {
    (void)LOCKED(c, enum control_mode, c->mode = mode);
}
void control_set_input(struct control_board *c, enum control_input input, int32_t value) {
    (void)LOCKED(c, uint16_t, c->map->tab_input_registers[input] = (uint16_t)value);
}
int32_t control_output(struct control_board *c, int address) {
    return LOCKED(c, int32_t, c->map->tab_registers[address]);
}
int32_t control_coil(struct control_board *c) { return LOCKED(c, int32_t, c->map->tab_bits[0]); }
int32_t control_setups(struct control_board *c) { return LOCKED(c, int32_t, c->setups); }
int64_t control_writes(struct control_board *c) { return LOCKED(c, int64_t, c->writes); }

/* ---- its description ---- */

static void describe_link(struct control_board *c, struct jsonw *w) {
    jsonw_object(w, "link");
    jsonw_str(w, "kind", c->tcp ? "tcp" : "rtu");
    if (c->tcp) {
        jsonw_str(w, "address", "127.0.0.1");
        jsonw_int(w, "port", c->port);
    } else {
        jsonw_str(w, "device", c->device);
        jsonw_int(w, "baud", 115200);
    }
    jsonw_object_end(w);
}

static void describe_outputs(struct jsonw *w, const struct model *m) {
    int address = 0;
    jsonw_array(w, "outputs");
    for (int i = 0; i < m->n_actuators; i++)
        for (int k = 0; k < (m->actuators[i].kind == ACTUATOR_HEATER ? 1 : m->actuators[i].cells); k++) {
            jsonw_object(w, NULL);
            jsonw_str(w, "actuator", m->actuators[i].name);
            jsonw_int(w, "cell", k + 1);
            jsonw_int(w, "address", address++);
            jsonw_object_end(w);
        }
    jsonw_array_end(w);
}

void control_description(struct control_board *c, struct buf *ret, const struct model *m) {
    static const char rest[] =
        "[{\"table\":\"input\",\"address\":0,\"is_signed\":true,\"scale\":{\"points\":[{\"raw\":-1000,"
        "\"value\":-10000},"
        "{\"raw\":10000,\"value\":100000}]}},{\"table\":\"input\",\"address\":1,\"is_signed\":true,\"scale\":"
        "{\"points\":[{\"raw\":-1000,\"value\":-10000},{\"raw\":10000,\"value\":100000}]}}]";
    static const char level[] = "{\"table\":\"input\",\"address\":2}",
                      current[] = "{\"table\":\"input\",\"address\":3}";
    static const char stop[] = "{\"table\":\"input\",\"address\":4,\"bit\":0}";
    static const char key[] = "{\"table\":\"input\",\"address\":4,\"bit\":1}";
    static const char setup[] = "[{\"address\":110,\"value\":8}]";
    static const char motion[] = "[{\"actuator\":\"jets\",\"table\":\"input\",\"address\":5,\"scale\":"
                                 "{\"points\":[{\"raw\":0,\"value\":0},{\"raw\":1200,\"value\":1200}]}}]";
    static const char contacts[] = "{\"leak\":{\"table\":\"input\",\"address\":4,\"bit\":2},"
                                   "\"lid\":{\"table\":\"input\",\"address\":4,\"bit\":3},"
                                   "\"drain\":{\"table\":\"input\",\"address\":4,\"bit\":4},"
                                   "\"cutout\":{\"table\":\"input\",\"address\":4,\"bit\":5}}";
    struct jsonw w;
    jsonw_init(&w, ret);
    jsonw_object(&w, NULL);
    describe_link(c, &w);
    jsonw_int(&w, "unit", CONTROL_UNIT);
    jsonw_int(&w, "period_ms", 20);
    jsonw_raw(&w, "setup", setup, sizeof setup - 1);
    describe_outputs(&w, m);
    jsonw_int(&w, "heartbeat", CONTROL_HEARTBEAT);
    jsonw_raw(&w, "water", rest, sizeof rest - 1);
    jsonw_raw(&w, "level", level, sizeof level - 1);
    jsonw_raw(&w, "current", current, sizeof current - 1);
    jsonw_raw(&w, "emergency_stop", stop, sizeof stop - 1);
    jsonw_raw(&w, "local_stop", key, sizeof key - 1);
    jsonw_raw(&w, "motion", motion, sizeof motion - 1);
    jsonw_raw(&w, "contacts", contacts, sizeof contacts - 1);
    jsonw_object_end(&w);
}
