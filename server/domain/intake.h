/* What a guest answered, as it comes from outside. Pure; thread-safe.
 *
 *     {"none_apply": true}                          all questions were asked, and nothing applies
 *     {"answers": {"thrombosis": false, ...}}       one by one; beside none_apply they override it
 *     {"acknowledged": ["meal"]}                    warnings that the guest has understood
 *     {"clearances": [{"kind": "doctor_note", "by": "Dr Weber", "on": "2026-11-20"}]} */
#ifndef PEDILUVE_DOMAIN_INTAKE_H
#define PEDILUVE_DOMAIN_INTAKE_H

#include "server/domain/clearance.h"
#include "server/domain/screening_rule.h"

#define INTAKE_ACKNOWLEDGED_MAX 8
#define INTAKE_CLEARANCES_MAX 4

struct intake_answers { /* both by enum screening_rule_id */
    bool has[SCREENING_RULE_COUNT];
    bool yes[SCREENING_RULE_COUNT];
};

struct intake {
    bool has_none_apply, has_answers;
    bool none_apply;
    struct intake_answers answers;
    int32_t n_acknowledged;
    int32_t acknowledged[INTAKE_ACKNOWLEDGED_MAX]; /* enum screening_rule_id */
    int32_t n_clearances;
    struct clearance clearances[INTAKE_CLEARANCES_MAX];
};
/* Decode with FIELD_REFUSE_UNKNOWN, then intake_check. field_write gives the JSON back. */
extern const struct field intake_fields[];

/* The rules across fields; errors below prefix ("/intake"): nothing twice, dates and names as clearance_check
 * wants them, only warnings of the set acknowledged. */
must_use bool intake_check(const struct intake *intake, const struct screening_rules *rules,
                           const char *prefix, struct field_errors *errors);
/* clearance_check_age of each clearance. */
must_use bool intake_check_age(const struct intake *intake, int32_t today, const char *prefix,
                               struct field_errors *errors);
/* Bits 1u << enum clearance_kind of what was given. */
uint32_t intake_clearances(const struct intake *intake);

#endif
