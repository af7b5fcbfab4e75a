/* Journals: what waits to be exported lies in files, and outlives a process that is killed.
 *
 * With `journal_directory` of impact_trace_options (OTEL_C_JOURNAL_DIR) each process that ends
 * spans has a file there for each of its exporters, in which its queue lies. The process that next
 * begins tracing with the same directory and exporters exports what those left behind that were
 * killed, beside its own spans; so does `impact flush DIRECTORY`, and this. */
#ifndef IMPACT_JOURNAL_H
#define IMPACT_JOURNAL_H

#include <stddef.h>
#include <stdint.h>

#include <impact/exporter.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What became of the spans and the files. Set `size` before you ask. */
typedef struct impact_journal_result {
    size_t size;
    uint64_t exported;   /* spans: acknowledged */
    uint64_t rejected;   /* refused for good by the backend */
    uint64_t failed;     /* refused for good by the exporter */
    uint32_t files;      /* that nothing is left in; they are removed */
    uint32_t set_aside;  /* that are no whole journals: they are renamed to *.corrupt */
    uint64_t unfinished; /* of all these spans: they were open, see impact.span.unfinished */
} impact_journal_result;

/* Export what processes left in `directory` that are not there any more, whatever exporter it was
 * meant for, with one that is open and that no provider has; it stays the caller's. `result` may be
 * NULL. IMPACT_OK: all of it was; IMPACT_ENOENT: there is no such directory; IMPACT_EEXPORT: some
 * were rejected or failed; IMPACT_EAGAIN: the backend is away, and what is left waits;
 * IMPACT_ETIMEDOUT: likewise, the time is over; IMPACT_EINVAL, IMPACT_ENOMEM. */
IMPACT_API IMPACT_CHECKED impact_status impact_journal_flush(const char *directory,
                                                             impact_exporter *exporter,
                                                             uint32_t timeout_ms,
                                                             impact_journal_result *result);

#ifdef __cplusplus
}
#endif

#endif
