/* Assertions on an answer, shared by the tests of server/http. */
#ifndef PEDILUVE_TESTS_HTTP_CHECK_H
#define PEDILUVE_TESTS_HTTP_CHECK_H

#include <criterion/criterion.h>
#include <string.h>

#include "server/base/limits.h"
#include "tests/unit/http/client.h"
#include "tests/unit/http/fixture.h"

#define check_status(a, wanted)                                                                              \
    cr_assert_eq((a).status, wanted, "status %d instead of %d: %s", (a).status, wanted,                      \
                 (a).body ? (a).body : "")
#define check_contains(a, text)                                                                              \
    cr_assert((a).body &&strstr((a).body, text), "\"%s\" is not in %s", text, (a).body ? (a).body : "nothing")
#define check_lacks(a, text)                                                                                 \
    cr_assert((a).body && !strstr((a).body, text), "\"%s\" is in %s", text, (a).body ? (a).body : "nothing")
#define check_code(a, wanted_status, code)                                                                   \
    do {                                                                                                     \
        check_status(a, wanted_status);                                                                      \
        check_header(a, "Content-Type", "application/problem+json");                                         \
        check_contains(a, "\"code\":\"" code "\"");                                                          \
    } while (0)
#define check_header(a, name, wanted)                                                                        \
    do {                                                                                                     \
        char value_[512];                                                                                    \
        cr_assert_str_eq(answer_header(&(a), name, value_), wanted, "%s: %s instead of %s", name, value_,    \
                         wanted);                                                                            \
    } while (0)
#define call(f, method, target, token, headers, body)                                                        \
    client_call((f)->port, method, target, token, headers, body)

#endif
