/* Registering provided checks: what all of them have in common. */
#ifndef IMPACT_TESTS_REGISTRATION_H
#define IMPACT_TESTS_REGISTRATION_H

#include <impact/health.h>
#include <impact/plugin.h>

#include "support/abi.h"
#include "support/check.h"
#include "support/faults.h"

typedef impact_status (*registering_add_fn)(impact_health *health, const void *options);

/* In a registry that is there for it alone. */
static inline impact_status registering_alone(registering_add_fn add, const void *options)
{
    impact_health *health = NULL;
    CHECK_EQUAL(impact_health_open(&health, NULL), IMPACT_OK);
    const impact_status status = add(health, options);
    CHECK_EQUAL(impact_health_close(health, 1000), 0);
    return status;
}

/* The two that the functions below take: add_<kind>, and add_<kind>_alone for a case of abi.h. */
#define REGISTERING(kind)                                                                          \
    static impact_status add_##kind(impact_health *health, const void *options)                    \
    {                                                                                              \
        return impact_health_add_##kind(health, options);                                          \
    }                                                                                              \
    static impact_status add_##kind##_alone(const void *options)                                   \
    {                                                                                              \
        return registering_alone(add_##kind, options);                                             \
    }

/* A case of abi.h: `last` is the last member that is required, and the rest makes valid options. */
#define REGISTERING_CASE(kind, macro, last, ...)                                                   \
    {                                                                                              \
        .name = "impact_check_" #kind "_options", .whole = macro(__VA_ARGS__, .name = "it"),       \
        .size = sizeof(impact_check_##kind##_options),                                             \
        .least = ABI_END(impact_check_##kind##_options, last), .call = add_##kind##_alone,         \
    }

/* Without a registry, without options, and with each of those in the list, which NULL ends. */
static inline void check_refuses(registering_add_fn add, const void *const *options)
{
    CHECK_EQUAL(registering_alone(add, NULL), IMPACT_EINVAL);
    for (; *options; options++) {
        CHECK_EQUAL(add(NULL, *options), IMPACT_EINVAL);
        CHECK_EQUAL(registering_alone(add, *options), IMPACT_EINVAL);
    }
}

#define CHECK_REFUSES(add, ...) check_refuses(add, (const void *const[]){__VA_ARGS__, NULL})

static inline void check_registers_without_memory(registering_add_fn add, const void *options)
{
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        impact_allocator_set_default(&f.allocator);
        impact_health *health = NULL;
        if (impact_health_open(&health, NULL) == IMPACT_OK) {
            const impact_status status = add(health, options);
            CHECK(status == IMPACT_OK || (status == IMPACT_ENOMEM && f.injected));
            CHECK_EQUAL(impact_health_close(health, 1000), 0);
        }
    }
    impact_allocator_set_default(NULL);
}

/* What a plugin that is found by its name answers to a kind. */
static inline impact_status registering_by_name(const char *plugin_name, const char *kind,
                                                const void *options)
{
    const impact_plugin *plugin = NULL;
    impact_health *health = NULL;
    CHECK_EQUAL(impact_plugin_load(&plugin, plugin_name), IMPACT_OK);
    CHECK_EQUAL(impact_health_open(&health, NULL), IMPACT_OK);
    const impact_status status =
        plugin && plugin->check_add ? plugin->check_add(health, kind, options) : IMPACT_EPLUGIN;
    CHECK_EQUAL(impact_health_close(health, 1000), 0);
    return status;
}

#endif
