/* A run of a database's check, over its own connection or one that the application lends: inside
 * the door of <impact/process.h>, but while the application's functions run, which may wait. */
#ifndef IMPACT_INSTRUMENT_COMMON_DATABASE_CHECK_H
#define IMPACT_INSTRUMENT_COMMON_DATABASE_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include <impact/health.h>

/* What a library does in its own way; `check` is its check. What waits outside the door sets
 * *is_over (below) when that is shut. */
typedef struct impact__database {
    bool (*ask_own)(void *check, impact_health_run *run);

    /* The application's functions. NULL: it lends none in this time. */
    void *(*borrow)(void *check, uint32_t timeout_ms);
    void (*give_back)(void *check, void *connection, bool is_usable);

    /* The connection is the application's again as it was: `is_usable` says whether. */
    bool (*ask_lent)(void *check, void *connection, impact_health_run *run, bool *is_usable);
} impact__database;

/* `is_over` is the check's: the process ends, the door is shut, and nothing is touched any more. */
impact_health_status impact__database_run(const impact__database *database, void *check,
                                          bool is_lent, bool *is_over, impact_health_run *run);

#endif
