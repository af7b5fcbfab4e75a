/* Tracers: instrumentation scopes, each once. */
#include "trace/tracer.h"

#include <string.h>

#include "base/alloc.h"
#include "base/protobuf.h"
#include "signal/encode.h"

static void tracer_close(impact_tracer *tracer)
{
    if (!tracer)
        return;
    impact__free(NULL, tracer->name);
    impact__free(NULL, tracer->version);
    impact__free(NULL, tracer->scope);
    impact__free(NULL, tracer);
}

/* InstrumentationScope: name, and version unless empty. */
static bool encode_scope(impact_tracer *tracer)
{
    const impact__string name = impact__string_of(impact_text_of(tracer->name), 0);
    const impact__string version = impact__string_of(impact_text_of(tracer->version), 0);
    const size_t size =
        (name.size ? impact__field_size(IMPACT__SCOPE_NAME, name.size) : 0) +
        (version.size ? impact__field_size(IMPACT__SCOPE_VERSION, version.size) : 0);
    tracer->scope = impact__alloc(NULL, size + 1);
    if (!tracer->scope)
        return false;
    uint8_t *to = (uint8_t *)tracer->scope;
    if (name.size)
        to = impact__write_string(to, IMPACT__SCOPE_NAME, &name);
    if (version.size)
        (void)impact__write_string(to, IMPACT__SCOPE_VERSION, &version);
    tracer->scope_size = size;
    return true;
}

static impact_tracer *tracer_open(impact_tracer_provider *provider, const char *name,
                                  const char *version)
{
    impact_tracer *tracer = impact__alloc(NULL, sizeof *tracer);
    if (!tracer)
        return NULL;
    tracer->provider = provider;
    tracer->name = impact__copy(NULL, name, strlen(name));
    tracer->version = impact__copy(NULL, version, strlen(version));
    if (tracer->name && tracer->version && encode_scope(tracer))
        return tracer;
    tracer_close(tracer);
    return NULL;
}

static impact_tracer *find(const impact__tracer_set *set, const char *name, const char *version)
{
    for (impact_tracer *tracer = set->first; tracer; tracer = tracer->next)
        if (strcmp(tracer->name, name) == 0 && strcmp(tracer->version, version) == 0)
            return tracer;
    return NULL;
}

static impact_tracer *find_locked(impact__tracer_set *set, const char *name, const char *version)
{
    (void)pthread_mutex_lock(&set->lock); /* cannot fail for a normal lock; likewise below */
    impact_tracer *found = find(set, name, version);
    (void)pthread_mutex_unlock(&set->lock);
    return found;
}

/* Another thread may have been faster; then its tracer serves and ours goes. */
static impact_tracer *add_locked(impact__tracer_set *set, impact_tracer *made)
{
    (void)pthread_mutex_lock(&set->lock);
    impact_tracer *tracer = find(set, made->name, made->version);
    if (!tracer && set->count < impact__tracer_limit) {
        tracer = made;
        tracer->next = set->first;
        set->first = tracer;
        set->count++;
    }
    (void)pthread_mutex_unlock(&set->lock);
    if (tracer != made)
        tracer_close(made);
    return tracer;
}

impact_tracer *impact__tracer_set_get(impact__tracer_set *set, impact_tracer_provider *provider,
                                      const char *name, const char *version)
{
    name = name ? name : "";
    version = version ? version : "";
    impact_tracer *tracer = find_locked(set, name, version);
    if (tracer)
        return tracer;
    impact_tracer *made = tracer_open(provider, name, version);
    return made ? add_locked(set, made) : NULL;
}

void impact__tracer_set_clear(impact__tracer_set *set)
{
    while (set->first) {
        impact_tracer *tracer = set->first;
        set->first = tracer->next;
        tracer_close(tracer);
    }
    set->count = 0;
}
