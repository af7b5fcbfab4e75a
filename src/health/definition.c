/* What a check is, read and kept. */
#include "health/definition.h"

#include <string.h>

#include "base/alloc.h"

char *impact__definition_groups(impact_status *status, const impact_allocator *allocator,
                                const char *groups)
{
    const impact_text list = impact_text_of(groups ? groups : IMPACT__DEFAULT_GROUP);
    char *kept = impact__alloc(allocator, list.size + 3);
    *status = kept ? IMPACT_OK : IMPACT_ENOMEM;
    if (!kept || impact__groups_format(kept, list))
        return kept;
    impact__free(allocator, kept);
    *status = IMPACT_EINVAL;
    return NULL;
}

void impact__definition_keep_type(impact__definition *definition, const char *type)
{
    const size_t size = type ? strlen(type) : 0;
    memcpy(definition->component_type, type ? type : "", size);
    definition->component_type[size] = 0;
}

static impact__definition define(const impact_check *description, const impact__limits *limits)
{
    impact__definition definition = {
        .run = description->run,
        .userdata = description->userdata,
        .free_userdata = description->free_userdata,
        .name_size = strlen(description->name),
        .limits = *limits,
    };
    memcpy(definition.name, description->name, definition.name_size);
    impact__definition_keep_type(&definition, description->component_type);
    return definition;
}

bool impact__is_component_type(const char *type)
{
    return !type || impact__is_check_name(impact_text_of(type));
}

/* A live probe restarts what it asks: no restart mends what is outside. */
bool impact__check_may_be_in(const impact_check *check, const char *groups)
{
    const char *type = check->component_type ? check->component_type : "";
    const bool is_external = check->is_external || strcmp(type, "datastore") == 0;
    return !is_external || check->may_be_live ||
           !impact__groups_have(groups, impact_text_of(IMPACT__LIVE_GROUP));
}

/* Its pulse, where it has no function. */
static impact_status open_pulse(impact__definition *definition, const impact_allocator *allocator)
{
    if (definition->run)
        return IMPACT_OK;
    definition->pulse = impact__pulse_open(allocator);
    return definition->pulse ? IMPACT_OK : IMPACT_ENOMEM;
}

impact_status impact__definition_open(impact__definition *definition,
                                      const impact_allocator *allocator,
                                      const impact_check *description)
{
    impact__limits limits;
    impact_status status = IMPACT_OK;
    if (!impact__limits_read(&limits, description) ||
        !impact__is_check_name(impact_text_of(description->name)) ||
        !impact__is_component_type(description->component_type))
        return IMPACT_EINVAL;
    char *groups = impact__definition_groups(&status, allocator, description->groups);
    if (status)
        return status;
    *definition = define(description, &limits);
    definition->groups = groups;
    status = impact__check_may_be_in(description, groups) ? open_pulse(definition, allocator)
                                                          : IMPACT_EPERM;
    if (status)
        impact__free(allocator, groups);
    return status;
}

void impact__definition_close(impact__definition *definition, const impact_allocator *allocator)
{
    if (definition->free_userdata)
        definition->free_userdata(definition->userdata);
    impact_health_pulse_close(definition->pulse);
    impact__free(allocator, definition->groups);
}
