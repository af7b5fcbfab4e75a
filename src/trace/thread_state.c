/* What tracing keeps for each thread. */
#include "trace/thread_state.h"

#include <pthread.h>

#include "base/alloc.h"
#include "base/once.h"

_Thread_local impact__thread_state *impact__the_thread_state IMPACT__THREAD_LOCAL_MODEL;

static pthread_key_t key; /* its only use: to be told when a thread ends */
static impact__once key_once;
static bool has_key;

static void release(void *memory)
{
    impact__thread_state *state = memory;
    impact__scopes_close(&state->scopes); /* may run a program's code */
    impact__slots_clear(&state->slots);
    impact__owner_give(state->owner);
    impact__free(NULL, state);
    impact__the_thread_state = NULL;
}

static void make_key(void)
{
    has_key = pthread_key_create(&key, release) == 0;
}

void impact__thread_state_seed(impact__thread_state *state)
{
    impact__random_seed(&state->random);
    state->generation = impact__fork_generation();
}

impact__thread_state *impact__thread_state_make(void)
{
    impact__once_do(&key_once, make_key);
    impact__thread_state *state = has_key ? impact__alloc(NULL, sizeof *state) : NULL;
    if (!state)
        return NULL;
    state->owner = impact__owner_take();
    if (!state->owner || pthread_setspecific(key, state)) {
        if (state->owner)
            impact__owner_give(state->owner);
        impact__free(NULL, state);
        return NULL;
    }
    state->unbiased_left = !atomic_load(&impact__owners_are_biased);
    impact__slots_open();
    impact__thread_state_seed(state);
    impact__scopes_open(&state->scopes, (uint32_t)impact__random_next(&state->random));
    impact__the_thread_state = state;
    return state;
}

void impact__thread_state_release(void)
{
    if (!impact__the_thread_state)
        return;
    (void)pthread_setspecific(key, NULL); /* a key that exists */
    release(impact__the_thread_state);
}

void impact_tracing_suppress(void)
{
    impact__thread_state *state = impact__thread_state_get();
    if (state)
        state->suppressed++;
}

void impact_tracing_unsuppress(void)
{
    impact__thread_state *state = impact__thread_state_peek();
    if (state && state->suppressed)
        state->suppressed--;
}
