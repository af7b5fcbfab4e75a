/* GNU libmicrohttpd servers: a SERVER span a request, and the health paths mounted beside the
 * application's own. Link with impact-microhttpd.
 *
 *     impact_microhttpd *web;
 *     impact_microhttpd_open(&web, IMPACT_MICROHTTPD_OPTIONS(.handler = answer, .health = health));
 *     daemon = MHD_start_daemon(MHD_USE_AUTO_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, port,
 *                               NULL, NULL, impact_microhttpd_handle, web,
 *                               MHD_OPTION_NOTIFY_COMPLETED, impact_microhttpd_completed, web,
 *                               MHD_OPTION_END);
 *     ...
 *     impact_microhttpd_drain(web);
 *     MHD_stop_daemon(daemon);
 *     impact_microhttpd_close(web);
 *
 * With MHD_ALLOW_SUSPEND_RESUME a probe that waits for checks waits without a thread, and no
 * request of the application waits for it. Without it a probe does not wait: it is answered with
 * what the last one left.
 */
#ifndef IMPACT_MICROHTTPD_H
#define IMPACT_MICROHTTPD_H

#include <microhttpd.h>

#include <impact/health.h>
#include <impact/span.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct impact_microhttpd impact_microhttpd;

typedef struct impact_microhttpd_options {
    size_t size;
    MHD_AccessHandlerCallback handler;      /* the application's; required */
    void *handler_cls;                      /* borrowed; likewise below */
    MHD_RequestCompletedCallback completed; /* the application's; may be NULL */
    void *completed_cls;
    impact_health *health; /* its paths come before the application's; may be NULL */
    /* Called on a thread of the library when a probe can be answered: wakes the loop that calls
     * MHD_run, for daemons without a thread of their own, until that has stopped; NULL: probes
     * there are answered at once. */
    void (*wake)(void *wake_cls);
    void *wake_cls;
} impact_microhttpd_options;

#define IMPACT_MICROHTTPD_OPTIONS(...)                                                             \
    (&(const impact_microhttpd_options){.size = sizeof(impact_microhttpd_options), __VA_ARGS__})

/* IMPACT_EINVAL: no handler. Owned by the caller, who closes it after MHD_stop_daemon. */
IMPACT_API IMPACT_CHECKED impact_status impact_microhttpd_open(
    impact_microhttpd **instrumentation, const impact_microhttpd_options *options);
IMPACT_API void impact_microhttpd_close(impact_microhttpd *instrumentation);

/* Answer the probes that wait, now and from now on, with what is known: no connection is suspended
 * by impact any more. Call it before MHD_stop_daemon, which ends the process when one is. NULL is
 * accepted. */
IMPACT_API void impact_microhttpd_drain(impact_microhttpd *instrumentation);

/* The two callbacks to give to MHD_start_daemon, with the instrumentation as their closure. The
 * application's own callbacks see `req_cls` as if they stood there alone. The request's span is
 * current while the application's handler runs. */
IMPACT_API enum MHD_Result impact_microhttpd_handle(void *instrumentation,
                                                    struct MHD_Connection *connection,
                                                    const char *url, const char *method,
                                                    const char *version, const char *upload_data,
                                                    size_t *upload_data_size, void **req_cls);
IMPACT_API void impact_microhttpd_completed(void *instrumentation,
                                            struct MHD_Connection *connection, void **req_cls,
                                            enum MHD_RequestTerminationCode toe);

/* Name the route that matched ("/orders/{id}"): http.route, and the span's name with the method.
 * Call it in the handler; libmicrohttpd has no router that could be asked. */
IMPACT_API void impact_microhttpd_set_route(const char *route);

#ifdef __cplusplus
}
#endif

#endif
