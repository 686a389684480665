/* Texts made comparable for a search, whatever language they are written in: without case, accents and
 * punctuation, full-width letters as plain ones, Greek and Cyrillic in Latin letters. Other scripts stay as
 * they are. Pure; thread-safe. */
#ifndef PEDILUVE_BASE_FOLD_H
#define PEDILUVE_BASE_FOLD_H

#include "base/buf.h"

/* Appends the words of a valid UTF-8 text with a single space between them, and between them and what out
 * holds already; nothing when the text has no letter and no digit. */
void fold_text(struct buf *out, const char *text);

#endif
