/* FastCGI (libfcgi): the health paths beside the application's own. Link with impact-fastcgi.
 *
 *     while (FCGX_Accept_r(&request) == 0)
 *         if (!impact_fastcgi_answer(&request, health))
 *             ...
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

#ifdef __cplusplus
}
#endif

#endif
