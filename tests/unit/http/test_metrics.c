/* Counters, gauges and families as Prometheus reads them. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "server/base/metrics.h"

Test(metrics, every_one_is_written_with_help_and_type) {
    struct metrics *m = metrics_new();
    auto_buf struct buf out = BUF_INIT;
    metrics_set(m, METRIC_LINK_CONNECTED, 1);
    metrics_add(m, METRIC_DEVICES_READY, 5);
    metrics_add(m, METRIC_DEVICES_READY, -2);
    metrics_write(m, &out);
    cr_assert(strstr(out.data, "# TYPE pediluve_link_connected gauge\npediluve_link_connected 1\n"));
    cr_assert(strstr(out.data, "\npediluve_devices_ready 3\n"));
#define X(e, type, name, help)                                                                               \
    cr_expect(strstr(out.data, "# TYPE pediluve_" name " " #type "\n"), "%s", name);
    METRICS(X)
#undef X
    metrics_free(m);
}

Test(metrics, a_family_counts_by_its_labels) {
    struct metrics *m = metrics_new();
    auto_buf struct buf out = BUF_INIT;
    for (int i = 0; i < 3; i++) metrics_count(m, METRIC_FAMILY_COMMANDS, "start", "succeeded");
    metrics_count(m, METRIC_FAMILY_COMMANDS, "stop", "fail\"ed");
    metrics_write(m, &out);
    cr_assert(strstr(out.data, "pediluve_commands_total{type=\"start\",outcome=\"succeeded\"} 3\n"));
    cr_assert(strstr(out.data, "pediluve_commands_total{type=\"stop\",outcome=\"fail\\\"ed\"} 1\n"));
    cr_assert_not(strstr(out.data, "other"));
    metrics_free(m);
}

Test(metrics, a_family_has_a_bound_and_loses_no_count) {
    struct metrics *m = metrics_new();
    auto_buf struct buf out = BUF_INIT;
    long sum = 0;
    for (int i = 0; i < 2 * METRIC_SERIES_MAX; i++) {
        char label[16];
        snprintf(label, sizeof(label), "t%d", i);
        metrics_count(m, METRIC_FAMILY_MESSAGES, label, "x");
    }
    metrics_write(m, &out);
    for (const char *p = out.data; (p = strstr(p, "pediluve_messages_total{")); p++)
        sum += atol(strchr(p, '}') + 1);
    cr_assert_eq(sum, 2 * METRIC_SERIES_MAX);
    cr_assert(strstr(out.data, "{type=\"other\",outcome=\"other\"} "));
    metrics_free(m);
}

static void *count(void *m) {
    for (int i = 0; i < 100000; i++) metrics_add(m, METRIC_INGEST_SAMPLES, 1);
    for (int i = 0; i < 1000; i++) metrics_count(m, METRIC_FAMILY_COMMANDS, "start", "sent");
    return NULL;
}

Test(metrics, threads_lose_no_count) {
    struct metrics *m = metrics_new();
    auto_buf struct buf out = BUF_INIT;
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++) pthread_create(&threads[i], NULL, count, m);
    for (size_t i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    cr_assert_eq(metrics_get(m, METRIC_INGEST_SAMPLES), 400000);
    metrics_write(m, &out);
    cr_assert(strstr(out.data, "outcome=\"sent\"} 4000\n"));
    metrics_free(m);
}

Test(metrics, none_at_all_is_legal) {
    metrics_add(NULL, METRIC_SSE_EVENTS, 1);
    metrics_set(NULL, METRIC_SSE_EVENTS, 1);
    metrics_count(NULL, METRIC_FAMILY_COMMANDS, "a", "b");
    cr_assert_eq(metrics_get(NULL, METRIC_SSE_EVENTS), 0);
    metrics_free(NULL);
}
