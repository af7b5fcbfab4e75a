/* Tracers: an instrumentation scope, and the provider that its spans go to. */
#ifndef IMPACT_TRACE_TRACER_H
#define IMPACT_TRACE_TRACER_H

#include <pthread.h>
#include <stddef.h>

#include <impact/trace.h>

struct impact_tracer {
    impact_tracer_provider *provider; /* borrowed; NULL: whichever is the default at the moment */
    char *name;                       /* owned */
    char *version;                    /* owned; may be empty */
    char *scope;                      /* owned: an encoded InstrumentationScope */
    size_t scope_size;
    impact_tracer *next;
};

enum { impact__tracer_limit = 1024 };

/* The tracers of one provider, or of the default ones. */
typedef struct impact__tracer_set {
    pthread_mutex_t lock; /* guards all below */
    impact_tracer *first;
    size_t count;
} impact__tracer_set;

/* The tracer of that name and version, made if there is none; NULL without memory or beyond the
 * limit. */
impact_tracer *impact__tracer_set_get(impact__tracer_set *set, impact_tracer_provider *provider,
                                      const char *name, const char *version);

/* Free the tracers. */
void impact__tracer_set_clear(impact__tracer_set *set);

#endif
