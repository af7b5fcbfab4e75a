/* ulfius: the health paths beside the application's own endpoints, and a SERVER span for each of
 * those. Link with impact-ulfius.
 *
 *     static impact_ulfius_traced orders = IMPACT_ULFIUS_TRACED(.callback = answer_orders);
 *
 *     ulfius_add_endpoint_by_val(&instance, "*", "/health", "*", 0, impact_ulfius_answer, health);
 *     ulfius_add_endpoint_by_val(&instance, "GET", "/orders", ":id", 0, impact_ulfius_trace,
 *                                &orders);
 *
 * A probe that waits for checks keeps the thread of its connection meanwhile, at most for the
 * budget. The header needs none of ulfius's.
 */
#ifndef IMPACT_ULFIUS_H
#define IMPACT_ULFIUS_H

#include <impact/health.h>

#ifdef __cplusplus
extern "C" {
#endif

struct _u_request;
struct _u_response;

/* A callback of an endpoint whose closure is an impact_health. U_CALLBACK_CONTINUE: the path is
 * none of its own; else U_CALLBACK_COMPLETE. */
IMPACT_API int impact_ulfius_answer(const struct _u_request *request, struct _u_response *response,
                                    void *health);

/* ---- spans ---- */

/* As ulfius_add_endpoint_by_val takes one. */
typedef int (*impact_ulfius_callback_fn)(const struct _u_request *request,
                                         struct _u_response *response, void *userdata);

typedef struct impact_ulfius_traced {
    size_t size;
    impact_ulfius_callback_fn callback; /* the application's; required */
    void *userdata;                     /* borrowed: its closure */
} impact_ulfius_traced;

#define IMPACT_ULFIUS_TRACED(...)                                                                  \
    {                                                                                              \
        .size = sizeof(impact_ulfius_traced), __VA_ARGS__                                          \
    }

/* A callback of an endpoint whose closure is an impact_ulfius_traced (borrowed for the server's
 * life): it calls that one's callback with a span that is current meanwhile, and returns what that
 * returns. The span's status is the response's. */
IMPACT_API int impact_ulfius_trace(const struct _u_request *request, struct _u_response *response,
                                   void *traced);

/* Name the route that matched ("/orders/{id}"), in the callback: http.route, and the span's name
 * with the method. */
IMPACT_API void impact_ulfius_set_route(const char *route);

#ifdef __cplusplus
}
#endif

#endif
