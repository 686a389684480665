/* Devices and their state of service and cleaning. The live view is not here: it is in memory. */
#ifndef PEDILUVE_SERVER_STORE_DEVICE_STORE_H
#define PEDILUVE_SERVER_STORE_DEVICE_STORE_H

#include "server/base/principal.h"
#include "server/store/actor.h"
#include "server/store/db.h"
#include "server/store/page.h"

struct device_row {
    struct uuid id, site_id;
    char model[33];
    char name[81];
    char serial[65];
    char service[16]; /* in_service, maintenance, retired */
    char cleaning[8]; /* clean, due */
    bool rinse;
    char disinfecting_kind[16]; /* "": no disinfection goes on */
    int64_t disinfecting_at;    /* since when; 0: none goes on */
    int32_t credential_version;
    int64_t last_seq;
    int64_t version; /* for ETag: counts changes made by people, not those of cleaning and commands */
    int64_t created_at, updated_at;
};

struct device_filter {
    struct uuid site_id;  /* zero: any */
    const char *service;  /* NULL: any */
    const char *cleaning; /* NULL: any */
};

struct device_change {
    bool has_name, has_serial, has_service, has_site_id;
    char name[81], serial[65], service[16];
    struct uuid site_id;    /* must be within the scope too */
    bool rotate_credential; /* credential_version + 1 */
};

must_use enum err device_list(struct db *db, const struct scope *scope, const struct device_filter *filter,
                              const struct page *page, struct device_row rows[], int32_t *ret_n);
must_use enum err device_get(struct db *db, const struct scope *scope, const struct uuid *id,
                             struct device_row *ret);
/* Takes id, site_id, model, name, serial of *row and fills in the rest. The site outside the scope:
 * ERR_NOT_FOUND; an unknown model: ERR_UNPROCESSABLE; the serial already there: ERR_CONFLICT. */
must_use enum err device_create(struct db *db, const struct scope *scope, const struct actor *actor,
                                struct device_row *row);
/* As site_update. Retiring or moving a device with a live session: ERR_DEVICE_BUSY. */
must_use enum err device_update(struct db *db, const struct scope *scope, const struct actor *actor,
                                const struct uuid *id, int64_t expected_version,
                                const struct device_change *change, struct device_row *ret);

/* Every device, in one query, for a process that starts and for reconciling: no scope. fn must not use
 * db; row is valid during the call. */
must_use enum err device_each(struct db *db, void (*fn)(void *arg, const struct device_row *row), void *arg);

#endif
