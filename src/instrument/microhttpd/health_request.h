/* A request for a health path in an application's server: begun, waited for without a thread,
 * answered. */
#ifndef IMPACT_INSTRUMENT_MICROHTTPD_HEALTH_REQUEST_H
#define IMPACT_INSTRUMENT_MICROHTTPD_HEALTH_REQUEST_H

#include <pthread.h>
#include <stdbool.h>

#include <microhttpd.h>

#include <impact/health.h>
#include <impact/process.h>

#include "instrument/microhttpd/target.h"

typedef struct impact__health_request impact__health_request;

/* The requests of one server whose connections are suspended. */
typedef struct impact__suspended {
    /* fixed once opened */
    void (*wake)(
        void *wake_cls); /* the application's loop; NULL: there is none, or it cannot be woken */
    void *wake_cls;
    impact_fork_member *fork_member;

    pthread_mutex_t lock; /* guards all below */
    impact__health_request *first;
    bool is_drained; /* no connection may be suspended any more */
} impact__suspended;

struct impact__health_request {
    /* its thread's alone; fixed while it is suspended */
    impact_health_ticket *ticket; /* NULL: there was no memory for one */
    struct MHD_Connection *connection;
    impact__suspended *suspended;
    size_t body_size; /* what was thrown away */
    bool has_been_suspended;

    /* guarded by the lock */
    bool is_suspended;
    impact__health_request *next;
    impact__health_request *previous;
};

impact_status impact__suspended_open(impact__suspended *suspended, void (*wake)(void *wake_cls),
                                     void *wake_cls);
void impact__suspended_close(impact__suspended *suspended);

/* Resume them all, now and for good: their requests are answered with what is known. */
void impact__suspended_drain(impact__suspended *suspended);

/* Begin a request, which is all zero. False: it is not for one of the paths. */
bool impact__health_request_begin(impact__health_request *request, impact_health *health,
                                  struct MHD_Connection *connection, const char *method,
                                  const impact__target *target);

/* libmicrohttpd's later calls: throw the body away, wait, answer. `suspended` is the server's. */
enum MHD_Result impact__health_request_continue(impact__health_request *request,
                                                impact__suspended *suspended,
                                                size_t *upload_data_size);

/* Give back what a request has; it may be unfinished, but not suspended. */
void impact__health_request_end(impact__health_request *request);

#endif
