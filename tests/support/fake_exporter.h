/* An exporter that does what a test says: take, fail, reject, hang; and tells what it saw. */
#ifndef IMPACT_TESTS_FAKE_EXPORTER_H
#define IMPACT_TESTS_FAKE_EXPORTER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <impact/exporter.h>

typedef struct fake_exporter {
    impact_exporter exporter; /* give its address to a provider */
    impact_status answer;     /* set these before the spans end, or by fake_set_answer */
    size_t rejects;
    bool minds_interrupt; /* a hanging export returns when it is interrupted */

    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t changed;
    bool hangs;
    bool is_hanging;
    bool is_interrupted;
    bool is_hastened;
    uint32_t hastened_ms; /* what it was told then */
    bool is_closed;
    size_t batches;
    size_t spans;
    size_t largest;
    uint32_t last_timeout_ms;
} fake_exporter;

static inline impact_status fake_export(impact_exporter *exporter, const impact_batch *batch,
                                        uint32_t timeout_ms, size_t *rejected)
{
    fake_exporter *fake = (fake_exporter *)exporter; /* its first member */
    (void)pthread_mutex_lock(&fake->lock);
    fake->batches++;
    fake->spans += batch->span_count;
    fake->last_timeout_ms = timeout_ms;
    if (batch->span_count > fake->largest)
        fake->largest = batch->span_count;
    fake->is_hanging = fake->hangs;
    (void)pthread_cond_broadcast(&fake->changed);
    while (fake->hangs && !(fake->is_interrupted && fake->minds_interrupt))
        (void)pthread_cond_wait(&fake->changed, &fake->lock);
    fake->is_hanging = false;
    const impact_status answer = fake->is_interrupted ? IMPACT_EEXPORT : fake->answer;
    *rejected = fake->rejects;
    (void)pthread_mutex_unlock(&fake->lock);
    return answer;
}

static inline void fake_interrupt(impact_exporter *exporter)
{
    fake_exporter *fake = (fake_exporter *)exporter;
    (void)pthread_mutex_lock(&fake->lock);
    fake->is_interrupted = true;
    (void)pthread_cond_broadcast(&fake->changed);
    (void)pthread_mutex_unlock(&fake->lock);
}

static inline void fake_hasten(impact_exporter *exporter, uint32_t timeout_ms)
{
    fake_exporter *fake = (fake_exporter *)exporter;
    (void)pthread_mutex_lock(&fake->lock);
    fake->is_hastened = true;
    fake->hastened_ms = timeout_ms;
    (void)pthread_cond_broadcast(&fake->changed);
    (void)pthread_mutex_unlock(&fake->lock);
}

static inline void fake_close(impact_exporter *exporter)
{
    fake_exporter *fake = (fake_exporter *)exporter;
    (void)pthread_mutex_lock(&fake->lock);
    fake->is_closed = true;
    (void)pthread_cond_broadcast(&fake->changed);
    (void)pthread_mutex_unlock(&fake->lock);
}

static inline impact_exporter *fake_exporter_open(fake_exporter *fake)
{
    *fake = (fake_exporter){.exporter = {.size = sizeof(impact_exporter),
                                         .name = "fake",
                                         .export_batch = fake_export,
                                         .interrupt = fake_interrupt,
                                         .close = fake_close,
                                         .hasten = fake_hasten}};
    (void)pthread_mutex_init(&fake->lock, NULL);
    (void)pthread_cond_init(&fake->changed, NULL);
    return &fake->exporter;
}

static inline void fake_set_hangs(fake_exporter *fake, bool hangs)
{
    (void)pthread_mutex_lock(&fake->lock);
    fake->hangs = hangs;
    (void)pthread_cond_broadcast(&fake->changed);
    (void)pthread_mutex_unlock(&fake->lock);
}

static inline void fake_set_answer(fake_exporter *fake, impact_status answer)
{
    (void)pthread_mutex_lock(&fake->lock);
    fake->answer = answer;
    (void)pthread_mutex_unlock(&fake->lock);
}

/* Wait until a member of the struct is true (or a count is reached); false after 20 s. */
static inline bool fake_wait(fake_exporter *fake, const bool *fact, const size_t *count,
                             size_t least)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 20;
    (void)pthread_mutex_lock(&fake->lock);
    int failure = 0;
    while (!failure && !(fact ? *fact : *count >= least))
        failure = pthread_cond_timedwait(&fake->changed, &fake->lock, &until);
    const bool is_so = fact ? *fact : *count >= least;
    (void)pthread_mutex_unlock(&fake->lock);
    return is_so;
}

static inline size_t fake_read(fake_exporter *fake, const size_t *count)
{
    (void)pthread_mutex_lock(&fake->lock);
    const size_t value = *count;
    (void)pthread_mutex_unlock(&fake->lock);
    return value;
}

static inline bool fake_is(fake_exporter *fake, const bool *fact)
{
    (void)pthread_mutex_lock(&fake->lock);
    const bool value = *fact;
    (void)pthread_mutex_unlock(&fake->lock);
    return value;
}

#endif
