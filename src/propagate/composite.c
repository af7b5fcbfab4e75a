/* Several propagators in one, and none. */
#include <assert.h>
#include <stdint.h>

#include "base/alloc.h"
#include "base/options.h"
#include "propagate/formats.h"

enum { member_limit = 64 };

typedef struct composite {
    impact_propagator propagator; /* first: a pointer to it is a pointer to this */
    size_t count;
    const impact_propagator *const *members; /* borrowed each; the list is owned */
} composite;

bool impact__propagator_is_whole(const impact_propagator *propagator)
{
    impact_propagator known;
    return propagator && impact__struct_read(&known, sizeof known, propagator) && known.name &&
           known.fields && known.extract && known.inject;
}

/* ---- calls ---- */

static const impact_context *extract_all(const impact_propagator *propagator,
                                         const impact_context *context,
                                         const impact_carrier_getter *getter, void *carrier)
{
    assert(propagator && getter);
    const composite *all = (const composite *)propagator;
    const impact_context *made = impact_context_retain(context);
    for (size_t i = 0; i < all->count; i++) {
        const impact_propagator *member = all->members[i];
        const impact_context *next = member->extract(member, made, getter, carrier);
        if (!next)
            continue; /* a stranger's: what it was given is still ours */
        impact_context_release(made);
        made = next;
    }
    return made;
}

static void inject_all(const impact_propagator *propagator, const impact_context *context,
                       impact_carrier_set_fn set, void *carrier)
{
    assert(propagator && set);
    const composite *all = (const composite *)propagator;
    for (size_t i = 0; i < all->count; i++)
        all->members[i]->inject(all->members[i], context, set, carrier);
}

/* ---- the two that are always there ---- */

static const char *const no_fields[] = {NULL};

static const composite none = {
    .propagator = {sizeof none.propagator, "none", no_fields, extract_all, inject_all}};

static const impact_propagator *const default_members[] = {&impact__propagator_tracecontext,
                                                           &impact__propagator_baggage};
static const char *const default_fields[] = {"traceparent", "tracestate", "baggage", NULL};

static const composite standard = {
    .propagator = {sizeof standard.propagator, "composite", default_fields, extract_all,
                   inject_all},
    .count = sizeof default_members / sizeof *default_members,
    .members = default_members,
};

const impact_propagator *const impact__propagator_none = &none.propagator;
const impact_propagator *const impact__propagator_default = &standard.propagator;

/* ---- made by programs ---- */

static size_t count_fields(const impact_propagator *propagator)
{
    size_t count = 0;
    while (propagator->fields[count])
        count++;
    return count;
}

static bool is_in(const impact_propagator *const *members, size_t count,
                  const impact_propagator *member)
{
    for (size_t i = 0; i < count; i++)
        if (members[i] == member)
            return true;
    return false;
}

/* The size of the piece of memory: the composite, its members, the names of their fields. */
static impact_status measure(size_t *size, const impact_propagator *const *members, size_t count)
{
    if (!members && count)
        return IMPACT_EINVAL;
    if (count > member_limit)
        return IMPACT_ELIMIT;
    *size = sizeof(composite) + count * sizeof *members + sizeof(char *);
    for (size_t i = 0; i < count; i++) {
        if (!impact__propagator_is_whole(members[i]))
            return IMPACT_EINVAL;
        *size += count_fields(members[i]) * sizeof(char *);
    }
    return IMPACT_OK;
}

static void fill(composite *made, const impact_propagator *const *members, size_t count)
{
    const impact_propagator **own = (const impact_propagator **)(made + 1);
    const char **fields = (const char **)(own + count);
    made->propagator =
        (impact_propagator){sizeof made->propagator, "composite", fields, extract_all, inject_all};
    made->members = own;
    for (size_t i = 0; i < count; i++) {
        if (is_in(own, made->count, members[i]))
            continue;
        own[made->count++] = members[i];
        for (size_t j = 0; members[i]->fields[j]; j++)
            *fields++ = members[i]->fields[j];
    }
}

impact_status impact_propagator_composite_open(impact_propagator **propagator,
                                               const impact_propagator *const *members,
                                               size_t count)
{
    size_t size = 0;
    const impact_status status = propagator ? measure(&size, members, count) : IMPACT_EINVAL;
    if (status)
        return status;
    composite *made = impact__alloc(NULL, size); /* zeroed: the last name is NULL */
    if (!made)
        return IMPACT_ENOMEM;
    fill(made, members, count);
    *propagator = &made->propagator;
    return IMPACT_OK;
}

void impact_propagator_composite_close(impact_propagator *propagator)
{
    impact__free(NULL, propagator);
}
