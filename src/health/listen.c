/* A port of its own: the answers are served by a thread that does nothing else. */
#include "health/listen.h"

#include <assert.h>

#include "base/text.h"
#include "base/thread.h"
#include "health/address.h"
#include "health/grpc_question.h"
#include "health/http.h"
#include "health/news.h"
#include "process/diagnostics.h"

/* From here on nobody else opens a port. False: somebody has. */
static bool claim(impact_health *health)
{
    impact__health_lock(health);
    const bool is_mine = !health->is_listening;
    health->is_listening = true;
    impact__health_unlock(health);
    return is_mine;
}

static void keep_port(impact_health *health, impact__port *port, uint16_t number)
{
    assert(port);
    impact__health_lock(health);
    health->own_port = port;
    atomic_store_explicit(&health->port, number, memory_order_relaxed);
    impact__health_unlock(health);
}

static void give_up(impact_health *health)
{
    impact__health_lock(health);
    health->is_listening = false;
    impact__health_unlock(health);
}

static bool is_draining(impact_health *health)
{
    return impact_health_get_phase(health) == IMPACT_HEALTH_DRAINING;
}

static impact_status serve(impact_health *health, const char *address)
{
    const impact__service service = {
        .health = health,
        .begin = impact__health_begin_all,
        .begin_message = impact__grpc_begin,
        .is_done = impact_health_is_done,
        .notify = impact_health_notify,
        .finish = impact_health_finish_answer,
        .abandon = impact_health_abandon,
        .is_draining = is_draining,
        .begin_news = impact__news_begin,
        .end_news = impact__news_end,
    };
    impact__port *port = NULL;
    uint16_t number = 0;
    const impact_status status = impact__port_open(&port, &number, address, &service);
    if (!status)
        keep_port(health, port, number);
    return status;
}

impact_status impact_health_listen(impact_health *health, const char *address)
{
    if (!health || !impact__is_address(impact_text_of(address)))
        return IMPACT_EINVAL;
    if (!claim(health))
        return IMPACT_EEXIST;
    const int held = impact__cancel_hold(); /* a lookup waits, with descriptors open */
    const impact_status status = serve(health, address);
    impact__cancel_release(held);
    if (status)
        give_up(health);
    impact__diagnostics_say();
    return status;
}

uint16_t impact_health_port(const impact_health *health)
{
    return health ? (uint16_t)atomic_load_explicit(&health->port, memory_order_relaxed) : 0;
}

void impact__health_stop_listening(impact_health *health)
{
    impact__health_lock(health);
    impact__port *port = health->own_port;
    health->own_port = NULL;
    impact__health_unlock(health);
    impact__port_close(port);
}
