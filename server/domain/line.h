/* Short texts that people read in one line: initials, a guest's first name. Pure; thread-safe. */
#ifndef PEDILUVE_DOMAIN_LINE_H
#define PEDILUVE_DOMAIN_LINE_H

#include "base/field.h"

/* Room for so many characters of UTF-8, and the NUL. */
#define LINE_SIZE(chars) ((chars)*4 + 1)

/* One line of 1 to chars_max characters, not all of them blank; else an error at pointer. text is valid UTF-8
 * without control characters but \n and \t, as FIELD_STR decodes it. */
must_use bool line_check(const char *text, int chars_max, const char *pointer, struct field_errors *errors);

#endif
