#include "device-agent/runtime/trial.h"

#include "protocol/message_fields.h"

static void tell(const struct trial *trial, const struct self_test_report *r, int32_t *told) {
    for (; *told < r->n; ++*told)
        if (trial->said) trial->said(trial->context, &r->checks[*told]);
}

void trial_run(const struct trial *trial, struct self_test_report *ret) {
    auto_free struct self_test *t = xcalloc(1, sizeof *t);
    struct readings readings = {0};
    int64_t now_ms = 0;
    int32_t told = 0;
    bool began = false;
    trial->board.ops->actuators->safe(trial->board.self);
    for (bool goes_on = true; goes_on; tell(trial, &t->report, &told)) {
        bool wanted = trial->wait(trial->context, trial->step_ms, &now_ms);
        trial->board.ops->sensors->read(trial->board.self, now_ms, &readings);
        if (!began) self_test_begin(t, trial->model, now_ms);
        began = true;
        t->readings = readings; /* for who is ended before its first step */
        t->now_ms = now_ms;
        if (!wanted) self_test_halt(t, REASON_COMMAND, "it was ended");
        goes_on = self_test_step(t, now_ms, &readings);
        if (trial->board.ops->actuators->apply(trial->board.self, &t->outputs)) continue;
        self_test_halt(t, REASON_BOARD_FAILED, "the board cannot drive its outputs");
        goes_on = false;
    }
    trial->board.ops->actuators->safe(trial->board.self);
    *ret = t->report;
}

void trial_write(struct jsonw *w, const struct trial *trial, const struct self_test_report *r) {
    jsonw_object(w, NULL);
    jsonw_str(w, "board", trial->board.ops->name);
    jsonw_str(w, "model", trial->model->id);
    jsonw_str(w, "result", check_result_names[self_test_verdict(r)]);
    jsonw_array(w, "checks");
    for (int32_t i = 0; i < r->n; i++) field_write(w, NULL, message_check_fields, &r->checks[i]);
    jsonw_array_end(w);
    jsonw_object_end(w);
}
