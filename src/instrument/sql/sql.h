/* SQL as a span may show it: db.query.text without its data, and db.query.summary (semantic
 * conventions, database-spans "Sanitization of db.query.text" and "Generating a summary").
 *
 * Both write at most `capacity` bytes and no NUL, return how many, allocate nothing, and accept any
 * bytes. Neither cuts within a UTF-8 sequence.
 */
#ifndef IMPACT_INSTRUMENT_SQL_SQL_H
#define IMPACT_INSTRUMENT_SQL_SQL_H

#include <stddef.h>

#include <impact/text.h>

/* Whose rules of quotes, comments and parameters hold. Bits, so that a rule may be several
 * dialects'. */
typedef enum impact__sql_dialect {
    IMPACT__SQL_SQLITE = 1,
    IMPACT__SQL_POSTGRESQL = 2,
    IMPACT__SQL_MARIADB = 4, /* and MySQL */
} impact__sql_dialect;

/* Literals become "?", comments go, white space becomes one blank. Names, keywords and
 * parameters stay, and so does NULL. Unsure whether something is data or a name, it is data.
 * Text that does not fit ends before the first token that does not. */
size_t impact__sql_sanitise(char *to, size_t capacity, impact_text sql,
                            impact__sql_dialect dialect);

#define IMPACT__SQL_TEXT_LIMIT 2048 /* bytes of db.query.text that instrumentors show */

/* As above, for SQL that a database could not read: it may be written for another, whose quotes end
 * elsewhere. So nothing is written of what two dialects read differently. At most
 * IMPACT__SQL_TEXT_LIMIT bytes. */
size_t impact__sql_sanitise_refused(char *to, size_t capacity, impact_text sql);

/* Up to the first semicolon, with it. */
impact_text impact__sql_first_statement(impact_text sql, impact__sql_dialect dialect);

#define IMPACT__SQL_SUMMARY_LIMIT 255 /* semantic conventions, db.query.summary */

/* The operations and their targets in the order they stand in: "SELECT orders customers".
 * Nothing is cut in its middle. */
size_t impact__sql_summarise(char to[IMPACT__SQL_SUMMARY_LIMIT], impact_text sql,
                             impact__sql_dialect dialect);

#endif
