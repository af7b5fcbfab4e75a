/* Requests that take longer than others may wait. */
#include "work.h"

static void append(view_work *work, view_job *job)
{
    view_job **end = &work->first;
    while (*end)
        end = &(*end)->next;
    *end = job;
    job->next = NULL;
}

bool view_work_begin(view_work *work, view_job *job, view_store *store, const view_request *request)
{
    view_slice slice = view_slice_of(view_first_slices * work->slice_ns);
    view_receive_begin(&job->reception, store, request);
    do
        if (view_receive_some(&job->reception, &slice))
            return true;
    while (view_slice_has_time(&slice));
    append(work, job);
    return false;
}

void view_work_run(view_work *work)
{
    view_job *job = work->first;
    view_slice slice = view_slice_of(work->slice_ns);
    if (!job || !view_receive_some(&job->reception, &slice))
        return;
    work->first = job->next;
    job->done(job->userdata);
}

void view_work_drop(view_work *work, view_job *job)
{
    view_job **at = &work->first;
    while (*at && *at != job)
        at = &(*at)->next;
    if (*at)
        *at = job->next;
    view_receive_end(&job->reception);
}
