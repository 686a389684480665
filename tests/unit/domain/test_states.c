#include <criterion/criterion.h>
#include <string.h>

#include "base/auto.h"
#include "server/domain/command.h"
#include "server/domain/session.h"

/* Written out again by hand, so that a slip in the lists shows. */
static const char *const session_changes[] = {
    "requested starting",  "requested running", "requested paused",  "requested waiting",
    "requested completed", "requested stopped", "requested aborted", "requested expired",
    "requested rejected",  "starting running",  "starting paused",   "starting waiting",
    "starting completed",  "starting stopped",  "starting aborted",  "running paused",
    "running waiting",     "running completed", "running stopped",   "running aborted",
    "paused running",      "paused waiting",    "paused completed",  "paused stopped",
    "paused aborted",      "waiting running",   "waiting paused",    "waiting completed",
    "waiting stopped",     "waiting aborted",
};
static const char *const command_changes[] = {
    "pending sent",     "pending expired",    "pending cancelled", "sent accepted",    "sent running",
    "sent succeeded",   "sent failed",        "sent rejected",     "sent expired",     "sent unknown",
    "accepted running", "accepted succeeded", "accepted failed",   "accepted unknown", "running succeeded",
    "running failed",   "running unknown",    "unknown accepted",  "unknown running",  "unknown succeeded",
    "unknown failed",   "unknown rejected",   "unknown expired",
};
static const char *const allowed[] = {
    "requested stop", "starting stop",  "running pause", "running resume", "running stop",
    "running adjust", "paused pause",   "paused resume", "paused stop",    "paused adjust",
    "waiting pause",  "waiting resume", "waiting stop",  "waiting adjust", "waiting confirm",
};

static bool listed(const char *const list[], size_t n, const char *a, const char *b) {
    char pair[64];
    snprintf(pair, sizeof pair, "%s %s", a, b);
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i], pair) == 0) return true;
    return false;
}

Test(session, changes_only_as_the_table_says) {
    for (int a = 0; a < SESSION_STATE_COUNT; a++)
        for (int b = 0; b < SESSION_STATE_COUNT; b++)
            cr_expect_eq(session_can_become(a, b),
                         listed(session_changes, COUNT_OF(session_changes), session_state_names[a],
                                session_state_names[b]),
                         "%s -> %s", session_state_names[a], session_state_names[b]);
}

Test(session, never_leaves_an_end_and_can_always_reach_one) {
    for (int a = 0; a < SESSION_STATE_COUNT; a++) {
        cr_expect_neq(session_is_live(a), session_is_terminal(a));
        bool leaves = false;
        for (int b = 0; b < SESSION_STATE_COUNT; b++) leaves |= session_can_become(a, b);
        cr_expect_eq(leaves, session_is_live(a), "%s", session_state_names[a]);
        if (session_is_live(a)) cr_expect(session_can_become(a, SESSION_STOPPED));
    }
}

Test(session, allows_each_command_only_where_it_makes_sense) {
    for (int a = 0; a < SESSION_STATE_COUNT; a++)
        for (int c = 0; c < COMMAND_TYPE_COUNT; c++)
            cr_expect_eq(session_allows(a, c),
                         listed(allowed, COUNT_OF(allowed), session_state_names[a], command_type_names[c]),
                         "%s in %s", command_type_names[c], session_state_names[a]);
}

Test(session, may_be_stopped_while_it_is_live_and_not_after) {
    for (int a = 0; a < SESSION_STATE_COUNT; a++)
        cr_expect_eq(session_allows(a, COMMAND_STOP), session_is_live(a));
}

Test(session, has_the_name_that_the_device_gives_it) {
    cr_expect_eq(session_from_device(DSESSION_NONE), SESSION_STATE_COUNT);
    for (int d = DSESSION_NONE + 1; d < DSESSION_COUNT; d++) {
        enum session_state s = session_from_device(d);
        cr_assert_lt(s, SESSION_STATE_COUNT);
        cr_expect_str_eq(session_state_names[s], device_session_state_names[d]);
        cr_expect_eq(session_is_live(s), device_session_state_is_live(d));
        cr_expect(s == SESSION_REQUESTED || session_can_become(SESSION_REQUESTED, s));
    }
}

Test(session, begins_or_ends_with_the_answer_to_its_start) {
    static const struct {
        enum ack_state ack;
        enum session_state session;
    } rows[] = {{ACK_ACCEPTED, SESSION_STARTING}, {ACK_RUNNING, SESSION_STARTING},
                {ACK_SUCCEEDED, SESSION_RUNNING}, {ACK_FAILED, SESSION_ABORTED},
                {ACK_REJECTED, SESSION_REJECTED}, {ACK_EXPIRED, SESSION_EXPIRED}};
    cr_assert_eq(COUNT_OF(rows), ACK_STATE_COUNT);
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        cr_expect_eq(session_from_start_ack(rows[i].ack), rows[i].session);
}

Test(session, names_lead_back_to_states) {
    for (int a = 0; a < SESSION_STATE_COUNT; a++)
        cr_expect_eq(session_state_find(session_state_names[a]), (enum session_state)a);
    cr_expect_eq(session_state_find("asleep"), SESSION_STATE_COUNT);
}

Test(command, changes_only_as_the_table_says) {
    for (int a = 0; a < CMD_STATE_COUNT; a++)
        for (int b = 0; b < CMD_STATE_COUNT; b++)
            cr_expect_eq(command_can_become(a, b),
                         listed(command_changes, COUNT_OF(command_changes), command_state_names[a],
                                command_state_names[b]),
                         "%s -> %s", command_state_names[a], command_state_names[b]);
}

Test(command, never_leaves_an_end) {
    for (int a = 0; a < CMD_STATE_COUNT; a++) {
        bool leaves = false;
        for (int b = 0; b < CMD_STATE_COUNT; b++) leaves |= command_can_become(a, b);
        cr_expect_neq(leaves, command_is_terminal(a), "%s", command_state_names[a]);
    }
}

Test(command, that_may_have_been_sent_is_never_cancelled) {
    for (int a = 0; a < CMD_STATE_COUNT; a++)
        cr_expect_eq(command_can_become(a, CMD_CANCELLED), a == CMD_PENDING);
}

Test(command, can_take_every_answer_of_the_device_once_sent_or_unknown) {
    for (int ack = 0; ack < ACK_STATE_COUNT; ack++) {
        enum command_state s = command_from_ack(ack);
        cr_expect_str_eq(command_state_names[s], ack_state_names[ack]);
        cr_expect_eq(command_is_terminal(s), ack_state_is_final(ack));
        cr_expect(command_can_become(CMD_SENT, s));
        cr_expect(command_can_become(CMD_UNKNOWN, s));
    }
}

Test(command, names_lead_back_to_states) {
    for (int a = 0; a < CMD_STATE_COUNT; a++)
        cr_expect_eq(command_state_find(command_state_names[a]), (enum command_state)a);
    cr_expect_eq(command_state_find(""), CMD_STATE_COUNT);
}
