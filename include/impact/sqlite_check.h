/* The check that an SQLite database file can be read, without SQLite's headers. Link with
 * impact-sqlite, or load that by its name (<impact/plugin.h>).
 */
#ifndef IMPACT_SQLITE_CHECK_H
#define IMPACT_SQLITE_CHECK_H

#include <impact/health.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct impact_check_sqlite_options {
    size_t size;
    const char *path;          /* copied; a file name, or a URI; required */
    uint32_t timeout_ms;       /* 2000 */
    const char *name;          /* copied; the check's; required */
    const char *groups;        /* as in impact_check */
    bool may_be_live;          /* as in impact_check */
    const impact_check *check; /* as in <impact/checks.h> */
} impact_check_sqlite_options;

#define IMPACT_CHECK_SQLITE(...)                                                                   \
    (&(const impact_check_sqlite_options){.size = sizeof(impact_check_sqlite_options), __VA_ARGS__})

/* Register a check that opens the file read-only and selects 1 from its schema, so that the file is
 * really read. It never creates one, and its statements make no spans. As impact_health_add. */
IMPACT_API IMPACT_CHECKED impact_status
impact_health_add_sqlite(impact_health *health, const impact_check_sqlite_options *options);

#ifdef __cplusplus
}
#endif

#endif
