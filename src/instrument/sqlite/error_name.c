/* SQLite's result codes by name. */
#include "instrument/sqlite/error_name.h"

#include <sqlite3.h>
#include <stddef.h>

enum {
    primary_mask = 0xff
}; /* what is above it tells more of the same (sqlite3_extended_errcode) */

#define NAMED(code) [code] = #code

static const char *const names[] = {
    NAMED(SQLITE_ERROR),    NAMED(SQLITE_INTERNAL),   NAMED(SQLITE_PERM),
    NAMED(SQLITE_ABORT),    NAMED(SQLITE_BUSY),       NAMED(SQLITE_LOCKED),
    NAMED(SQLITE_NOMEM),    NAMED(SQLITE_READONLY),   NAMED(SQLITE_INTERRUPT),
    NAMED(SQLITE_IOERR),    NAMED(SQLITE_CORRUPT),    NAMED(SQLITE_NOTFOUND),
    NAMED(SQLITE_FULL),     NAMED(SQLITE_CANTOPEN),   NAMED(SQLITE_PROTOCOL),
    NAMED(SQLITE_EMPTY),    NAMED(SQLITE_SCHEMA),     NAMED(SQLITE_TOOBIG),
    NAMED(SQLITE_MISMATCH), NAMED(SQLITE_MISUSE),     NAMED(SQLITE_NOLFS),
    NAMED(SQLITE_AUTH),     NAMED(SQLITE_FORMAT),     NAMED(SQLITE_RANGE),
    NAMED(SQLITE_NOTADB),   NAMED(SQLITE_CONSTRAINT),
};

const char *impact__sqlite_error_name(int code)
{
    const size_t primary = (size_t)(code & primary_mask);
    const char *name = primary < sizeof names / sizeof *names ? names[primary] : NULL;
    return name ? name : "_OTHER";
}
