/* The gRPC health protocol (grpc.health.v1.Health), on what HTTP/2 carries. */
#ifndef IMPACT_HEALTH_GRPC_QUESTION_H
#define IMPACT_HEALTH_GRPC_QUESTION_H

#include <impact/health.h>

#include "serve/service.h"

/* The service that a HealthCheckRequest names, which may be empty. Borrowed. False: it is none. */
bool impact__grpc_read_request(impact_text *service, impact_text body);

/* As impact__health_begin_all, for a request with a body: one of gRPC is answered as such. */
impact_status impact__grpc_begin(impact_health_ticket **ticket, impact_health *health,
                                 impact__message *message);

#endif
