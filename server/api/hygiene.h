/* Why a device takes no session, by the rules of disinfection. */
#ifndef PEDILUVE_SERVER_API_HYGIENE_H
#define PEDILUVE_SERVER_API_HYGIENE_H

#include "base/buf.h"
#include "server/store/hygiene_store.h"

/* Appends what is overdue and since when, in words; nothing when the rules do not stand in the way. */
void hygiene_why(const struct hygiene_row *h, struct buf *out);

#endif
