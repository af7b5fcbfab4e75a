/* A carrier of a few fields, as a message has them: names are compared without case, and may
 * repeat. */
#ifndef IMPACT_TESTS_CARRIER_H
#define IMPACT_TESTS_CARRIER_H

#include <strings.h>

#include <impact/propagation.h>

#include "support/check.h"

enum { carrier_limit = 24 };

typedef struct carrier {
    struct {
        char name[256];
        char value[IMPACT_TRACEPARENT_SIZE + 600];
    } fields[carrier_limit];
    size_t count;
} carrier;

/* A NULL value adds nothing. */
static inline void carrier_add(void *userdata, const char *name, const char *value)
{
    carrier *c = userdata;
    CHECK(c->count < carrier_limit);
    if (!value || c->count == carrier_limit)
        return;
    (void)snprintf(c->fields[c->count].name, sizeof c->fields[0].name, "%s", name);
    (void)snprintf(c->fields[c->count].value, sizeof c->fields[0].value, "%s", value);
    c->count++;
}

/* The first value of a field; NULL: none. */
static inline const char *carrier_value(const carrier *c, const char *name)
{
    for (size_t i = 0; i < c->count; i++)
        if (strcasecmp(c->fields[i].name, name) == 0)
            return c->fields[i].value;
    return NULL;
}

static inline impact_text carrier_get(void *userdata, const char *name)
{
    return impact_text_of(carrier_value(userdata, name));
}

static inline void carrier_get_all(void *userdata, const char *name, impact_carrier_visit_fn visit,
                                   void *to)
{
    const carrier *c = userdata;
    for (size_t i = 0; i < c->count; i++)
        if (strcasecmp(c->fields[i].name, name) == 0 &&
            !visit(to, impact_text_of(c->fields[i].value)))
            return;
}

static inline void carrier_keys(void *userdata, impact_carrier_visit_fn visit, void *to)
{
    const carrier *c = userdata;
    for (size_t i = 0; i < c->count; i++)
        if (!visit(to, impact_text_of(c->fields[i].name)))
            return;
}

static const impact_carrier_getter carrier_getter = {
    .size = sizeof carrier_getter,
    .get = carrier_get,
    .get_all = carrier_get_all,
    .keys = carrier_keys,
};

/* Into the empty context. */
static inline const impact_context *carrier_extract(const impact_propagator *propagator, carrier *c)
{
    return propagator->extract(propagator, impact_context_root(), &carrier_getter, c);
}

static inline void carrier_inject(const impact_propagator *propagator, carrier *c,
                                  const impact_context *context)
{
    propagator->inject(propagator, context, carrier_add, c);
}

/* The span context that one field of `name` gives; all zero: none. */
static inline impact_span_context carrier_read_one(const impact_propagator *propagator,
                                                   const char *name, const char *value)
{
    carrier c = {.count = 0};
    carrier_add(&c, name, value);
    const impact_context *context = carrier_extract(propagator, &c);
    const impact_span_context found = impact_context_span_context(context);
    impact_context_release(context);
    return found;
}

/* "trace-span-flags", or "none". */
static inline const char *carrier_shown(const impact_span_context *context)
{
    static char text[IMPACT_TRACEPARENT_SIZE];
    if (!impact_span_context_is_valid(context))
        return "none";
    CHECK(context->is_remote);
    impact_traceparent_format(text, context);
    return text + 3;
}

#endif
