/* What the tokens of statements stand for: which are operations, and which name what those work
 * on. */
#ifndef IMPACT_INSTRUMENT_SQL_STATEMENT_H
#define IMPACT_INSTRUMENT_SQL_STATEMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "instrument/sql/lexer.h"

typedef enum impact__sql_role {
    IMPACT__SQL_PLAIN,
    IMPACT__SQL_OPERATION,   /* SELECT, CREATE */
    IMPACT__SQL_OBJECT_TYPE, /* TABLE, behind CREATE */
    IMPACT__SQL_TARGET,      /* a table; what stands behind a dot after it is plain */
    IMPACT__SQL_VALUE,       /* a word that is data: what an option is set to */
} impact__sql_role;

/* The place in statements that a walk has come to. All zero at the start, but for
 * expects_statement. */
typedef struct impact__sql_statement {
    bool expects_statement;   /* a word here is an operation */
    bool expects_target;      /* a name here is a target */
    bool expects_object_type; /* TABLE, INDEX and so on */
    bool sets_option;         /* PRAGMA or SET */
    bool expects_value;       /* behind its equals sign */
    bool copies;              /* COPY, */
    bool copies_input;        /* and from STDIN */
    bool is_definition;       /* of code that does not run now */
    bool is_data;             /* all that follows is rows of COPY */
    unsigned depth;           /* of parentheses */
    uint64_t statements;      /* a bit a depth: a statement that may have a FROM stands there */
    uint64_t lists;           /* a bit a depth: its FROM list is open */
    impact__sql_token previous;
    unsigned previous_word; /* what impact__sql_word says of it */
} impact__sql_statement;

/* Take the next token, which is no blank. `source` is what follows it. */
impact__sql_role impact__sql_statement_take(impact__sql_statement *s, impact__sql_token token,
                                            impact__sql_source source);

#endif
