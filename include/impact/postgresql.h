/* PostgreSQL: a check that a server answers. Link with impact-postgresql (libpq). */
#ifndef IMPACT_POSTGRESQL_H
#define IMPACT_POSTGRESQL_H

#include <impact/health.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pg_conn; /* <libpq-fe.h> calls it PGconn */

/* The application lends a connection of its own that nobody uses meanwhile. */
typedef struct impact_check_postgresql_lender {
    /* NULL: there is none in this time */
    struct pg_conn *(*borrow)(void *userdata, uint32_t timeout_ms);
    /* is_usable: nothing is left unread; else it is to be closed. */
    void (*give_back)(void *userdata, struct pg_conn *connection, bool is_usable);
    void *userdata; /* borrowed */
} impact_check_postgresql_lender;

typedef struct impact_check_postgresql_options {
    size_t size;
    const char *conninfo;      /* copied; as PQconnectdb takes it; NULL: from the PG* environment */
    uint32_t timeout_ms;       /* 2000 */
    const char *name;          /* copied; the check's; required */
    const char *groups;        /* as in impact_check */
    bool may_be_live;          /* as in impact_check */
    const impact_check *check; /* as in <impact/checks.h> */
    impact_check_postgresql_lender lender; /* in the place of conninfo; both functions or none */
} impact_check_postgresql_options;

#define IMPACT_CHECK_POSTGRESQL(...)                                                               \
    (&(const impact_check_postgresql_options){.size = sizeof(impact_check_postgresql_options),     \
                                              __VA_ARGS__})

/* Register a check that selects 1 over a connection that it keeps between runs, or one that the
 * application lends. Connecting, sending and reading all obey the deadline. As
 * impact_health_add. */
IMPACT_API IMPACT_CHECKED impact_status
impact_health_add_postgresql(impact_health *health, const impact_check_postgresql_options *options);

#ifdef __cplusplus
}
#endif

#endif
