/* A provider without threads: the host's calls export. */
#include "pipeline/pumped.h"

#include "base/clock.h"
#include "base/thread.h"
#include "process/diagnostics.h"
#include "trace/provider.h"

/* In a forked child it is another one. */
static bool has_caller(impact_tracer_provider *provider)
{
    if (!provider || !atomic_load(&provider->caller.is_there))
        return false;
    (void)pthread_mutex_lock(&provider->lock); /* cannot fail for a normal lock */
    const bool is_renewed = impact__caller_renew(&provider->caller);
    (void)pthread_mutex_unlock(&provider->lock);
    return is_renewed;
}

uint32_t impact_tracer_provider_pump(impact_tracer_provider *provider)
{
    if (!provider || !atomic_load(&provider->caller.is_there))
        return UINT32_MAX;
    const int held = impact__cancel_hold();
    (void)has_caller(provider); /* without it exports are looked at more often */
    const impact__pumped all = {&provider->caller, provider->batchers, provider->batcher_count};
    const uint64_t next_ns = impact__pump_all(&all, UINT64_MAX);
    impact__cancel_release(held);
    impact__diagnostics_say();
    return next_ns == UINT64_MAX ? UINT32_MAX : impact__remaining_ms(next_ns);
}

int impact_tracer_provider_get_descriptor(impact_tracer_provider *provider)
{
    return has_caller(provider) ? provider->caller.descriptor : -1;
}
