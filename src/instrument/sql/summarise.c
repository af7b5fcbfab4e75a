/* db.query.summary: operations and targets.
 *
 * DESIGN: One pass over the tokens with a little state: which word is expected to be a target, and for
 * each depth of parentheses whether a statement stands there and whether its FROM list is open. The
 * two are sets of bits; what is nested deeper than they reach is not looked into.
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "instrument/sql/lexer.h"
#include "instrument/sql/sql.h"

enum { depth_limit = 63 };

typedef struct summary {
    char *to;
    size_t size;
    bool is_full;
    bool expects_statement;   /* a word here is an operation */
    bool expects_target;      /* a name here is a target */
    bool expects_object_type; /* TABLE, INDEX and so on */
    bool is_finished;         /* what follows says nothing more */
    unsigned depth;
    uint64_t statements; /* a bit a depth: a statement that may have a FROM stands there */
    uint64_t lists;      /* a bit a depth: its FROM list is open */
    impact__sql_token previous;
} summary;

static const char *const querying_words[] = {"SELECT", "DELETE", "UPDATE", NULL};
static const char *const changing_words[] = {"INSERT", "UPDATE", "DELETE", "MERGE", NULL};
static const char *const defining_words[] = {"CREATE", "ALTER", "DROP", "TRUNCATE", NULL};
/* Operations whose next name is their target. */
static const char *const naming_words[] = {"UPDATE",  "CALL",     "EXEC",    "EXECUTE", "PRAGMA",
                                           "ANALYZE", "TRUNCATE", "REINDEX", NULL};
static const char *const leading_words[] = {"WITH", "RECURSIVE", NULL};
static const char *const explaining_words[] = {"EXPLAIN", "PLAN",    "QUERY",
                                               "ANALYZE", "VERBOSE", NULL};
static const char *const object_words[] = {
    "TABLE",  "INDEX",    "VIEW", "TRIGGER", "SEQUENCE", "DATABASE", "PROCEDURE",
    "SCHEMA", "FUNCTION", "TYPE", "ROLE",    "USER",     NULL};
/* Between the word that announces a target and the target. */
static const char *const skipped_words[] = {
    "IF",     "NOT",   "EXISTS", "ONLY",     "LATERAL",      "OR",    "REPLACE",
    "IGNORE", "ABORT", "FAIL",   "ROLLBACK", "CONCURRENTLY", "TABLE", NULL};
static const char *const list_ending_words[] = {
    "WHERE",     "GROUP", "HAVING",    "ORDER",  "LIMIT",  "UNION", "EXCEPT",
    "INTERSECT", "SET",   "RETURNING", "WINDOW", "VALUES", NULL};

static uint64_t bit(const summary *s)
{
    return s->depth <= depth_limit ? UINT64_C(1) << s->depth : 0;
}

/* All of it or nothing more: `is_full` ends the summary. */
static void add(summary *s, impact_text text)
{
    const size_t blank = s->size ? 1 : 0;
    s->is_full = s->is_full || text.size + blank > IMPACT__SQL_SUMMARY_LIMIT - s->size;
    if (s->is_full)
        return;
    if (blank)
        s->to[s->size++] = ' ';
    memcpy(s->to + s->size, text.data, text.size);
    s->size += text.size;
}

static bool is_name(impact__sql_token token)
{
    return token.kind == IMPACT__SQL_WORD || token.kind == IMPACT__SQL_QUOTED;
}

/* Take the rest of a name with dots: schema . "table". */
static impact_text whole_name(impact_text name, impact_text *rest)
{
    for (;;) {
        impact_text ahead = *rest;
        if (!impact__sql_is_operator(impact__sql_next(&ahead), '.') ||
            !is_name(impact__sql_next(&ahead)))
            return name;
        name.size += (size_t)(ahead.data - rest->data);
        *rest = ahead;
    }
}

/* A call: INSERT(...) and REPLACE(...) are functions as well. */
static bool is_called(impact_text rest)
{
    impact__sql_token next = impact__sql_next(&rest);
    if (next.kind == IMPACT__SQL_BLANK)
        next = impact__sql_next(&rest);
    return impact__sql_is_operator(next, '(');
}

