/* What we remember about a library's objects, by their address: requests by connection, header
 * lists by transfer handle, spans by statement. Slots inside those objects belong to the
 * application.
 *
 * DESIGN: Each instrumentor's library carries its own copy of this one table. An entry is the first
 * member of the struct that is remembered, so nothing is allocated and nothing is called with a
 * lock held, and the table itself cannot fail. The locks guard the chains alone: what an entry
 * belongs to is used by one thread at a time, as its key is.
 *
 * Forks: the locks are leaves (nobody who holds one takes another or calls out), so taking all of
 * them before a fork can deadlock with nobody. The child finds the chains whole and the locks free.
 * Entries of the parent's objects stay in the child: they are few, and go when the object is closed
 * there.
 */
#ifndef IMPACT_INSTRUMENT_COMMON_TABLE_H
#define IMPACT_INSTRUMENT_COMMON_TABLE_H

#include <stdbool.h>

typedef struct impact__table_entry {
    const void *key; /* borrowed; never looked into */
    struct impact__table_entry *next;
} impact__table_entry;

/* False when the fork handlers could not be registered: setup functions answer IMPACT_ENOMEM
 * then. */
bool impact__table_is_ready(void);

/* Add an entry, which stays its owner's and must live until it is removed. The key must not be
 * there. */
void impact__table_add(impact__table_entry *entry, const void *key);

/* The entry of a key, or NULL. */
impact__table_entry *impact__table_find(const void *key);

/* An entry that `matches`, which is called with locks held and calls nobody; NULL: none does. It
 * looks at entries of other threads' objects too. It looks at all of them: for rare events. */
impact__table_entry *impact__table_find_if(bool (*matches)(const impact__table_entry *entry,
                                                           const void *argument),
                                           const void *argument);

/* Take an entry out and return it, or NULL. */
impact__table_entry *impact__table_remove(const void *key);

#endif
