/* The connections that are traced. */
#ifndef IMPACT_INSTRUMENT_SQLITE_TRACED_H
#define IMPACT_INSTRUMENT_SQLITE_TRACED_H

#include <stdbool.h>

#include <sqlite3.h>

/* Without memory its statements that cannot be prepared have no spans. */
void impact__traced_add(const sqlite3 *connection);

void impact__traced_remove(const sqlite3 *connection);
bool impact__traced_has(const sqlite3 *connection);

/* One is, or has been. */
bool impact__traced_any(void);

#endif
