/* What reaches standard error, and how: by level, one line at a time, without waiting. */
#ifndef IMPACT_PROCESS_STANDARD_ERROR_H
#define IMPACT_PROCESS_STANDARD_ERROR_H

#include <stdbool.h>
#include <stdint.h>

#include <impact/diagnostics.h>

/* A message of this severity would be written: by the code's level, else by the environment's. */
bool impact__standard_error_hears(impact_severity severity);

/* The level that holds where the code sets none. */
void impact__standard_error_set_default(impact_severity least);

/* As impact_diagnostics_to_stderr, for those who were not asked to write there: what may be
 * somebody else's file by now (a database, a connection) is left alone. */
void impact__standard_error_say(impact_severity severity, const char *message, uint64_t suppressed);

#endif
