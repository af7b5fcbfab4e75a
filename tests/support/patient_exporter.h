/* An exporter that nobody has to wait for: an export is over when the test says so. */
#ifndef IMPACT_TESTS_PATIENT_EXPORTER_H
#define IMPACT_TESTS_PATIENT_EXPORTER_H

#include <stdbool.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <impact/exporter.h>

#include "support/check.h"

typedef struct patient_exporter {
    impact_exporter exporter; /* first: a pointer to it is a pointer to this */
    int gate;                 /* each opening lets one export end */
    impact_status answer;
    size_t rejects;
    uint32_t wait_ms;  /* what it tells */
    bool minds_nobody; /* not even an interruption */
    bool is_begun;     /* one is under way */
    bool is_interrupted;
    bool is_hastened;
    bool is_closed;
    size_t batches; /* that were begun */
    size_t spans;   /* of those that are over */
    const impact_batch *batch;
    uint32_t timeout_ms; /* of the last one */
} patient_exporter;

static inline impact_status patient_never(impact_exporter *exporter, const impact_batch *batch,
                                          uint32_t timeout_ms, size_t *rejected)
{
    (void)exporter;
    (void)batch;
    (void)timeout_ms;
    (void)rejected;
    CHECK(false && "a thread waits for an export");
    return IMPACT_EEXPORT;
}

static inline void patient_begin(impact_exporter *exporter, const impact_batch *batch,
                                 uint32_t timeout_ms)
{
    patient_exporter *patient = (patient_exporter *)exporter;
    CHECK(!patient->is_begun);
    patient->is_begun = true;
    patient->batches++;
    patient->batch = batch;
    patient->timeout_ms = timeout_ms;
}

static inline void patient_advance(impact_exporter *exporter, impact_export_progress *progress)
{
    patient_exporter *patient = (patient_exporter *)exporter;
    uint64_t openings;
    CHECK(patient->is_begun && progress->size == sizeof *progress);
    const bool is_cut = patient->is_interrupted && !patient->minds_nobody;
    const bool is_open = read(patient->gate, &openings, sizeof openings) > 0;
    progress->is_over = is_cut || is_open;
    progress->status = is_open ? patient->answer : IMPACT_ECLOSED;
    progress->rejected = patient->rejects;
    progress->descriptor = patient->gate;
    progress->wait_ms = patient->wait_ms;
    patient->is_begun = !progress->is_over;
    if (progress->is_over)
        patient->spans += patient->batch->span_count;
}

static inline void patient_interrupt(impact_exporter *exporter)
{
    ((patient_exporter *)exporter)->is_interrupted = true;
}

static inline void patient_hasten(impact_exporter *exporter, uint32_t timeout_ms)
{
    (void)timeout_ms;
    ((patient_exporter *)exporter)->is_hastened = true;
}

static inline void patient_close(impact_exporter *exporter)
{
    patient_exporter *patient = (patient_exporter *)exporter;
    patient->is_closed = true;
    (void)close(patient->gate);
}

static inline impact_exporter *patient_exporter_open(patient_exporter *patient)
{
    *patient = (patient_exporter){
        .exporter = {.size = sizeof(impact_exporter),
                     .name = "patient",
                     .export_batch = patient_never,
                     .interrupt = patient_interrupt,
                     .close = patient_close,
                     .hasten = patient_hasten,
                     .begin_export = patient_begin,
                     .advance_export = patient_advance},
        .gate = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE),
        .wait_ms = UINT32_MAX,
    };
    return &patient->exporter;
}

static inline void patient_let_go(patient_exporter *patient, uint64_t count)
{
    CHECK(write(patient->gate, &count, sizeof count) == sizeof count);
}

#endif
