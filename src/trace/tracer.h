/* Tracers: an instrumentation scope, and the provider that its spans go to. */
#ifndef IMPACT_TRACE_TRACER_H
#define IMPACT_TRACE_TRACER_H

#include <pthread.h>
#include <stddef.h>

#include <impact/trace.h>

struct impact_tracer {
    impact_tracer_provider *provider; /* borrowed; NULL: whichever is the default at the moment */
    char *scope;                      /* owned: an encoded InstrumentationScope */
    size_t scope_size;
    char *schema_url; /* owned */
    size_t schema_url_size;
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

enum { impact__tracer_limit = 1024 };

/* The tracers of one provider, or of the default ones. */
typedef struct impact__tracer_set {
    pthread_mutex_t lock; /* guards all below */
    impact_tracer *first;
    size_t count;
    impact_tracer
        nameless; /* serves where another cannot be made: no span goes to another provider */
} impact__tracer_set;

/* The tracer of that scope, made if there is none. Without memory, beyond the limit, and for options
 * that are not known it is one without a name, and it is said. `options` may be NULL. */
impact_tracer *impact__tracer_set_get(impact__tracer_set *set, impact_tracer_provider *provider,
                                      const impact_tracer_options *options);

/* Free the tracers. */
void impact__tracer_set_clear(impact__tracer_set *set);

#endif
