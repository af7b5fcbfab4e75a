/* CivetWeb: the health paths beside the application's own, and a SERVER span for each of those.
 * Link with impact-civetweb.
 *
 *     static impact_civetweb_traced orders = IMPACT_CIVETWEB_TRACED(.handler = answer_orders);
 *
 *     mg_set_request_handler(context, "/health", impact_civetweb_answer, health);
 *     mg_set_request_handler(context, "/orders", impact_civetweb_trace, &orders);
 *
 * A probe that waits for checks keeps one of the server's threads meanwhile, at most for the
 * budget.
 */
#ifndef IMPACT_CIVETWEB_H
#define IMPACT_CIVETWEB_H

#include <civetweb.h>

#include <impact/health.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A request handler whose closure is an impact_health. 0: the path is none of its own, and the
 * server goes on. CivetWeb decodes paths: a slash that came as %2F is a slash here. */
IMPACT_API int impact_civetweb_answer(struct mg_connection *connection, void *health);

/* ---- spans ---- */

typedef struct impact_civetweb_traced {
    size_t size;
    mg_request_handler handler; /* the application's; required */
    void *userdata;             /* borrowed: its closure */
} impact_civetweb_traced;

#define IMPACT_CIVETWEB_TRACED(...)                                                                \
    {                                                                                              \
        .size = sizeof(impact_civetweb_traced), __VA_ARGS__                                        \
    }

/* A request handler whose closure is an impact_civetweb_traced (borrowed for the server's life): it
 * calls that one's handler with a span that is current meanwhile, and returns what that returns,
 * which is the span's status; 0 and 1, which are none, leave it without. */
IMPACT_API int impact_civetweb_trace(struct mg_connection *connection, void *traced);

/* Name the route that matched ("/orders/{id}"), in the handler: http.route, and the span's name
 * with the method. */
IMPACT_API void impact_civetweb_set_route(const char *route);

#ifdef __cplusplus
}
#endif

#endif
