#include "device-agent/runtime/maintenance.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "device-agent/journal/journal.h"
#include "device-agent/runtime/boards.h"
#include "device-agent/runtime/trial.h"

#define STEP_MS 20

/* ---- nobody may be in the unit ---- */

static bool is_said(void) {
    char answer[16] = "";
    if (!isatty(STDIN_FILENO)) return false;
    fputs("Motors and heater will run. Is the unit empty, and will nobody step in? Type yes: ", stderr);
    return fgets(answer, sizeof answer, stdin) && !strcmp(answer, "yes\n");
}

static bool has_live_session(struct journal *journal, const struct uuid *device, bool *ret) {
    auto_free struct agent_recovered *known = xcalloc(1, sizeof *known);
    if (!journal_load(journal, device, known)) return false;
    *ret = session_is_live(known->session.phase);
    return true;
}

/* ---- time ---- */

struct stopwatch {
    int64_t now_ms;
    int32_t speed;
    bool is_simulated, json;
};

static bool wait_step(void *context, int32_t step_ms, int64_t *ret_now_ms) {
    struct stopwatch *w = context;
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGHUP);
    struct timespec rest = {.tv_nsec = step_ms * 1000000L / w->speed};
    bool ended = sigtimedwait(&ends, NULL, &rest) > 0;
    w->now_ms = w->is_simulated ? w->now_ms + step_ms : clock_mono_ms();
    *ret_now_ms = w->now_ms;
    return !ended;
}

static void print_line(void *context, const struct message_check *check) {
    const struct stopwatch *w = context;
    if (w->json) return;
    printf("%-8s %-24s %s\n", check_result_names[check->result], check->name, check->detail);
    fflush(stdout);
}

/* ---- the commands ---- */

static bool open_board(struct config *c, struct board *ret, const struct model **ret_model) {
    *ret_model = config_model(c, c->devices[0].model);
    return *ret_model && boards_open(c->board, c->board_file, *ret_model, 1, ret);
}

static int run_test(struct config *c, bool json) {
    static const int statuses[] = {[CHECK_PASSED] = MAINTENANCE_PASSED,
                                   [CHECK_FAILED] = MAINTENANCE_FAILED,
                                   [CHECK_SKIPPED] = MAINTENANCE_INCOMPLETE};
    struct trial trial = {.step_ms = STEP_MS, .wait = wait_step, .said = print_line};
    auto_free struct self_test_report *report = xcalloc(1, sizeof *report);
    if (!open_board(c, &trial.board, &trial.model)) return MAINTENANCE_REFUSED;
    struct stopwatch watch = {.speed = c->speed, .json = json, .now_ms = clock_mono_ms()};
    watch.is_simulated = !strcmp(trial.board.ops->name, "sim");
    trial.context = &watch;
    trial_run(&trial, report);
    enum check_result verdict = self_test_verdict(report);
    if (json) {
        auto_buf struct buf text = BUF_INIT;
        struct jsonw w;
        jsonw_init(&w, &text);
        trial_write(&w, &trial, report);
        puts(text.data);
    } else {
        printf("%s\n", check_result_names[verdict]);
    }
    trial.board.ops->free(trial.board.self);
    return statuses[verdict];
}

int maintenance_self_test(struct config *c, bool nobody_in_the_unit, bool json) {
    char error[256];
    bool live = false;
    if (!boards_check(c)) return MAINTENANCE_REFUSED;
    struct journal *journal =
        journal_open(c->journal, error); /* held to the end: no agent starts meanwhile */
    int status = MAINTENANCE_REFUSED;
    if (!journal)
        config_fail("%s: does an agent run? Stop it first", error);
    else if (!has_live_session(journal, &c->devices[0].device_id, &live))
        config_fail("%s: the journal cannot be read", c->journal);
    else if (live)
        config_fail("a session has not ended on this device: end it first");
    else if (!nobody_in_the_unit && !is_said())
        config_fail("refused: say --nobody-in-the-unit when the unit is empty");
    else
        status = run_test(c, json);
    journal_close(journal);
    return status;
}

int maintenance_make_safe(struct config *c) {
    struct board board;
    const struct model *model;
    if (!boards_check(c) || !open_board(c, &board, &model)) return MAINTENANCE_FAILED;
    board.ops->free(board.self);
    return MAINTENANCE_PASSED;
}
