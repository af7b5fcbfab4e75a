/* The connections that are traced. */
#include "instrument/sqlite/traced.h"

#include <stdatomic.h>

#include "base/alloc.h"
#include "instrument/common/table.h"

static atomic_bool any; /* never false again; who sees it late sees a connection late */

/* In the table statements stand by their address; no object of SQLite's begins one byte later. */
static const void *key_of(const sqlite3 *connection)
{
    return (const char *)connection + 1;
}

bool impact__traced_any(void)
{
    return atomic_load_explicit(&any, memory_order_relaxed);
}

bool impact__traced_has(const sqlite3 *connection)
{
    return impact__table_find(key_of(connection)) != NULL;
}

void impact__traced_add(const sqlite3 *connection)
{
    atomic_store_explicit(&any, true, memory_order_relaxed);
    if (impact__traced_has(connection))
        return;
    impact__table_entry *entry = impact__alloc(NULL, sizeof *entry);
    if (entry)
        impact__table_add(entry, key_of(connection));
}

void impact__traced_remove(const sqlite3 *connection)
{
    impact__free(NULL, impact__table_remove(key_of(connection)));
}
