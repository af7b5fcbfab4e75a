/* The two checks that look at nothing. */
#include <impact/health.h>

impact_health_status impact_check_true(impact_health_run *run, void *userdata)
{
    (void)run;
    (void)userdata; /* it looks at nothing */
    return IMPACT_HEALTH_PASS;
}

impact_health_status impact_check_false(impact_health_run *run, void *userdata)
{
    (void)userdata; /* as above */
    impact_health_explain(run, "this check never holds");
    return IMPACT_HEALTH_FAIL;
}
