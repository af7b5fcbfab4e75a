/* libevent's evhttp: the health paths beside the application's own, and a SERVER span for each of
 * those. Link with impact-evhttp.
 *
 *     impact_evhttp *mount;
 *     impact_evhttp_open(&mount, base, health);
 *     ...
 *     static void handle(struct evhttp_request *request, void *userdata)
 *     {
 *         if (!impact_evhttp_handle(mount, request))
 *             impact_evhttp_trace(request, answer, userdata);
 *     }
 *
 * A probe that waits for checks waits without a thread, and no request of the application waits for
 * it.
 */
#ifndef IMPACT_EVHTTP_H
#define IMPACT_EVHTTP_H

#include <event2/event.h>
#include <event2/http.h>

#include <impact/health.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct impact_evhttp impact_evhttp;

/* Both are borrowed. Owned by the caller, who closes it before evhttp_free. All of this belongs to
 * the thread that runs the base. */
IMPACT_API IMPACT_CHECKED impact_status impact_evhttp_open(impact_evhttp **mount,
                                                           struct event_base *base,
                                                           impact_health *health);

/* In the application's callback. True: the path is one of health's, and the request is answered,
 * now or later. */
IMPACT_API bool impact_evhttp_handle(impact_evhttp *mount, struct evhttp_request *request);

/* Answer the requests that wait with what is known. NULL is accepted. */
IMPACT_API void impact_evhttp_close(impact_evhttp *mount);

/* ---- spans ---- */

/* As evhttp_set_gencb takes one. */
typedef void (*impact_evhttp_callback_fn)(struct evhttp_request *request, void *userdata);

/* Call it with a span for the request that is current meanwhile, and ends when the answer is
 * written, however late that is, or the client has left, which libevent notices when it writes. The
 * request's on-complete callback and the connection's close callback are taken until then. */
IMPACT_API void impact_evhttp_trace(struct evhttp_request *request,
                                    impact_evhttp_callback_fn callback, void *userdata);

/* Name the route that matched ("/orders/{id}"), in the callback: http.route, and the span's name
 * with the method. */
IMPACT_API void impact_evhttp_set_route(const char *route);

#ifdef __cplusplus
}
#endif

#endif
