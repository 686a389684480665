/* pediluved serve: connects the parts, runs, stops. Parts stop in the reverse order of their start. */
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/log.h"
#include "server/api/api.h"
#include "server/base/metrics.h"
#include "server/cli/cli.h"
#include "server/fleet/fleet.h"
#include "server/http/http.h"
#include "server/http/sse.h"

#define SERVE_DRAIN_MS 3000
#define SERVE_FLEET_STOP_MS 3000

struct serve {
    const struct config *config;
    struct metrics *metrics;
    struct sse_hub *hub;
    struct fleet *fleet;
    struct api *api;
    struct http *http;
};

static const char *or_null(const char *text) { return text[0] ? text : NULL; }

/* What browsers are told must be sound before one of them is. */
static bool check_browser(const struct config *c) {
    const char *url = c->public_url, *host = strstr(url, "://");
    size_t n = host ? strcspn(host + 3, "/?#@ ") : 0;
    bool known = !strncmp(url, "https://", 8) || !strncmp(url, "http://", 7);
    if (url[0] && (!known || !n || (host[3 + n] && strcmp(host + 3 + n, "/"))))
        return cli_fail("PEDILUVE_PUBLIC_URL must be like https://spa.example, without a path, not \"%s\"",
                        url);
    if (strcmp(c->cookie_secure, "auto") && strcmp(c->cookie_secure, "true") &&
        strcmp(c->cookie_secure, "false"))
        return cli_fail("PEDILUVE_COOKIE_SECURE must be auto, true or false, not \"%s\"", c->cookie_secure);
    return true;
}

static bool start(struct serve *s) {
    const struct config *c = s->config;
    if (!check_browser(c)) return false;
    s->metrics = metrics_new();
    s->hub = sse_hub_new(api_event_types, 0, s->metrics);
    struct fleet_config fleet = {.database_url = c->database_url,
                                 .mqtt_host = c->mqtt_host,
                                 .mqtt_port = (int)c->mqtt_port,
                                 .mqtt_username = or_null(c->mqtt_username),
                                 .mqtt_password = or_null(c->mqtt_password),
                                 .mqtt_ca_file = or_null(c->mqtt_ca_file),
                                 .device_secret = c->device_secret,
                                 .publish = api_publish,
                                 .publish_ctx = s->hub};
    enum err e = fleet_start(&fleet, &s->fleet);
    if (e != ERR_OK)
        return cli_fail("the device link does not start: %s (is PEDILUVE_DATABASE_URL right, and `pediluved "
                        "migrate` run?)",
                        err_info(e)->title);
    struct api_parts parts = {.config = c, .metrics = s->metrics, .fleet = s->fleet, .hub = s->hub};
    e = api_new(&parts, &s->api);
    if (e != ERR_OK) return cli_fail("the API does not start: %s", err_info(e)->title);
    struct http_options options;
    char error[256];
    api_http_options(s->api, &options);
    s->http = http_new(&options, error);
    if (!s->http) return cli_fail("%s", error);
    return true;
}

static void stop(struct serve *s) {
    if (s->http) http_free(s->http, SERVE_DRAIN_MS);
    api_free(s->api);
    /* The fleet's threads publish until they end; when one hangs, the process ends over it. */
    if (s->fleet && !fleet_stop(s->fleet, SERVE_FLEET_STOP_MS)) return;
    sse_hub_free(s->hub);
    metrics_free(s->metrics);
}

/* A service often starts with 1024, fewer than LIMIT_HTTP_CONNECTIONS: idle clients could use them up, and
 * the broker could not be reached again. What is allowed for the asking is more. */
static void allow_files(void) {
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
}

int cli_serve(const struct cli *cli) {
    if (cli_flag(cli, "--migrate") && !cli_bring_up_to_date(cli->config)) return 1;

    allow_files();
    mallopt(M_ARENA_MAX, 2); /* an arena a thread costs memory that the few allocations here are not worth */

    /* Blocked before any thread starts, so that all of them leave these signals to sigwait below. */
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    signal(SIGPIPE, SIG_IGN);

    struct serve serve = {.config = cli->config};
    bool up = start(&serve);
    if (up) {
        int got = 0;
        log_info("main", "serving|version=%s host=%s port=%d", PEDILUVE_VERSION, cli->config->listen.host,
                 http_port(serve.http));
        sigwait(&ends, &got);
        log_info("main", "stopping|signal=%d", got);
    }
    stop(&serve);
    return up ? 0 : 1;
}

int cli_routes(const struct cli *cli) {
    (void)cli;
    api_print_routes(stdout);
    return 0;
}
