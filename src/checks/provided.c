/* How a provided check is registered. */
#include "checks/provided.h"

#include <assert.h>

#include "base/alloc.h"
#include "base/options.h"

static void free_one_piece(void *userdata)
{
    impact__free(NULL, userdata);
}

static impact_status read_check(impact_check *check, const impact__provided *provided)
{
    if (!impact__struct_read(check, sizeof *check, provided->check))
        return IMPACT_EINVAL;
    check->name = provided->name ? provided->name : check->name;
    check->groups = provided->groups ? provided->groups : check->groups;
    check->timeout_ms = provided->timeout_ms ? provided->timeout_ms : check->timeout_ms;
    check->component_type =
        check->component_type ? check->component_type : provided->component_type;
    check->is_external = check->is_external || provided->is_external;
    check->may_overlap = false; /* a run comes back in time, and has the check's state to itself */
    check->may_be_live = check->may_be_live || provided->may_be_live;
    return IMPACT_OK;
}

impact_status impact__provided_add_with(impact_health *health, const impact__provided *provided,
                                        impact_health_check_fn run, void *userdata,
                                        void (*free_userdata)(void *userdata))
{
    impact_check check;
    assert(provided && run && free_userdata);
    if (!userdata)
        return IMPACT_ENOMEM;
    impact_status status = read_check(&check, provided);
    check.run = run;
    check.userdata = userdata;
    check.free_userdata = free_userdata;
    if (!status)
        status = impact_health_add(health, &check);
    if (status)
        free_userdata(userdata);
    return status;
}

impact_status impact__provided_add(impact_health *health, const impact__provided *provided,
                                   impact_health_check_fn run, void *userdata)
{
    return impact__provided_add_with(health, provided, run, userdata, free_one_piece);
}
