/* Bytes on their way to somebody who may not read them: nobody here waits for him. */
#ifndef IMPACT_CLI_VIEW_OUTLET_H
#define IMPACT_CLI_VIEW_OUTLET_H

#include "base/buffer.h"

/* What is to be sent is appended to `bytes`; 0 is an outlet that is closed. */
typedef struct view_outlet {
    int descriptor; /* owned; 0: there is none, or nobody reads any more */
    bool may_block; /* its flags are shared with other programs */
    size_t sent;    /* of the bytes */
    impact__buffer bytes;
} view_outlet;

/* To where `descriptor` leads, whose flags stay as they are. */
void view_outlet_open(view_outlet *outlet, int descriptor, const impact_allocator *allocator);

/* What is left has a second to be sent. */
void view_outlet_close(view_outlet *outlet);

/* Send what goes without waiting. */
void view_outlet_send(view_outlet *outlet);

/* Send what goes within a second; the rest is dropped. */
void view_outlet_finish(view_outlet *outlet);

/* The descriptor that has to be writable before more can be sent; -1: nothing is left. */
int view_outlet_awaited(const view_outlet *outlet);

#endif
