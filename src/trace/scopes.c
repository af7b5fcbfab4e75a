/* What is current on a thread: the stack. */
#include "trace/scopes.h"

#include <assert.h>
#include <string.h>

#include "base/alloc.h"

void impact__scopes_open(impact__scopes *scopes, uint32_t serial)
{
    assert(serial > 0);
    scopes->frames = scopes->first;
    scopes->depth = 0;
    scopes->capacity = impact__scope_first_count;
    scopes->serial = serial;
}

static void give_back(impact__scopes *scopes)
{
    if (scopes->frames != scopes->first)
        impact__free(NULL, scopes->frames);
    impact__scopes_open(scopes, scopes->serial);
}

/* To close it may run a program's code, which may enter and leave others: it is off the stack by
 * then. */
static void pop(impact__scopes *scopes)
{
    assert(scopes->depth > 0);
    impact__scope_frame frame = scopes->frames[--scopes->depth];
    if (frame.is_whole)
        impact__shared_release(frame.context);
    else
        impact__identity_close(&frame.identity);
}

void impact__scopes_close(impact__scopes *scopes)
{
    while (scopes->depth)
        pop(scopes);
    give_back(scopes);
}

bool impact__scopes_grow(impact__scopes *scopes)
{
    assert(scopes->depth == scopes->capacity);
    if (scopes->capacity > UINT32_MAX / 2)
        return false;
    const size_t size = scopes->capacity * sizeof *scopes->frames;
    impact__scope_frame *own = scopes->frames == scopes->first ? NULL : scopes->frames;
    impact__scope_frame *frames = impact__resize(NULL, own, 2 * size);
    if (!frames)
        return false;
    if (!own)
        memcpy(frames, scopes->first, size);
    scopes->frames = frames;
    scopes->capacity *= 2;
    return true;
}

impact__scope_answer impact__scopes_leave(impact__scopes *scopes, impact_scope scope)
{
    if (scope.depth >= scopes->depth || scopes->frames[scope.depth].serial != scope.serial)
        return IMPACT__SCOPE_UNKNOWN;
    const bool is_last = scope.depth + 1 == scopes->depth;
    while (scopes->depth > scope.depth)
        pop(scopes);
    if (scopes->depth == 0 && scopes->capacity > impact__scope_kept_count)
        give_back(scopes);
    return is_last ? IMPACT__SCOPE_WAS_LAST : IMPACT__SCOPE_WAS_NOT_LAST;
}
