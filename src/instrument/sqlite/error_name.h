/* SQLite's result codes by name, for error.type. */
#ifndef IMPACT_INSTRUMENT_SQLITE_ERROR_NAME_H
#define IMPACT_INSTRUMENT_SQLITE_ERROR_NAME_H

/* The name of a code's first byte, as "SQLITE_CONSTRAINT"; "_OTHER" for one that has none here. */
const char *impact__sqlite_error_name(int code);

#endif
