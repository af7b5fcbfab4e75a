/* News for the port: that something of the checks or the phase is another. */
#ifndef IMPACT_HEALTH_NEWS_H
#define IMPACT_HEALTH_NEWS_H

#include <impact/health.h>

/* Call `changed`, on the keeper's thread, from now on whenever there is some, until the end; then
 * it is not being called and will not be. For one at a time, without the lock. */
void impact__news_begin(impact_health *health, void (*changed)(void *userdata), void *userdata);
void impact__news_end(impact_health *health);

#endif
