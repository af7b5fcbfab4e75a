/* Tracers: an instrumentation scope, and the provider that its spans go to. */
#ifndef IMPACT_TRACE_TRACER_H
#define IMPACT_TRACE_TRACER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <impact/trace.h>

struct impact_tracer {
    impact_tracer_provider *provider; /* borrowed; NULL: whichever is the default at the moment */
    char *scope;                      /* owned: an encoded InstrumentationScope */
    size_t scope_size;
    char *schema_url; /* owned */
    size_t schema_url_size;
    uint32_t number; /* see impact__tracer_by_number; 0: no scope is known by it */
    impact_tracer *next;
};

/* What its spans are exported under. NULL is the default tracer, which has no name. */
static inline impact_text impact__tracer_scope(const impact_tracer *tracer)
{
    return tracer ? impact_text_from(tracer->scope, tracer->scope_size) : impact_text_of("");
}

static inline impact_text impact__tracer_schema_url(const impact_tracer *tracer)
{
    return tracer ? impact_text_from(tracer->schema_url, tracer->schema_url_size)
                  : impact_text_of("");
}

/* A record names its scope by this. */
static inline uint32_t impact__tracer_number(const impact_tracer *tracer)
{
    return tracer ? tracer->number : 0;
}

enum { impact__tracer_limit = 1024 };
#define IMPACT__DEFAULT_TRACER (UINT32_C(1) << 31) /* in a number: it is one of the default ones */

/* The tracers of one provider, or of the default ones. */
typedef struct impact__tracer_set {
    pthread_mutex_t lock; /* guards all below */
    impact_tracer *first;
    size_t count;
    _Atomic(impact_tracer *) by_number[impact__tracer_limit + 1]; /* read without the lock */
    impact_tracer
        nameless; /* serves where another cannot be made: no span goes to another provider */
} impact__tracer_set;

/* The tracer of that scope, made if there is none. Without memory, beyond the limit, and for
 * options that are not known it is one without a name, and it is said. `options` may be NULL. */
impact_tracer *impact__tracer_set_get(impact__tracer_set *set, impact_tracer_provider *provider,
                                      const impact_tracer_options *options);

/* The tracers that go with whichever provider is the default. */
extern impact__tracer_set impact__default_tracers;

/* The tracer of that number in `set`, or among the default ones; NULL when there is none. Safe from
 * any thread while the set lives. */
const impact_tracer *impact__tracer_by_number(const impact__tracer_set *set, uint32_t number);

/* Free the tracers. */
void impact__tracer_set_clear(impact__tracer_set *set);

#endif
