/* Connections to SQLite that are traced, and files for them. */
#ifndef IMPACT_TESTS_INTEGRATION_DATABASE_H
#define IMPACT_TESTS_INTEGRATION_DATABASE_H

#include <impact/sqlite.h>

/* An empty file of its own, and its name. Unlink it. */
typedef struct scratch {
    char path[64];
} scratch;

scratch scratch_open(void);

/* What goes wrong fails the test. */
sqlite3 *database_open_traced(const char *path);
sqlite3_stmt *database_prepare(sqlite3 *connection, const char *sql);

#endif
