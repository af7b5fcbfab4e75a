/* The words of SQL that say what stands around them. */
#include "instrument/sql/words.h"

#include "base/ascii.h"

typedef struct word {
    const char *text; /* in upper case */
    unsigned is;
} word;

/* In the order of the alphabet. Who may log in is data, so no USER and no ROLE. */
static const word words[] = {
    {"ABORT", IMPACT__SQL_SKIPPED},
    {"ALTER", IMPACT__SQL_DEFINES},
    {"ANALYZE", IMPACT__SQL_NAMES | IMPACT__SQL_EXPLAINS},
    {"CALL", IMPACT__SQL_NAMES},
    {"CONCURRENTLY", IMPACT__SQL_SKIPPED},
    {"CONNECT", IMPACT__SQL_ENDS_LIST},
    {"COPY", IMPACT__SQL_NAMES | IMPACT__SQL_COPIES},
    {"CREATE", IMPACT__SQL_DEFINES},
    {"DATABASE", IMPACT__SQL_OBJECT},
    {"DELETE", IMPACT__SQL_QUERIES | IMPACT__SQL_CHANGES},
    {"DISTINCT", IMPACT__SQL_DISTINGUISH},
    {"DROP", IMPACT__SQL_DEFINES},
    {"EXCEPT", IMPACT__SQL_ENDS_LIST | IMPACT__SQL_RESERVED},
    {"EXEC", IMPACT__SQL_NAMES},
    {"EXECUTE", IMPACT__SQL_NAMES},
    {"EXISTS", IMPACT__SQL_SKIPPED},
    {"EXPLAIN", IMPACT__SQL_EXPLAINS},
    {"FAIL", IMPACT__SQL_SKIPPED},
    {"FETCH", IMPACT__SQL_ENDS_LIST},
    {"FOR", IMPACT__SQL_ENDS_LIST},
    {"FROM", IMPACT__SQL_LISTS},
    {"FUNCTION", IMPACT__SQL_OBJECT | IMPACT__SQL_CODE},
    {"GROUP", IMPACT__SQL_ENDS_LIST | IMPACT__SQL_RESERVED},
    {"HAVING", IMPACT__SQL_ENDS_LIST | IMPACT__SQL_RESERVED},
    {"IF", IMPACT__SQL_SKIPPED},
    {"IGNORE", IMPACT__SQL_SKIPPED},
    {"INDEX", IMPACT__SQL_OBJECT},
    {"INSERT", IMPACT__SQL_CHANGES},
    {"INTERSECT", IMPACT__SQL_ENDS_LIST | IMPACT__SQL_RESERVED},
    {"INTO", IMPACT__SQL_ANNOUNCES | IMPACT__SQL_ENDS_LIST},
    {"JOIN", IMPACT__SQL_ANNOUNCES},
    {"LATERAL", IMPACT__SQL_SKIPPED},
    {"LIMIT", IMPACT__SQL_ENDS_LIST | IMPACT__SQL_RESERVED},
    {"LOCK", IMPACT__SQL_ENDS_LIST},
    {"MERGE", IMPACT__SQL_CHANGES},
    {"NOT", IMPACT__SQL_SKIPPED},
    {"OFFSET", IMPACT__SQL_ENDS_LIST},
    {"ON", IMPACT__SQL_SKIPPED},
    {"ONLY", IMPACT__SQL_SKIPPED},
    {"OR", IMPACT__SQL_SKIPPED},
    {"ORDER", IMPACT__SQL_ENDS_LIST | IMPACT__SQL_RESERVED},
    {"PLAN", IMPACT__SQL_EXPLAINS},
    {"PRAGMA", IMPACT__SQL_NAMES | IMPACT__SQL_SETS},
    {"PROCEDURE", IMPACT__SQL_OBJECT | IMPACT__SQL_CODE | IMPACT__SQL_ENDS_LIST},
    {"QUALIFY", IMPACT__SQL_ENDS_LIST},
    {"QUERY", IMPACT__SQL_EXPLAINS},
    {"RECURSIVE", IMPACT__SQL_LEADS},
    {"REINDEX", IMPACT__SQL_NAMES},
    {"REPLACE", IMPACT__SQL_SKIPPED},
    {"RETURNING", IMPACT__SQL_ENDS_LIST | IMPACT__SQL_RESERVED},
    {"ROLLBACK", IMPACT__SQL_SKIPPED},
    {"SCHEMA", IMPACT__SQL_OBJECT},
    {"SELECT", IMPACT__SQL_SELECTS | IMPACT__SQL_QUERIES},
    {"SEQUENCE", IMPACT__SQL_OBJECT},
    {"SET", IMPACT__SQL_SETS | IMPACT__SQL_ENDS_LIST | IMPACT__SQL_RESERVED},
    {"START", IMPACT__SQL_ENDS_LIST},
    {"STDIN", IMPACT__SQL_INPUT},
    {"TABLE", IMPACT__SQL_OBJECT | IMPACT__SQL_SKIPPED},
    {"TO", IMPACT__SQL_ASSIGNS},
    {"TRIGGER", IMPACT__SQL_OBJECT | IMPACT__SQL_CODE},
    {"TRUNCATE", IMPACT__SQL_DEFINES | IMPACT__SQL_NAMES},
    {"TYPE", IMPACT__SQL_OBJECT},
    {"UNION", IMPACT__SQL_ENDS_LIST | IMPACT__SQL_RESERVED},
    {"UPDATE", IMPACT__SQL_QUERIES | IMPACT__SQL_CHANGES | IMPACT__SQL_NAMES},
    {"VALUES", IMPACT__SQL_ENDS_LIST | IMPACT__SQL_RESERVED},
    {"VERBOSE", IMPACT__SQL_EXPLAINS},
    {"VIEW", IMPACT__SQL_OBJECT},
    {"WHERE", IMPACT__SQL_ENDS_LIST | IMPACT__SQL_RESERVED},
    {"WINDOW", IMPACT__SQL_ENDS_LIST | IMPACT__SQL_RESERVED},
    {"WITH", IMPACT__SQL_LEADS},
};

enum { shortest = 2, longest = 12 };

/* Negative, zero, positive, as the text stands before, at or behind the word. */
static int compare(impact_text text, const char *with)
{
    for (size_t i = 0; i < text.size; i++) {
        const int difference = impact__to_upper_case(text.data[i]) - with[i];
        if (difference)
            return difference; /* also where the word ends first */
    }
    return with[text.size] ? -1 : 0;
}

unsigned impact__sql_word(impact__sql_token token)
{
    if (token.kind != IMPACT__SQL_WORD || token.text.size < shortest || token.text.size > longest)
        return 0;
    size_t first = 0;
    for (size_t count = sizeof words / sizeof *words; count;) {
        const size_t half = count / 2;
        const int difference = compare(token.text, words[first + half].text);
        if (difference == 0)
            return words[first + half].is;
        if (difference > 0)
            first += half + 1;
        count = difference > 0 ? count - half - 1 : half;
    }
    return 0;
}
