/* What is current on a thread: a stack of frames, entered and left by scopes.
 *
 * DESIGN: to make a span current costs no memory and no reference: its frame has a copy of what
 * outlives it, and borrows from the frame below, which lives longer, what a span has none of:
 * baggage and values. A context object is made only when somebody wants to keep what is current;
 * from then on the frame has it, and is as one that was attached.
 *
 *   | serial | span, its identity | context | is_whole: the frame owns the context, and it says all
 *                                             else: the frame below owns it; it says the rest
 *
 * A scope names its frame by depth and serial number, so that one that was left already, or that is
 * another thread's, meets a frame with another number.
 */
#ifndef IMPACT_TRACE_SCOPES_H
#define IMPACT_TRACE_SCOPES_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include <impact/span.h>

#include "trace/identity.h"

typedef struct impact__scope_frame {
    uint32_t serial;
    bool is_whole;
    impact_span *span;                    /* borrowed; it may have ended. NULL: none */
    impact__identity identity;            /* owned; where it is whole, the context's */
    const struct impact_context *context; /* see above; NULL: the root */
} impact__scope_frame;

enum {
    impact__scope_first_count = 8,
    impact__scope_kept_count = 256, /* a deeper stack is given back when all is left */
};

typedef struct impact__scopes {
    impact__scope_frame *frames; /* `first`, or owned */
    uint32_t depth;
    uint32_t capacity;
    uint32_t serial; /* of the last frame */
    impact__scope_frame first[impact__scope_first_count];
} impact__scopes;

/* `serial` is a random number, so that scopes of two threads are not taken for one another. */
void impact__scopes_open(impact__scopes *scopes, uint32_t serial);

/* Leave all and give the memory back. */
void impact__scopes_close(impact__scopes *scopes);

/* The topmost frame; NULL when nothing is current. */
static inline impact__scope_frame *impact__scopes_top(impact__scopes *scopes)
{
    assert(scopes->frames || scopes->depth == 0);
    return scopes->depth ? &scopes->frames[scopes->depth - 1] : NULL;
}

bool impact__scopes_grow(impact__scopes *scopes);

/* A new frame, for the caller to fill: all but its serial is as it was left there. NULL: no
 * memory. */
static inline impact__scope_frame *impact__scopes_push(impact__scopes *scopes)
{
    if (__builtin_expect(scopes->depth == scopes->capacity, 0) && !impact__scopes_grow(scopes))
        return NULL;
    assert(scopes->frames && scopes->depth < scopes->capacity);
    impact__scope_frame *frame = &scopes->frames[scopes->depth++];
    scopes->serial += scopes->serial == UINT32_MAX ? 2 : 1; /* 0 is no frame's */
    frame->serial = scopes->serial;
    return frame;
}

static inline impact_scope impact__scopes_top_scope(const impact__scopes *scopes)
{
    return (impact_scope){scopes->depth - 1, scopes->serial};
}

typedef enum impact__scope_answer {
    IMPACT__SCOPE_WAS_LAST,     /* and is left */
    IMPACT__SCOPE_WAS_NOT_LAST, /* and is left with all above it */
    IMPACT__SCOPE_UNKNOWN       /* left already, or another thread's */
} impact__scope_answer;

impact__scope_answer impact__scopes_leave(impact__scopes *scopes, impact_scope scope);

#endif