static bool begins_operation(const summary *s, impact__sql_token token, impact_text rest)
{
    if (token.kind != IMPACT__SQL_WORD)
        return false;
    if (s->expects_statement || impact__sql_is_word(token, "SELECT"))
        return true;
    /* The body of a common table expression, or what follows the last of them. */
    const bool may_follow = impact__sql_is_operator(s->previous, '(') ||
                            impact__sql_is_operator(s->previous, ')') ||
                            impact__sql_is_one_of(s->previous, explaining_words);
    return may_follow && impact__sql_is_one_of(token, changing_words) && !is_called(rest);
}

static void take_operation(summary *s, impact__sql_token token)
{
    const bool leads = impact__sql_is_one_of(token, leading_words);
    s->expects_statement = false;
    if (leads)
        return;
    add(s, token.text);
    s->lists &= ~bit(s);
    if (impact__sql_is_one_of(token, querying_words))
        s->statements |= bit(s);
    else
        s->statements &= ~bit(s);
    s->expects_target = impact__sql_is_one_of(token, naming_words);
    s->expects_object_type = impact__sql_is_one_of(token, defining_words);
}

static void take_target(summary *s, impact__sql_token token, impact_text *rest)
{
    s->expects_target = false;
    s->expects_object_type = false;
    add(s, whole_name(token.text, rest));
}

/* The body of a trigger or a function has statements of its own, which do not run now. */
static void take_object_type(summary *s, impact__sql_token token)
{
    s->expects_object_type = false;
    s->expects_target = true;
    s->is_finished = impact__sql_is_word(token, "TRIGGER") ||
                     impact__sql_is_word(token, "FUNCTION") ||
                     impact__sql_is_word(token, "PROCEDURE");
    add(s, token.text);
}

/* FROM also stands in IS DISTINCT FROM, and in calls such as EXTRACT(YEAR FROM x). */
static bool opens_list(const summary *s, impact__sql_token token)
{
    return impact__sql_is_word(token, "FROM") && (s->statements & bit(s)) &&
           !impact__sql_is_word(s->previous, "DISTINCT");
}

static void take_word(summary *s, impact__sql_token token)
{
    if (opens_list(s, token)) {
        s->lists |= bit(s);
        s->expects_target = true;
    } else if (impact__sql_is_word(token, "JOIN") || impact__sql_is_word(token, "INTO")) {
        s->expects_target = true;
    } else if (impact__sql_is_one_of(token, list_ending_words)) {
        s->lists &= ~bit(s);
    }
}

static void begin_statement(summary *s)
{
    s->expects_statement = true;
    s->expects_target = s->expects_object_type = false;
    s->depth = 0;
    s->statements = s->lists = 0;
}

/* A target may stand in parentheses: FROM (a JOIN b). */
static void open_parenthesis(summary *s)
{
    s->depth++;
    s->statements &= ~bit(s);
    s->lists &= ~bit(s);
}

static void take_operator(summary *s, impact__sql_token token)
{
    if (impact__sql_is_operator(token, '(')) {
        open_parenthesis(s);
        return;
    }
    s->expects_target = false;
    if (impact__sql_is_operator(token, ';')) {
        begin_statement(s);
    } else if (impact__sql_is_operator(token, ')') && s->depth) {
        s->depth--;
    } else if (impact__sql_is_operator(token, ',')) {
        s->expects_target = (s->lists & bit(s)) != 0;
    }
}

static bool may_be_target(impact__sql_token token)
{
    return is_name(token) && !impact__sql_is_one_of(token, skipped_words) &&
           !impact__sql_is_one_of(token, list_ending_words);
}

static void take(summary *s, impact__sql_token token, impact_text *rest)
{
    if (begins_operation(s, token, *rest))
        take_operation(s, token);
    else if (s->expects_object_type && impact__sql_is_one_of(token, object_words))
        take_object_type(s, token);
    else if (s->expects_target && may_be_target(token))
        take_target(s, token, rest);
    else if (token.kind == IMPACT__SQL_WORD)
        take_word(s, token);
    else if (token.kind == IMPACT__SQL_OPERATOR)
        take_operator(s, token);
    else
        s->expects_target = false;
    s->previous = token;
}

size_t impact__sql_summarise(char to[IMPACT__SQL_SUMMARY_LIMIT], impact_text sql)
{
    summary s = {.to = to, .expects_statement = true};
    for (impact__sql_token token; (token = impact__sql_next(&sql)).kind != IMPACT__SQL_END;) {
        if (token.kind != IMPACT__SQL_BLANK)
            take(&s, token, &sql);
        if (s.is_full || (s.is_finished && !s.expects_target))
            break;
    }
    return s.size;
}
