/* A change of a course in one transaction: locked, settled (what time has done to it is written first, with
 * an audit row of its own), changed by the domain's rules, saved, told to listeners after the commit. */
#ifndef PEDILUVE_SERVER_API_COURSE_CHANGE_H
#define PEDILUVE_SERVER_API_COURSE_CHANGE_H

#include "server/api/app.h"
#include "server/store/course_store.h"

/* Begins the transaction unless there is one. version 0: any; another one: ERR_PRECONDITION_FAILED. *ret
 * lives as long as the request. */
must_use enum err course_change_begin(struct request *rq, void *worker, const struct uuid *id,
                                      int64_t version, struct course_row **ret);
/* Saves, and reads the course again into *row. */
must_use enum err course_change_end(struct request *rq, void *worker, const char *action, int32_t number,
                                    const char *reason, struct course_row *row);

#endif
