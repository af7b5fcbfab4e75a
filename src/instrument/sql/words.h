/* The words of SQL that say what stands around them. */
#ifndef IMPACT_INSTRUMENT_SQL_WORDS_H
#define IMPACT_INSTRUMENT_SQL_WORDS_H

#include "instrument/sql/lexer.h"

/* A word may be several of these, and most are none. */
enum {
    IMPACT__SQL_SELECTS = 1 << 0,      /* SELECT */
    IMPACT__SQL_QUERIES = 1 << 1,      /* an operation that may have a FROM */
    IMPACT__SQL_CHANGES = 1 << 2,      /* an operation that may follow WITH and EXPLAIN */
    IMPACT__SQL_DEFINES = 1 << 3,      /* an operation on a kind of object */
    IMPACT__SQL_NAMES = 1 << 4,        /* an operation whose next name is its target */
    IMPACT__SQL_LEADS = 1 << 5,        /* stands before an operation, and is none */
    IMPACT__SQL_EXPLAINS = 1 << 6,     /* an operation may follow */
    IMPACT__SQL_SETS = 1 << 7,         /* an operation on options */
    IMPACT__SQL_COPIES = 1 << 8,       /* COPY */
    IMPACT__SQL_OBJECT = 1 << 9,       /* a kind of object */
    IMPACT__SQL_CODE = 1 << 10,        /* one with statements in it, which do not run now */
    IMPACT__SQL_LISTS = 1 << 11,       /* FROM */
    IMPACT__SQL_DISTINGUISH = 1 << 12, /* DISTINCT */
    IMPACT__SQL_ANNOUNCES = 1 << 13,   /* a target follows */
    IMPACT__SQL_SKIPPED = 1 << 14,     /* may stand between that and the target */
    IMPACT__SQL_ENDS_LIST = 1 << 15,   /* of FROM */
    IMPACT__SQL_RESERVED = 1 << 16,    /* is no name without quotes */
    IMPACT__SQL_INPUT = 1 << 17,       /* STDIN */
    IMPACT__SQL_ASSIGNS = 1 << 18,     /* TO */
};

/* What a token is, in any case; 0 for what is no word, or none of those. */
unsigned impact__sql_word(impact__sql_token token);

#endif
