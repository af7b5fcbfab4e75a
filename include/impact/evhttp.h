/* libevent's evhttp: the health paths beside the application's own. Link with impact-evhttp.
 *
 *     impact_evhttp *mount;
 *     impact_evhttp_open(&mount, base, health);
 *     ...
 *     static void handle(struct evhttp_request *request, void *userdata)
 *     {
 *         if (impact_evhttp_handle(mount, request))
 *             return;
 *         ...
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

#ifdef __cplusplus
}
#endif

#endif
