/* Keyset pagination, the same for every list: `after` is the id of the last row of the page before (zero:
 * from the beginning), `limit` the most rows wanted, 1..PAGE_ROWS_MAX. Ask for one more than is shown to
 * learn whether there is a next page. Lists of sessions, commands, cleanings and audit run from the newest
 * id down; sites, devices, tokens from the lowest id up; routines and models by slug up. No row that was
 * there throughout is lost or given twice, whatever is inserted meanwhile. */
#ifndef PEDILUVE_SERVER_STORE_PAGE_H
#define PEDILUVE_SERVER_STORE_PAGE_H

#include "base/uuid.h"
#include "server/base/limits.h"

#define PAGE_ROWS_MAX (LIMIT_PAGE + 1)

struct page {
    struct uuid after;
    int32_t limit;
};

#endif
