/* A service for a port. */
#include "fake_service.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { large_size = 8 * 1024 * 1024, ticket_limit = 512 };

struct impact_health_ticket {
    bool waits;
    bool is_large;
    bool is_for_agent;
    impact_health_done_fn done;
    void *userdata;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards both below */
static impact_health_ticket *waiting[ticket_limit];
static bool is_released;

static char large[large_size + 1];

static bool path_is(const impact_http_request *request, const char *path)
{
    return request->path.size == strlen(path) &&
           memcmp(request->path.data, path, request->path.size) == 0;
}

static impact_status begin(impact_health_ticket **ticket, impact_health *health,
                           const impact_http_request *request)
{
    const impact_text agent =
        request->header ? request->header(request->carrier, "user-agent") : impact_text_of("");
    (void)health;
    (void)snprintf(fake.seen, sizeof fake.seen, "%.*s|%.*s|%.*s|%.*s", (int)request->method.size,
                   request->method.data, (int)request->path.size, request->path.data,
                   (int)request->query.size, request->query.data, (int)agent.size, agent.data);
    atomic_fetch_add(&fake.begun, 1);
    if (path_is(request, "/none"))
        return IMPACT_ENOENT;
    *ticket = path_is(request, "/memory") ? NULL : calloc(1, sizeof **ticket);
    if (!*ticket)
        return IMPACT_ENOMEM;
    (*ticket)->waits = path_is(request, "/wait");
    (*ticket)->is_large = path_is(request, "/large");
    (*ticket)->is_for_agent = path_is(request, "/readyz");
    return IMPACT_OK;
}

static bool is_done(impact_health_ticket *ticket)
{
    return !ticket->waits;
}

static bool notify(impact_health_ticket *ticket, impact_health_done_fn done, void *userdata)
{
    (void)pthread_mutex_lock(&lock);
    const bool waits = !is_released;
    ticket->done = done;
    ticket->userdata = userdata;
    for (int i = 0; waits && i < ticket_limit; i++) {
        if (waiting[i])
            continue;
        waiting[i] = ticket;
        atomic_fetch_add(&fake.waiting, 1);
        break;
    }
    (void)pthread_mutex_unlock(&lock);
    return waits;
}

static void forget(impact_health_ticket *ticket)
{
    (void)pthread_mutex_lock(&lock);
    for (int i = 0; i < ticket_limit; i++)
        if (waiting[i] == ticket)
            waiting[i] = NULL;
    (void)pthread_mutex_unlock(&lock);
    free(ticket);
}

static impact_status finish(impact_health_ticket *ticket, impact_http_response *response)
{
    if (ticket->is_large && !large[0])
        memset(large, 'x', large_size);
    *response = (impact_http_response){
        .size = sizeof *response,
        .status = atomic_load(&fake.is_unwell) ? 503
                  : ticket->is_for_agent       ? 200
                                               : 201,
        .headers = {{"X-Mine", "yes"}, {"Cache-Control", "no-store"}},
        .header_count = 2,
        .body = impact_text_of(ticket->is_large ? large : "the body"),
    };
    forget(ticket);
    return IMPACT_OK;
}

static bool is_draining(impact_health *health)
{
    (void)health;
    return atomic_load(&fake.is_draining);
}

static void abandon(impact_health_ticket *ticket)
{
    if (!ticket)
        return;
    atomic_fetch_add(&fake.abandoned, 1);
    forget(ticket);
}

fake_service fake = {
    .service = {.begin = begin,
                .is_done = is_done,
                .notify = notify,
                .finish = finish,
                .abandon = abandon,
                .is_draining = is_draining},
};

/* Under the lock: a ticket is not freed while its callback runs. */
void fake_release(void)
{
    (void)pthread_mutex_lock(&lock);
    is_released = true;
    for (int i = 0; i < ticket_limit; i++)
        if (waiting[i])
            waiting[i]->done(waiting[i]->userdata);
    (void)pthread_mutex_unlock(&lock);
}
