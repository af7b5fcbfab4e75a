/* MariaDB and MySQL: a check that a server answers. Link with impact-mariadb (libmariadb). */
#ifndef IMPACT_MARIADB_H
#define IMPACT_MARIADB_H

#include <impact/health.h>

#ifdef __cplusplus
extern "C" {
#endif

struct st_mysql; /* <mysql.h> calls it MYSQL */

/* The application lends a connection of its own that nobody uses meanwhile. */
typedef struct impact_check_mariadb_lender {
    /* NULL: there is none in this time */
    struct st_mysql *(*borrow)(void *userdata, uint32_t timeout_ms);
    /* is_usable: nothing is left unread; else it is to be closed. */
    void (*give_back)(void *userdata, struct st_mysql *connection, bool is_usable);
    void *userdata; /* borrowed */
} impact_check_mariadb_lender;

typedef struct impact_check_mariadb_options {
    size_t size;
    const char *address;  /* copied; "host:port", "[::1]:port", port 3306, or "/path" of a socket;
                             required where nothing is lent */
    const char *user;     /* copied, as the next two; NULL: the library's own default */
    const char *password; /* NULL: none */
    const char *database; /* NULL: none */
    impact_check_mariadb_lender lender; /* in the place of those four; both functions or none */
    const char *name;                   /* these four as in <impact/checks.h> */
    const char *groups;
    uint32_t timeout_ms;
    const impact_check *check;
} impact_check_mariadb_options;

#define IMPACT_CHECK_MARIADB(...)                                                                  \
    (&(const impact_check_mariadb_options){.size = sizeof(impact_check_mariadb_options),           \
                                           __VA_ARGS__})

/* Register a check that pings over a connection that it keeps between runs, or selects 1 over one
 * that the application lends. As impact_health_add. */
IMPACT_API IMPACT_CHECKED impact_status
impact_health_add_mariadb(impact_health *health, const impact_check_mariadb_options *options);

#ifdef __cplusplus
}
#endif

#endif
