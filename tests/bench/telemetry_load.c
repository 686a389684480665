/* Load for the telemetry path: speaks as many devices over one MQTT connection, says hello for each,
 * sends samples within a window, and counts a sample only when the server's `committed` covers it.
 * Prints one JSON line: {"samples":N,"seconds":S,"per_second":R,"resent":K}.
 *
 *   telemetry_load HOST PORT USER PASSWORD DEVICE_FILE SAMPLES BATCH
 *
 * DEVICE_FILE: one device id a line. SAMPLES: for each device. BATCH: samples in a message. The broker's
 * user must be allowed to speak for every device. */
#include <mosquitto.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "protocol/message.h"
#include "protocol/topic.h"

#define DEVICES_MAX 20000
#define WINDOW_SAMPLES 400 /* in flight for each device: about what an agent allows itself */
#define STALL_MS 2000      /* nothing committed for so long: go back and send again */
#define DEADLINE_MS 120000

struct source {
    struct uuid id, boot_id;
    int64_t next, committed;
    int64_t moved_at;
    bool greeted;
};

struct load {
    struct mosquitto *mosq;
    struct source *sources;
    size_t n_sources, n_greeted;
    int64_t samples, batch;
    int64_t committed, resent;
    bool subscribed;
};

static int by_id(const void *a, const void *b) {
    return memcmp(((const struct source *)a)->id.b, ((const struct source *)b)->id.b, 16);
}

static void on_connect(struct mosquitto *mosq, void *arg, int rc) {
    (void)arg;
    if (rc != 0) {
        fprintf(stderr, "telemetry_load: the broker refused the connection: %d\n", rc);
        exit(1);
    }
    char topic[PROTO_TOPIC_MAX];
    topic_format_all(topic, TOPIC_COMMITTED);
    mosquitto_subscribe(mosq, NULL, topic, 0);
}

static void on_subscribe(struct mosquitto *mosq, void *arg, int mid, int n, const int *granted) {
    (void)mosq, (void)mid, (void)n, (void)granted;
    ((struct load *)arg)->subscribed = true;
}

static void on_message(struct mosquitto *mosq, void *arg, const struct mosquitto_message *m) {
    (void)mosq;
    struct load *load = arg;
    struct source key;
    enum topic_channel channel;
    struct message_committed c;
    struct field_errors errors;
    if (!topic_parse(m->topic, &key.id, &channel) || channel != TOPIC_COMMITTED) return;
    if (!message_committed_parse(m->payload, (size_t)m->payloadlen, &c, &errors)) return;
    struct source *s = bsearch(&key, load->sources, load->n_sources, sizeof *s, by_id);
    if (!s || !uuid_equal(&s->boot_id, &c.boot_id)) return;
    if (!s->greeted) {
        s->greeted = true;
        load->n_greeted++;
    }
    if (c.n > s->committed) {
        load->committed += c.n - s->committed;
        s->committed = c.n;
        s->moved_at = clock_mono_ms();
    }
}

static void publish(struct load *load, const struct source *s, enum topic_channel channel, struct buf *b) {
    char topic[PROTO_TOPIC_MAX];
    topic_format(topic, &s->id, channel);
    int rc = mosquitto_publish(load->mosq, NULL, topic, (int)b->len, b->data, topic_info[channel].qos, false);
    if (rc != MOSQ_ERR_SUCCESS) {
        fprintf(stderr, "telemetry_load: publish: %s\n", mosquitto_strerror(rc));
        exit(1);
    }
}

/* One turn of the socket: never blocks longer than wait_ms. */
static void turn(struct load *load, int wait_ms) {
    struct pollfd p = {.fd = mosquitto_socket(load->mosq), .events = POLLIN};
    if (mosquitto_want_write(load->mosq)) p.events |= POLLOUT;
    poll(&p, 1, wait_ms);
    int rc = MOSQ_ERR_SUCCESS;
    if (p.revents & POLLIN) rc = mosquitto_loop_read(load->mosq, 100);
    if (rc == MOSQ_ERR_SUCCESS && mosquitto_want_write(load->mosq)) rc = mosquitto_loop_write(load->mosq, 1);
    if (rc == MOSQ_ERR_SUCCESS) rc = mosquitto_loop_misc(load->mosq);
    if (rc != MOSQ_ERR_SUCCESS) {
        fprintf(stderr, "telemetry_load: connection lost: %s\n", mosquitto_strerror(rc));
        exit(1);
    }
}

static void greet(struct load *load, struct source *s) {
    static struct message_hello h;
    memset(&h, 0, sizeof h);
    h.v = PROTO_VERSION;
    h.boot_id = s->boot_id;
    h.epoch = clock_wall_ms(); /* larger than any earlier run's */
    snprintf(h.agent, sizeof h.agent, "load");
    snprintf(h.model, sizeof h.model, "bath-basic");
    h.model_version = 1;
    h.state.boot_id = s->boot_id;
    h.state.epoch = h.epoch;
    h.state.n = 1;
    h.state.at = clock_wall_ms();
    h.state.mode = MODE_IDLE;
    h.state.values = (struct message_values){.water_mdegc = 38000, .level_permille = 900};
    auto_buf struct buf b = BUF_INIT;
    message_hello_write(&b, &h);
    publish(load, s, TOPIC_HELLO, &b);
}

