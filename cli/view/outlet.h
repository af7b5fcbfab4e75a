/* Bytes on their way to somebody who may not read them: nobody here waits for him. */
#ifndef IMPACT_CLI_VIEW_OUTLET_H
#define IMPACT_CLI_VIEW_OUTLET_H

#include <stdbool.h>

#include "base/buffer.h"

/* What is to be sent is appended to `bytes`. All zeros: an outlet that is closed. */
typedef struct view_outlet {
    int descriptor; /* borrowed */
    bool is_over;   /* nobody reads any more, and it takes nothing more */
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
