/* What the library has to say about itself: one callback, at most one message a cause and
 * minute. */
#ifndef IMPACT_DIAGNOSTICS_H
#define IMPACT_DIAGNOSTICS_H

#include <stdint.h>

#include <impact/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum impact_severity {
    IMPACT_SEVERITY_INFO = 1,
    IMPACT_SEVERITY_WARNING = 2,
    IMPACT_SEVERITY_ERROR = 3,
    IMPACT_SEVERITY_NONE = 4 /* of no message: a level that none reaches */
} impact_severity;

/* `message` is borrowed for the call: one line, UTF-8, no newline. `suppressed` counts the messages
 * of the same cause and subject that were withheld since the last one; when more than 64 of these
 * speak within a minute, the rest is limited and counted as one. Called on the thread that met the
 * problem, with no lock held; it must not call the library. */
typedef void (*impact_diagnostics_fn)(impact_severity severity, const char *message,
                                      uint64_t suppressed, void *userdata);

/* Set the process's callback. NULL, the default: what is reported from the first setup on is
 * written as the function below does, but never by a thread that records. `userdata` is borrowed,
 * and may still be used by reports that other threads are in the middle of. */
IMPACT_API void impact_diagnostics_set_callback(impact_diagnostics_fn callback, void *userdata);

/* A callback that writes "impact: <message>" to standard error, without SIGPIPE when nobody reads
 * it, and without waiting when nobody does yet: what finds no room is counted among the suppressed
 * ones of a later message. Pass it to the function above. */
IMPACT_API void impact_diagnostics_to_stderr(impact_severity severity, const char *message,
                                             uint64_t suppressed, void *userdata);

/* Write nothing less severe than `least` on standard error; IMPACT_SEVERITY_NONE: nothing. 0, the
 * default: what OTEL_LOG_LEVEL says, else IMPACT_SEVERITY_INFO. Other callbacks hear everything. */
IMPACT_API void impact_diagnostics_set_level(impact_severity least);

/* For plugins: report a problem. `cause` is a short static word, `subject` (may be NULL) what it is
 * about: a check's name, an endpoint. Messages are limited by the pair. */
IMPACT_API void impact_diagnostics_report(impact_severity severity, const char *cause,
                                          const char *subject, const char *format, ...)
    IMPACT_PRINTF(4, 5);

#ifdef __cplusplus
}
#endif

#endif