static void send_some(struct load *load, struct source *s, struct message_telemetry *t) {
    t->boot_id = s->boot_id;
    t->n = s->next;
    t->n_samples =
        (int32_t)(load->samples - s->next + 1 < load->batch ? load->samples - s->next + 1 : load->batch);
    for (int32_t i = 0; i < t->n_samples; i++) {
        t->samples[i] = (struct message_sample){.at = clock_wall_ms(),
                                                .step = 3,
                                                .elapsed_ms = (int32_t)((s->next + i) * 1000 % 600000),
                                                .water_mdegc = 38000 + (int32_t)((s->next + i) % 100),
                                                .target_mdegc = 38000,
                                                .level_permille = 905,
                                                .current_ma = 410,
                                                .heater_permille = 250,
                                                .intensity = 100};
    }
    auto_buf struct buf b = BUF_INIT;
    message_telemetry_write(&b, t);
    publish(load, s, TOPIC_TELEMETRY, &b);
    s->next += t->n_samples;
}

static void read_devices(struct load *load, const char *path) {
    FILE *f = fopen(path, "r");
    char line[128];
    if (!f) {
        perror(path);
        exit(1);
    }
    load->sources = xcalloc(DEVICES_MAX, sizeof *load->sources);
    while (load->n_sources < DEVICES_MAX && fgets(line, sizeof line, f)) {
        struct source *s = &load->sources[load->n_sources];
        if (!uuid_parse(line, strcspn(line, "\r\n"), &s->id)) continue;
        s->boot_id = uuid_new();
        s->next = 1;
        load->n_sources++;
    }
    fclose(f);
    qsort(load->sources, load->n_sources, sizeof *load->sources, by_id);
}

static void wait_until(struct load *load, const size_t *count, size_t wanted, int64_t deadline,
                       const char *what) {
    while (*count < wanted) {
        turn(load, 10);
        if (clock_mono_ms() > deadline) {
            fprintf(stderr, "telemetry_load: only %zu of %zu %s\n", *count, wanted, what);
            exit(1);
        }
    }
}

int main(int argc, char **argv) {
    if (argc != 8) {
        fprintf(stderr, "usage: telemetry_load HOST PORT USER PASSWORD DEVICE_FILE SAMPLES BATCH\n");
        return 2;
    }
    struct load load = {.samples = atoll(argv[6]), .batch = atoll(argv[7])};
    if (load.samples < 1 || load.batch < 1 || load.batch > PROTO_SAMPLES_MAX) return 2;
    read_devices(&load, argv[5]);
    mosquitto_lib_init();
    load.mosq = mosquitto_new(NULL, true, &load);
    mosquitto_int_option(load.mosq, MOSQ_OPT_TCP_NODELAY, 1);
    mosquitto_username_pw_set(load.mosq, argv[3], argv[4]);
    mosquitto_connect_callback_set(load.mosq, on_connect);
    mosquitto_subscribe_callback_set(load.mosq, on_subscribe);
    mosquitto_message_callback_set(load.mosq, on_message);
    if (mosquitto_connect(load.mosq, argv[1], atoi(argv[2]), 60) != MOSQ_ERR_SUCCESS) {
        fprintf(stderr, "telemetry_load: no broker at %s:%s\n", argv[1], argv[2]);
        return 1;
    }
    int64_t deadline = clock_mono_ms() + DEADLINE_MS;
    while (!load.subscribed && clock_mono_ms() < deadline) turn(&load, 10);
    for (size_t i = 0; i < load.n_sources; i++) {
        greet(&load, &load.sources[i]);
        turn(&load, 0);
    }
    wait_until(&load, &load.n_greeted, load.n_sources, deadline, "devices were answered");

    static struct message_telemetry t;
    int64_t total = load.samples * (int64_t)load.n_sources, begun = clock_mono_us();
    while (load.committed < total) {
        bool sent = false;
        for (size_t i = 0; i < load.n_sources; i++) {
            struct source *s = &load.sources[i];
            int64_t now = clock_mono_ms();
            if (s->moved_at == 0) s->moved_at = now;
            if (s->next > s->committed + 1 && now - s->moved_at > STALL_MS) {
                load.resent += s->next - s->committed - 1;
                s->next = s->committed + 1;
                s->moved_at = now;
            }
            if (s->next <= load.samples && s->next - s->committed <= WINDOW_SAMPLES) {
                send_some(&load, s, &t);
                sent = true;
            }
            if (i % 64 == 63) turn(&load, 0);
        }
        turn(&load, sent ? 0 : 2);
        if (clock_mono_ms() > deadline) {
            fprintf(stderr, "telemetry_load: %lld of %lld samples committed when the time was up\n",
                    (long long)load.committed, (long long)total);
            return 1;
        }
    }
    double seconds = (double)(clock_mono_us() - begun) / 1e6;
    printf("{\"samples\":%lld,\"seconds\":%.3f,\"per_second\":%.0f,\"resent\":%lld}\n", (long long)total,
           seconds, (double)total / seconds, (long long)load.resent);
    mosquitto_destroy(load.mosq);
    mosquitto_lib_cleanup();
    free(load.sources);
    return 0;
}
