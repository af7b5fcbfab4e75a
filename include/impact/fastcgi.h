/* FastCGI (libfcgi): the health paths beside the application's own, and a SERVER span for each of
 * those. Link with impact-fastcgi.
 *
 *     while (FCGX_Accept_r(&request) == 0)
 *         if (!impact_fastcgi_answer(&request, health))
 *             impact_fastcgi_trace(&request, answer, userdata);
 *
 * A probe that waits for checks keeps the thread that answers it meanwhile, at most for the budget.
 */
#ifndef IMPACT_FASTCGI_H
#define IMPACT_FASTCGI_H

#include <fcgiapp.h>

#include <impact/health.h>

#ifdef __cplusplus
extern "C" {
#endif

/* True: the path is one of health's, and the answer is written; the caller finishes the request. */
IMPACT_API bool impact_fastcgi_answer(FCGX_Request *request, impact_health *health);

/* ---- spans ---- */

/* Answers a request, and returns the HTTP status that it wrote; 0: it does not say. */
typedef int (*impact_fastcgi_handler_fn)(FCGX_Request *request, void *userdata);

/* Call it with a span for the request that is current meanwhile. Returns what it returns. */
IMPACT_API int impact_fastcgi_trace(FCGX_Request *request, impact_fastcgi_handler_fn handler,
                                    void *userdata);

/* Name the route that matched ("/orders/{id}"), in the handler: http.route, and the span's name
 * with the method. */
IMPACT_API void impact_fastcgi_set_route(const char *route);

#ifdef __cplusplus
}
#endif

#endif
