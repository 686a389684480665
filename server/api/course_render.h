/* A course's representations. */
#ifndef PEDILUVE_SERVER_API_COURSE_RENDER_H
#define PEDILUVE_SERVER_API_COURSE_RENDER_H

#include "server/http/request.h"
#include "server/store/course_store.h"

/* In a list: without its sessions. */
void course_render_head(struct jsonw *w, const char *key, const struct course_head *h);
/* Alone: with its sessions. */
void course_render(struct jsonw *w, const char *key, const struct course_row *row);
/* One that is not written: no id, no progress; more[].starts_at is to be filled. */
void course_render_plan(struct jsonw *w, const char *key, const struct course_row *row);

/* Sets the entity tag, writes the course and answers. */
enum err course_reply(struct request *rq, int status, const struct course_row *row);

#endif
