/* Samplers: which spans are recorded (OpenTelemetry specification, trace/sdk "Sampling").
 *
 *     .sampler = impact_sampler_ratio(0.1)
 *     .sampler = impact_sampler_parent_based(IMPACT_PARENT_SAMPLERS(
 *                    .root = impact_sampler_ratio(0.1),
 *                    .remote_not_sampled = impact_sampler_user(&mine)))
 *
 * A sampler is a small value. What it points to is borrowed until the call that it is passed to
 * returns, except a user-written one, which the provider takes.
 */
#ifndef IMPACT_SAMPLER_H
#define IMPACT_SAMPLER_H

#include <stddef.h>

#include <impact/attribute.h>
#include <impact/span.h>
#include <impact/span_context.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- what comes with the library ---- */

typedef enum impact_sampler_kind {
    IMPACT_SAMPLER_UNSET = 0, /* parent based, root always on: the specification's default */
    IMPACT_SAMPLER_ALWAYS_ON,
    IMPACT_SAMPLER_ALWAYS_OFF,
    IMPACT_SAMPLER_TRACE_ID_RATIO, /* the low 64 bits of the trace id decide */
    IMPACT_SAMPLER_PARENT_BASED_ALWAYS_ON,
    IMPACT_SAMPLER_PARENT_BASED_ALWAYS_OFF,
    IMPACT_SAMPLER_PARENT_BASED_TRACE_ID_RATIO,
    IMPACT_SAMPLER_PARENT_BASED, /* of impact_parent_samplers */
    IMPACT_SAMPLER_USER
} impact_sampler_kind;

typedef struct impact_sampler {
    impact_sampler_kind kind;
    double ratio;                                 /* 0 to 1, of the two ratio kinds */
    const struct impact_parent_samplers *parents; /* of IMPACT_SAMPLER_PARENT_BASED */
    struct impact_user_sampler *user;             /* of IMPACT_SAMPLER_USER */
} impact_sampler;

/* The sampler for each kind of parent. Zero is the specification's default. */
typedef struct impact_parent_samplers {
    size_t size;
    impact_sampler root;               /* without a parent; always on */
    impact_sampler remote_sampled;     /* always on */
    impact_sampler remote_not_sampled; /* always off */
    impact_sampler local_sampled;      /* always on */
    impact_sampler local_not_sampled;  /* always off */
} impact_parent_samplers;

#define IMPACT_PARENT_SAMPLERS(...)                                                                \
    (&(const impact_parent_samplers){.size = sizeof(impact_parent_samplers), __VA_ARGS__})

static inline impact_sampler impact_sampler_of(impact_sampler_kind kind, double ratio)
{
    impact_sampler sampler;
    sampler.kind = kind;
    sampler.ratio = ratio;
    sampler.parents = NULL;
    sampler.user = NULL;
    return sampler;
}

static inline impact_sampler impact_sampler_always_on(void)
{
    return impact_sampler_of(IMPACT_SAMPLER_ALWAYS_ON, 0);
}

static inline impact_sampler impact_sampler_always_off(void)
{
    return impact_sampler_of(IMPACT_SAMPLER_ALWAYS_OFF, 0);
}

static inline impact_sampler impact_sampler_ratio(double ratio)
{
    return impact_sampler_of(IMPACT_SAMPLER_TRACE_ID_RATIO, ratio);
}

/* At most 8 of them in one another. */
static inline impact_sampler impact_sampler_parent_based(const impact_parent_samplers *parents)
{
    impact_sampler sampler = impact_sampler_of(IMPACT_SAMPLER_PARENT_BASED, 0);
    sampler.parents = parents;
    return sampler;
}

static inline impact_sampler impact_sampler_user(struct impact_user_sampler *user)
{
    impact_sampler sampler = impact_sampler_of(IMPACT_SAMPLER_USER, 0);
    sampler.user = user;
    return sampler;
}

/* ---- one's own ---- */

typedef enum impact_sampling_decision {
    IMPACT_SAMPLING_DROP = 0,
    IMPACT_SAMPLING_RECORD_ONLY = 1, /* processors see the span, exporters do not */
    IMPACT_SAMPLING_RECORD_AND_SAMPLE = 2
} impact_sampling_decision;

/* The span that is about to start. All is borrowed for the call. */
typedef struct impact_sampling_request {
    size_t size;
    const struct impact_context *context; /* <impact/context.h>: where it starts, with the parent */
    const impact_span_context *parent;    /* the context's span; NULL: the new one is a root */
    impact_trace_id trace_id;
    impact_text name;
    impact_span_kind kind;
    const impact_attribute *attributes;
    size_t attribute_count;
    const impact_link *links;
    size_t link_count;
} impact_sampling_request;

/* What is to be done. It begins as IMPACT_SAMPLING_DROP with the parent's trace state. What it
 * points to is borrowed until the span has started: it may be the sampler's own, or the
 * request's. */
typedef struct impact_sampling_result {
    size_t size;
    impact_sampling_decision decision;
    const impact_attribute *attributes; /* added to the span, where it is recorded */
    size_t attribute_count;
    impact_text trace_state; /* of the new span */
} impact_sampling_result;

/* A sampler is a struct that its maker fills and a provider takes. */
typedef struct impact_user_sampler impact_user_sampler;
struct impact_user_sampler {
    size_t size;
    const char *description; /* "RateLimited{100}"; borrowed, static; may be NULL */

    /* Decide. Called by every thread that starts a span, at once; spans that are started in it are
     * not recorded. */
    void (*should_sample)(impact_user_sampler *sampler, const impact_sampling_request *request,
                          impact_sampling_result *result);

    /* Free the sampler itself, with its provider. May be NULL. */
    void (*close)(impact_user_sampler *sampler);

    void *userdata;
};

/* Ask a sampler, as one's own does that passes a question on. False, and a result that drops: the
 * sampler is none. */
IMPACT_API bool impact_sampler_decide(const impact_sampler *sampler,
                                      const impact_sampling_request *request,
                                      impact_sampling_result *result);

/* What a sampler is, in a line of at most size - 1 bytes and a NUL: "TraceIdRatioBased{0.1}", as
 * OpenTelemetry Python says it. Returns the bytes of the whole; 0 without memory. */
IMPACT_API size_t impact_sampler_describe(char *text, size_t size, const impact_sampler *sampler);

#ifdef __cplusplus
}
#endif

#endif
