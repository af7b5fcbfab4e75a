/* Connections to SQLite that are traced, and files for them. */
#include "database.h"

#include <stdlib.h>
#include <unistd.h>

#include "support/check.h"

scratch scratch_open(void)
{
    scratch s = {"/tmp/impact-sqlite-XXXXXX"};
    const int descriptor = mkstemp(s.path);
    CHECK(descriptor >= 0);
    (void)close(descriptor);
    return s;
}

sqlite3 *database_open_traced(const char *path)
{
    sqlite3 *connection = NULL;
    CHECK_EQUAL(sqlite3_open(path, &connection), SQLITE_OK);
    CHECK_EQUAL(impact_sqlite_trace(connection), IMPACT_OK);
    return connection;
}

sqlite3_stmt *database_prepare(sqlite3 *connection, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    CHECK_EQUAL(sqlite3_prepare_v2(connection, sql, -1, &statement, NULL), SQLITE_OK);
    return statement;
}
