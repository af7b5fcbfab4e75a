/* SQL cut into tokens, of any dialect, without failing: what is not understood is an operator.
 *
 * DESIGN: There is no grammar and no error. A token never reaches past the text, the tokens in their
 * order are the whole text, and every step takes at least one byte. Where dialects differ, the reading
 * that hides more wins: this is for showing SQL without its data.
 */
#ifndef IMPACT_INSTRUMENT_SQL_LEXER_H
#define IMPACT_INSTRUMENT_SQL_LEXER_H

#include <stdbool.h>

#include <impact/text.h>

typedef enum impact__sql_kind {
    IMPACT__SQL_END,
    IMPACT__SQL_BLANK,     /* white space, or a comment */
    IMPACT__SQL_WORD,      /* a keyword or a plain identifier */
    IMPACT__SQL_QUOTED,    /* "x", `x` or [x], closed: an identifier */
    IMPACT__SQL_LITERAL,   /* a string, number or blob; and a quote that is never closed */
    IMPACT__SQL_PARAMETER, /* ?, ?1, :x, @x, $x, $1 */
    IMPACT__SQL_OPERATOR,  /* one byte of anything else */
} impact__sql_kind;

typedef struct impact__sql_token {
    impact__sql_kind kind;
    impact_text text; /* borrowed from the whole */
} impact__sql_token;

/* Cut the next token off the front of `rest`. */
impact__sql_token impact__sql_next(impact_text *rest);

/* The token is this word, in any case; `word` is in upper case. */
bool impact__sql_is_word(impact__sql_token token, const char *word);

/* The token is this word out of a list that NULL ends. */
bool impact__sql_is_one_of(impact__sql_token token, const char *const *words);

/* The token is this operator. */
bool impact__sql_is_operator(impact__sql_token token, char c);

#endif
