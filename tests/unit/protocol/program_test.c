/* What the vectors of programs cannot hold. */
#include <criterion/criterion.h>

#include "protocol/program.h"
#include "vectors.h"

/* Only a struct built in C can hold these: no text decodes to them. */
Test(program, one_built_wrong_is_refused_by_the_bounds_of_its_table) {
    struct program *p = xcalloc(1, sizeof *p);
    strcpy(p->model, "spa-pro");
    p->model_version = 1;
    p->total_max_ms = 1000;
    p->n_steps = PROTO_STEPS_MAX + 1;
    struct field_errors errors;
    cr_expect_not(program_check(p, NULL, &errors));
    cr_expect_str_eq(errors.list[0].pointer, "/steps");
    p->n_steps = 1;
    p->steps[0] = (struct program_step){.kind = STEP_RUN, .ms = 500, .n_sets = 1};
    p->steps[0].sets[0] = (struct setpoint){.channel = 1, .level = -1, .duty_permille = 1000};
    cr_expect_not(program_check(p, NULL, &errors));
    cr_expect_str_eq(errors.list[0].pointer, "/steps/0/sets/0/level");
    p->steps[0].sets[0].level = 0;
    cr_expect(program_check(p, NULL, &errors), "%s", errors.list[0].pointer);
    p->steps[0].kind = STEP_KIND_COUNT;
    cr_expect_not(program_check(p, NULL, &errors));
    cr_expect_eq(errors.list[0].fault, FIELD_NOT_ONE_OF);
    memset(p->model, 'm', sizeof p->model);
    p->steps[0].kind = STEP_RUN;
    cr_expect_not(program_check(p, NULL, &errors));
    cr_expect_eq(errors.list[0].fault, FIELD_TOO_LONG);
    free(p);
}

Test(program, one_for_a_dry_unit_cannot_heat) {
    struct model dry = vectors_model("spa-pro");
    dry.actuators[0].kind = ACTUATOR_VIBRATION;
    struct program *p = xcalloc(1, sizeof *p);
    strcpy(p->model, dry.id);
    p->model_version = dry.version;
    p->water_max_mdegc = 38000;
    p->total_max_ms = 1000;
    p->n_steps = 1;
    p->steps[0] = (struct program_step){.kind = STEP_REST, .ms = 1000, .water_mdegc = 38000};
    struct field_errors errors;
    cr_expect_not(program_check(p, &dry, &errors));
    cr_expect_str_eq(errors.list[0].pointer, "/steps/0/water_mdegc");
    p->steps[0].water_mdegc = 0;
    cr_expect(program_check(p, &dry, &errors), "%s", errors.list[0].pointer);
    free(p);
}

Test(program, heating_counts_no_time) {
    struct program *p = xcalloc(1, sizeof *p);
    p->n_steps = 3;
    p->steps[0] = (struct program_step){.kind = STEP_HEAT, .ms = 300000};
    p->steps[1] = (struct program_step){.kind = STEP_RUN, .ms = 60000};
    p->steps[2] = (struct program_step){.kind = STEP_GUIDE, .ms = 5000};
    cr_expect_eq(program_total_ms(p), 65000);
    free(p);
}
