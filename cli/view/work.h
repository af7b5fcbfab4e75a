/* Requests that take longer than others may wait: a slice of one of them at a time.
 *
 * DESIGN: what is done within the first slice is answered at once, as are nearly all. The others
 * stand in line, and only the first goes on: so no more than one of them has a body that is
 * inflated or read from JSON, however many come.
 */
#ifndef IMPACT_CLI_VIEW_WORK_H
#define IMPACT_CLI_VIEW_WORK_H

#include "receive.h"

enum { view_slice_ms = 5, view_first_slices = 4 };

typedef struct view_job {
    struct view_job *next;
    view_reception reception;
    void (*done)(void *userdata); /* it is over, and no more in the line */
    void *userdata;
} view_job;

typedef struct view_work {
    view_job *first;
    uint64_t slice_ns; /* 0: a step at a time */
} view_work;

/* True: it is over already, and `done` is not called. */
bool view_work_begin(view_work *work, view_job *job, view_store *store,
                     const view_request *request);

/* A slice of the first, if there is one. */
void view_work_run(view_work *work);

/* Out of the line, and ended. Accepts one that was never begun, and one that is over. */
void view_work_drop(view_work *work, view_job *job);

#endif
