/* SQL cut into tokens, as its dialect reads it, without failing: what is not understood is an
 * operator.
 *
 * DESIGN: There is no grammar and no error. A token never reaches past the text, the tokens in
 * their order are the whole text, and every step takes at least one byte. Where a quote or a
 * comment ends is the dialect's to say: one that is read as another dialect reads it shows what
 * stands behind it.
 */
#ifndef IMPACT_INSTRUMENT_SQL_LEXER_H
#define IMPACT_INSTRUMENT_SQL_LEXER_H

#include <stdbool.h>

#include "instrument/sql/sql.h"

typedef enum impact__sql_kind {
    IMPACT__SQL_END,
    IMPACT__SQL_BLANK,         /* white space, or a comment */
    IMPACT__SQL_WORD,          /* a keyword or a plain identifier */
    IMPACT__SQL_QUOTED_NAME,   /* `x` or [x], closed: an identifier wherever it stands */
    IMPACT__SQL_DOUBLE_QUOTED, /* "x", closed: an identifier or a string */
    IMPACT__SQL_LITERAL,       /* a string, number, blob or truth; a quote that is never closed */
    IMPACT__SQL_PARAMETER,     /* ?, ?1, :x, @x, $x, $1 */
    IMPACT__SQL_OPERATOR,      /* one byte of anything else */
} impact__sql_kind;

typedef struct impact__sql_token {
    impact__sql_kind kind;
    impact_text text; /* borrowed from the whole */
} impact__sql_token;

/* What is still to be read; copied, it looks ahead. */
typedef struct impact__sql_source {
    impact_text rest;
    impact__sql_dialect dialect;
} impact__sql_source;

/* Cut the next token off the front. */
impact__sql_token impact__sql_next(impact__sql_source *source);

/* The same, but for blanks. */
impact__sql_token impact__sql_next_significant(impact__sql_source *source);

/* The token is this operator. */
bool impact__sql_is_operator(impact__sql_token token, char c);

/* The token names something, if it stands where a name does. */
bool impact__sql_is_name(impact__sql_token token);

#endif
