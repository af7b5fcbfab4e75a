/* Id generators: where trace and span ids come from (OpenTelemetry specification, trace/sdk "Id
 * Generators"). Without one of one's own they are random. */
#ifndef IMPACT_ID_GENERATOR_H
#define IMPACT_ID_GENERATOR_H

#include <stdbool.h>
#include <stddef.h>

#include <impact/span_context.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A generator is a struct that its maker fills and a provider takes. Every thread that starts a
 * span calls it, at once. An id that is all zero is not valid: a random one is taken in its
 * place. */
typedef struct impact_id_generator impact_id_generator;
struct impact_id_generator {
    size_t size;
    impact_trace_id (*new_trace_id)(
        impact_id_generator *generator); /* for spans without a parent */
    impact_span_id (*new_span_id)(impact_id_generator *generator);

    /* The right-most 7 bytes of its trace ids are random; so their traces say (W3C Trace Context
     * level 2, 3.2.2.5.2). */
    bool is_random;

    /* Free the generator itself, with its provider. May be NULL. */
    void (*close)(impact_id_generator *generator);

    void *userdata;
};

#ifdef __cplusplus
}
#endif

#endif
