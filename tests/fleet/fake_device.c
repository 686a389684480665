#include "fake_device.h"

#include <criterion/criterion.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "protocol/topic.h"

static void on_message(struct mosquitto *mosq, void *arg, const struct mosquitto_message *m) {
    (void)mosq;
    struct fake_device *d = arg;
    struct uuid id;
    enum topic_channel channel;
    struct field_errors errors;
    if (strcmp(m->topic, TOPIC_SERVER_PRESENCE) == 0) {
        struct message_server server;
        cr_assert(message_server_parse(m->payload, (size_t)m->payloadlen, &server, &errors));
        d->n_server++;
        return;
    }
    cr_assert(topic_parse(m->topic, &id, &channel));
    cr_assert(uuid_equal(&id, &d->id));
    cr_assert(!m->retain, "nothing the server sends is retained");
    if (channel == TOPIC_COMMITTED) {
        cr_assert(message_committed_parse(m->payload, (size_t)m->payloadlen, &d->committed, &errors));
        d->n_committed++;
        return;
    }
    static struct message_command c; /* large */
    cr_assert_eq(channel, TOPIC_COMMAND);
    cr_assert(message_command_parse(m->payload, (size_t)m->payloadlen, &c, &errors), "%s %s",
              errors.list[0].pointer, errors.list[0].detail);
    cr_assert_lt(d->n_commands, FAKE_COMMANDS_MAX);
    d->commands[d->n_commands++] = (struct fake_command){
        c.id, c.session_id, c.seq, c.epoch, c.type, c.has_program ? c.program.n_steps : 0};
}

static void on_connect(struct mosquitto *mosq, void *arg, int reason) {
    struct fake_device *d = arg;
    static const enum topic_channel channels[] = {TOPIC_COMMITTED, TOPIC_COMMAND};
    char topic[PROTO_TOPIC_MAX];
    d->refused = reason != 0;
    if (reason) return;
    mosquitto_subscribe(mosq, NULL, TOPIC_SERVER_PRESENCE, 1);
    for (size_t i = 0; i < COUNT_OF(channels); i++) {
        topic_format(topic, &d->id, channels[i]);
        mosquitto_subscribe(mosq, NULL, topic, topic_info[channels[i]].qos);
    }
}

static void on_subscribe(struct mosquitto *mosq, void *arg, int mid, int n, const int *granted) {
    (void)mosq, (void)mid, (void)n;
    struct fake_device *d = arg;
    d->subscribed = granted[0] < 128; /* of the last one, which counts: they are answered in order */
}

void fake_device_init(struct fake_device *d, const struct uuid *id, int port) {
    *d = (struct fake_device){.id = *id, .boot = uuid_new(), .port = port};
}

static void presence_text(const struct fake_device *d, bool online, struct buf *out) {
    struct message_presence p = {.online = online, .boot_id = d->boot, .epoch = d->epoch};
    message_presence_write(out, &p);
}

static void publish(struct fake_device *d, enum topic_channel channel, const struct buf *payload) {
    char topic[PROTO_TOPIC_MAX];
    topic_format(topic, &d->id, channel);
    int rc = mosquitto_publish(d->mosq, NULL, topic, (int)payload->len, payload->data,
                               topic_info[channel].qos, topic_info[channel].retained);
    cr_assert_eq(rc, MOSQ_ERR_SUCCESS, "%s", mosquitto_strerror(rc));
}

bool fake_device_try_connect(struct fake_device *d) {
    char id[UUID_TEXT_LEN + 1], topic[PROTO_TOPIC_MAX];
    auto_buf struct buf will = BUF_INIT, birth = BUF_INIT;
    fake_device_drop(d);
    d->epoch++;
    d->subscribed = d->refused = false;
    uuid_format(&d->id, id);
    d->mosq = mosquitto_new(id, true, d);
    mosquitto_int_option(d->mosq, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5);
    mosquitto_int_option(d->mosq, MOSQ_OPT_TCP_NODELAY, 1);
    mosquitto_connect_callback_set(d->mosq, on_connect);
    mosquitto_subscribe_callback_set(d->mosq, on_subscribe);
    mosquitto_message_callback_set(d->mosq, on_message);
    if (d->password) mosquitto_username_pw_set(d->mosq, id, d->password);
    presence_text(d, false, &will);
    topic_format(topic, &d->id, TOPIC_PRESENCE);
    mosquitto_will_set(d->mosq, topic, (int)will.len, will.data, 1, true);
    cr_assert_eq(mosquitto_connect(d->mosq, "127.0.0.1", d->port, 30), MOSQ_ERR_SUCCESS);
    for (int64_t until = clock_mono_ms() + FAKE_DEADLINE_MS; !d->subscribed && !d->refused;) {
        if (mosquitto_loop(d->mosq, 10, 1) != MOSQ_ERR_SUCCESS) d->refused = true;
        cr_assert_lt(clock_mono_ms(), until, "connecting");
    }
    if (d->refused) return false;
    presence_text(d, true, &birth);
    return mosquitto_publish(d->mosq, NULL, topic, (int)birth.len, birth.data, 1, true) == MOSQ_ERR_SUCCESS;
}

