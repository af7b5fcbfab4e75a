/* CivetWeb: the health paths beside the application's own. Link with impact-civetweb.
 *
 *     mg_set_request_handler(context, "/health", impact_civetweb_answer, health);
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

#ifdef __cplusplus
}
#endif

#endif
