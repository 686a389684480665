#include <criterion/criterion.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "server/fleet/inbox.h"

Test(inbox, records_come_out_whole_and_in_order) {
    struct inbox *in = inbox_new(10, 1000, -1);
    struct uuid a = uuid_new(), b = uuid_new();
    cr_assert(inbox_put(in, &a, 1, "one", 3));
    cr_assert(inbox_put(in, &b, 2, "", 0));
    cr_assert(inbox_put(in, &a, 3, "a longer one", 12));
    cr_assert_eq(inbox_waiting(in), 3);
    auto_buf struct buf taken = BUF_INIT;
    struct inbox_record r;
    size_t at = 0;
    cr_assert_eq(inbox_take(in, 0, &taken), 3);
    cr_assert(inbox_next(&taken, &at, &r) && r.kind == 1 && r.len == 3 && memcmp(r.data, "one", 3) == 0);
    cr_assert(uuid_equal(&r.device, &a));
    cr_assert(inbox_next(&taken, &at, &r) && r.kind == 2 && r.len == 0);
    cr_assert(inbox_next(&taken, &at, &r) && r.kind == 3 && memcmp(r.data, "a longer one", 12) == 0);
    cr_assert_eq((uintptr_t)r.data % 8, 0);
    cr_assert(!inbox_next(&taken, &at, &r));
    cr_assert_eq(inbox_take(in, 0, &taken), 0);
    at = 0;
    cr_assert(!inbox_next(&taken, &at, &r), "what was taken before is gone");
    inbox_free(in);
}

Test(inbox, it_is_full_by_number_or_by_bytes) {
    struct uuid id = uuid_new();
    auto_buf struct buf taken = BUF_INIT;
    struct inbox *in = inbox_new(2, 1000, -1);
    cr_assert(inbox_put(in, &id, 0, "x", 1) && inbox_put(in, &id, 0, "x", 1) &&
              !inbox_put(in, &id, 0, "x", 1));
    cr_assert_eq(inbox_take(in, 0, &taken), 2);
    cr_assert(inbox_put(in, &id, 0, "x", 1), "room again");
    inbox_free(in);
    char much[200] = {0};
    in = inbox_new(100, 300, -1);
    cr_assert(inbox_put(in, &id, 0, much, sizeof much));
    cr_assert(!inbox_put(in, &id, 0, much, sizeof much));
    inbox_free(in);
}

Test(inbox, a_closed_one_takes_nothing_and_does_not_wait) {
    struct uuid id = uuid_new();
    auto_buf struct buf taken = BUF_INIT;
    struct inbox *in = inbox_new(2, 1000, -1);
    inbox_close(in);
    cr_assert(inbox_is_closed(in));
    cr_assert(!inbox_put(in, &id, 0, "x", 1));
    cr_assert_eq(inbox_take(in, 60000, &taken), 0);
    cr_assert(!inbox_wait(in, 60000));
    inbox_free(in);
}

Test(inbox, the_event_is_written_once_for_many) {
    struct uuid id = uuid_new();
    auto_buf struct buf taken = BUF_INIT;
    int fd = eventfd(0, EFD_NONBLOCK);
    eventfd_t count;
    struct inbox *in = inbox_new(10, 1000, fd);
    inbox_put(in, &id, 0, "x", 1);
    inbox_put(in, &id, 0, "x", 1);
    cr_assert(eventfd_read(fd, &count) == 0 && count == 1);
    inbox_take(in, 0, &taken);
    inbox_put(in, &id, 0, "x", 1);
    cr_assert(eventfd_read(fd, &count) == 0 && count == 1);
    inbox_free(in);
    close(fd);
}