void fake_device_connect(struct fake_device *d) { cr_assert(fake_device_try_connect(d)); }

void fake_device_drop(struct fake_device *d) {
    if (d->mosq) mosquitto_destroy(d->mosq);
    d->mosq = NULL;
}

static struct message_state state_of(struct fake_device *d) {
    return (struct message_state){
        .boot_id = d->boot,
        .epoch = d->epoch,
        .n = ++d->state_n,
        .at = clock_wall_ms(),
        .mode = device_session_state_is_live((enum device_session_state)d->session.state) ? MODE_SESSION
                                                                                          : MODE_IDLE,
        .session = d->session,
        .values = {.water_mdegc = 38000, .level_permille = 900}};
}

void fake_device_hello(struct fake_device *d) {
    auto_buf struct buf out = BUF_INIT;
    struct message_hello h = {.v = PROTO_VERSION,
                              .boot_id = d->boot,
                              .epoch = d->epoch,
                              .last_seq = d->last_seq,
                              .agent = "1.0.0",
                              .model = "spa-pro",
                              .model_version = 1,
                              .state = state_of(d)};
    message_hello_write(&out, &h);
    publish(d, TOPIC_HELLO, &out);
}

void fake_device_state(struct fake_device *d, enum device_session_state state) {
    auto_buf struct buf out = BUF_INIT;
    d->session.state = state;
    if (!d->session.started_at) d->session.started_at = clock_wall_ms();
    if (!device_session_state_is_live(state)) d->session.ended_at = clock_wall_ms();
    struct message_state s = state_of(d);
    message_state_write(&out, &s);
    publish(d, TOPIC_STATE, &out);
}

void fake_device_ack(struct fake_device *d, const struct fake_command *c, enum ack_state state,
                     enum ack_code code) {
    auto_buf struct buf out = BUF_INIT;
    struct message_ack m = {.command_id = c->id,
                            .boot_id = d->boot,
                            .seq = c->seq,
                            .epoch = c->epoch,
                            .state = state,
                            .code = code,
                            .at = clock_wall_ms()};
    if (c->seq > d->last_seq) d->last_seq = c->seq;
    message_ack_write(&out, &m);
    publish(d, TOPIC_ACK, &out);
}

void fake_device_telemetry(struct fake_device *d, int64_t n, int32_t count, int64_t lost) {
    auto_buf struct buf out = BUF_INIT;
    static struct message_telemetry m;
    m = (struct message_telemetry){
        .boot_id = d->boot, .session_id = d->session.id, .n = n, .lost = lost, .n_samples = count};
    for (int32_t i = 0; i < count; i++)
        m.samples[i] = (struct message_sample){.at = clock_wall_ms(),
                                               .elapsed_ms = (int32_t)(n + i) * 1000,
                                               .water_mdegc = 38000 + (int32_t)(n + i),
                                               .level_permille = 900,
                                               .intensity = 100};
    message_telemetry_write(&out, &m);
    publish(d, TOPIC_TELEMETRY, &out);
}

void fake_device_say(struct fake_device *d, const char *channel, const char *payload) {
    char id[UUID_TEXT_LEN + 1], topic[PROTO_TOPIC_MAX];
    uuid_format(&d->id, id);
    snprintf(topic, sizeof topic, "pediluve/v1/%s/%s", id, channel);
    mosquitto_publish(d->mosq, NULL, topic, (int)strlen(payload), payload, 1, false);
}

void fake_device_hear(struct fake_device *d, int ms) {
    for (int64_t until = clock_mono_ms() + ms; clock_mono_ms() < until;)
        if (!d->mosq || mosquitto_loop(d->mosq, 5, 1) != MOSQ_ERR_SUCCESS)
            nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
}

void fake_device_wait(struct fake_device *d, bool (*condition)(void *arg), void *arg, const char *what) {
    for (int64_t until = clock_mono_ms() + FAKE_DEADLINE_MS; !condition(arg); fake_device_hear(d, 5))
        cr_assert_lt(clock_mono_ms(), until, "waited too long for %s", what);
}

void fake_device_ready(struct fake_device *d) {
    fake_device_connect(d);
    fake_device_hello(d);
    for (int64_t until = clock_mono_ms() + FAKE_DEADLINE_MS; d->committed.epoch != d->epoch;
         fake_device_hear(d, 5))
        cr_assert_lt(clock_mono_ms(), until, "no answer to hello");
}

void fake_device_wait_commands(struct fake_device *d, int n) {
    for (int64_t until = clock_mono_ms() + FAKE_DEADLINE_MS; d->n_commands < n; fake_device_hear(d, 5))
        cr_assert_lt(clock_mono_ms(), until, "%d commands of %d", d->n_commands, n);
}

void fake_device_wait_committed(struct fake_device *d, int64_t epoch, int64_t n) {
    for (int64_t until = clock_mono_ms() + FAKE_DEADLINE_MS;
         d->committed.epoch != epoch || d->committed.n != n; fake_device_hear(d, 5))
        cr_assert_lt(clock_mono_ms(), until, "committed says epoch %lld n %lld, not %lld %lld",
                     (long long)d->committed.epoch, (long long)d->committed.n, (long long)epoch,
                     (long long)n);
}
