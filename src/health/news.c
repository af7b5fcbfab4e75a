/* News for the port. What has become of it is looked at by whoever is told. */
#include "health/news.h"

#include <stddef.h>

#include "health/crew.h"
#include "health/registry.h"

static void ring(impact__alarm *alarm)
{
    impact_health *health = (impact_health *)((char *)alarm - offsetof(impact_health, news.bell));
    if (!health->news.call.link.is_in)
        impact__engine_post(&health->engine, &health->news.call);
}

void impact__news_begin(impact_health *health, void (*changed)(void *userdata), void *userdata)
{
    impact__health_lock(health);
    health->news = (impact__news){
        .bell = {.ring = ring},
        .call = {.function = changed, .userdata = userdata},
    };
    health->watcher.bells[IMPACT__BELL_PORT] = &health->news.bell;
    for (impact__check *check = health->checks; check; check = check->next)
        check->watched.look(check); /* from now on its changes ring the bell */
    impact__watch_ring(&health->watcher, &health->engine); /* for what has changed by now */
    (void)impact__crew_call(&health->engine);              /* as impact_health_add does */
    impact__health_unlock(health);
}

void impact__news_end(impact_health *health)
{
    impact__health_lock(health);
    health->watcher.bells[IMPACT__BELL_PORT] = NULL;
    impact__engine_unset(&health->engine, &health->news.bell);
    impact__engine_recall(&health->engine, &health->news.call);
    impact__health_unlock(health);
}
