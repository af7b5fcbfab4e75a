/* PostgreSQL: a check that a server answers. Link with impact-postgresql (libpq). */
#ifndef IMPACT_POSTGRESQL_H
#define IMPACT_POSTGRESQL_H

#include <impact/health.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct impact_check_postgresql_options {
    size_t size;
    const char *conninfo; /* copied; as PQconnectdb takes it; NULL: from the PG* environment */
    uint32_t timeout_ms;  /* 2000 */
    const char *name;     /* copied; the check's; required */
    const char *groups;   /* as in impact_check */
    bool may_be_live;     /* as in impact_check */
} impact_check_postgresql_options;

#define IMPACT_CHECK_POSTGRESQL(...)                                                               \
    (&(const impact_check_postgresql_options){.size = sizeof(impact_check_postgresql_options),     \
                                              __VA_ARGS__})

/* Register a check that selects 1 over a connection that it keeps between runs. Connecting, sending
 * and reading all obey the deadline. As impact_health_add. */
IMPACT_API IMPACT_CHECKED impact_status
impact_health_add_postgresql(impact_health *health, const impact_check_postgresql_options *options);

#ifdef __cplusplus
}
#endif

#endif
