/* The propagators that OTEL_PROPAGATORS names (configuration/sdk-environment-variables). */
#include <impact/propagation.h>

#include <assert.h>
#include <pthread.h>

#include "base/text.h"
#include "base/environment.h"
#include "base/thread.h"
#include "process/diagnostics.h"
#include "propagate/formats.h"

static const char variable[] = "OTEL_PROPAGATORS";

enum {
    name_limit = 32, /* bytes; no propagator has a longer name */
    list_limit = 16, /* there are fewer kinds */
    made_limit = 32, /* different lists that one process reads */
};

typedef struct propagator_list {
    const impact_propagator *members[list_limit];
    size_t count;
    bool has_none;
} propagator_list;

static bool has(const propagator_list *list, const impact_propagator *propagator)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->members[i] == propagator)
            return true;
    return false;
}

static const impact_propagator *find(impact_text name)
{
    char text[name_limit + 1] = "";
    if (name.size > name_limit)
        return NULL;
    memcpy(text, name.data, name.size);
    return impact_propagator_find(text);
}

static void add(propagator_list *list, impact_text name)
{
    assert(name.data || name.size == 0);
    assert(list->count < list_limit);
    const impact_propagator *found = find(name);
    if (!found)
        impact__environment_refuse(variable, name, "there is no such propagator");
    if (found == impact__propagator_none)
        list->has_none = true;
    else if (found && !has(list, found))
        list->members[list->count++] = found; /* each kind once: there is room */
}

static void read_list(propagator_list *list, impact_text names)
{
    impact_text rest = names;
    impact_text name;
    while (impact__environment_member(&name, &rest))
        add(list, name);
    if (list->has_none && list->count)
        impact__environment_refuse(variable, names, "it has none beside others: there are none");
}

/* Composites live as long as the process, since any thread may use one: each list is made once, and
 * most processes have one list. */
typedef struct made_list {
    propagator_list list;
    impact_propagator *propagator;
} made_list;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards both below */
static made_list made_lists[made_limit];
static size_t made_count;

/* Under the lock; NULL: it was not made yet. */
static impact_propagator *find_made(const propagator_list *list)
{
    assert(impact__lock_is_held(&lock));
    assert(list->count > 0);
    for (size_t i = 0; i < made_count; i++)
        if (made_lists[i].list.count == list->count &&
            memcmp(made_lists[i].list.members, list->members,
                   list->count * sizeof *list->members) == 0)
            return made_lists[i].propagator;
    return NULL;
}

/* Under the lock. */
static impact_status make(impact_propagator **made, const propagator_list *list)
{
    assert(impact__lock_is_held(&lock));
    assert(list->count > 1 && !list->has_none);
    if (made_count == made_limit)
        return IMPACT_ELIMIT;
    const impact_status status = impact_propagator_composite_open(made, list->members, list->count);
    if (!status)
        made_lists[made_count++] = (made_list){.list = *list, .propagator = *made};
    return status;
}

static impact_status configure_several(const propagator_list *list)
{
    (void)pthread_mutex_lock(&lock); /* cannot fail for a normal lock; likewise below */
    impact_propagator *made = find_made(list);
    const impact_status status = made ? IMPACT_OK : make(&made, list);
    if (!status)
        impact__propagation_set_configured(made);
    (void)pthread_mutex_unlock(&lock);
    return status;
}

impact_status impact_propagation_set_from_environment(void)
{
    propagator_list list = {.count = 0};
    (void)impact__diagnostics_open(); /* only a fork at the wrong moment would hurt */
    read_list(&list, impact__environment_text(variable));
    impact__diagnostics_say();
    if (list.count > 1 && !list.has_none)
        return configure_several(&list);
    const impact_propagator *one = list.count ? list.members[0] : NULL;
    impact__propagation_set_configured(list.has_none ? impact__propagator_none : one);
    return IMPACT_OK;
}
