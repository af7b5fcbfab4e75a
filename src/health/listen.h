/* A port of its own. */
#ifndef IMPACT_HEALTH_LISTEN_H
#define IMPACT_HEALTH_LISTEN_H

#include "health/registry.h"

/* Close the server, if there is one, and wait for its requests. Without the lock. */
void impact__health_stop_listening(impact_health *health);

#endif
