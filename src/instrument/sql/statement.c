/* What the tokens of statements stand for.
 *
 * DESIGN: One pass over the tokens with a little state: which word is expected to be a target, and
 * for each depth of parentheses whether a statement stands there and whether its FROM list is open.
 * The two are sets of bits; what is nested deeper than they reach is not looked into. A name is
 * only taken for a target's where a table must stand: what is shown of double quotes depends on it.
 */
#include "instrument/sql/statement.h"

enum { depth_limit = 63 };

static const char *const querying_words[] = {"SELECT", "DELETE", "UPDATE", NULL};
static const char *const changing_words[] = {"INSERT", "UPDATE", "DELETE", "MERGE", NULL};
static const char *const defining_words[] = {"CREATE", "ALTER", "DROP", "TRUNCATE", NULL};
/* Operations whose next name is their target. */
static const char *const naming_words[] = {"UPDATE",  "CALL",    "EXEC",     "EXECUTE", "PRAGMA",
                                           "ANALYZE", "REINDEX", "TRUNCATE", "COPY",    NULL};
static const char *const leading_words[] = {"WITH", "RECURSIVE", NULL};
static const char *const explaining_words[] = {"EXPLAIN", "PLAN",    "QUERY",
                                               "ANALYZE", "VERBOSE", NULL};
static const char *const option_words[] = {"PRAGMA", "SET", NULL};
/* Who may log in is data, so no USER and no ROLE. */
static const char *const object_words[] = {"TABLE",    "INDEX",    "VIEW",      "TRIGGER",
                                           "SEQUENCE", "DATABASE", "PROCEDURE", "SCHEMA",
                                           "FUNCTION", "TYPE",     NULL};
static const char *const code_words[] = {"TRIGGER", "FUNCTION", "PROCEDURE", NULL};
/* Between the word that announces a target and the target. */
static const char *const skipped_words[] = {
    "IF",    "NOT",  "EXISTS",   "ONLY",         "LATERAL", "OR", "REPLACE", "IGNORE",
    "ABORT", "FAIL", "ROLLBACK", "CONCURRENTLY", "TABLE",   "ON", NULL};
/* They end a FROM list; the reserved ones are no target's name without quotes. */
static const char *const reserved_words[] = {"WHERE",  "GROUP",  "HAVING",    "ORDER", "LIMIT",
                                             "UNION",  "EXCEPT", "INTERSECT", "SET",   "RETURNING",
                                             "WINDOW", "VALUES", NULL};
static const char *const clause_words[] = {"FOR",   "OFFSET",  "FETCH",     "INTO",    "LOCK",
                                           "START", "QUALIFY", "PROCEDURE", "CONNECT", NULL};

static uint64_t bit(const impact__sql_statement *s)
{
    return s->depth <= depth_limit ? UINT64_C(1) << s->depth : 0;
}

/* A call: INSERT(...) and REPLACE(...) are functions as well. */
static bool is_called(impact__sql_source source)
{
    return impact__sql_is_operator(impact__sql_next_significant(&source), '(');
}

static bool begins_operation(const impact__sql_statement *s, impact__sql_token token,
                             impact__sql_source source)
{
    if (token.kind != IMPACT__SQL_WORD)
        return false;
    if (s->expects_statement || impact__sql_is_word(token, "SELECT"))
        return true;
    /* The body of a common table expression, or what follows the last of them. */
    const bool may_follow = impact__sql_is_operator(s->previous, '(') ||
                            impact__sql_is_operator(s->previous, ')') ||
                            impact__sql_is_one_of(s->previous, explaining_words);
    return may_follow && impact__sql_is_one_of(token, changing_words) && !is_called(source);
}

static impact__sql_role take_operation(impact__sql_statement *s, impact__sql_token token)
{
    const bool is_first = s->expects_statement;
    s->expects_statement = false;
    if (impact__sql_is_one_of(token, leading_words))
        return IMPACT__SQL_PLAIN;
    s->lists &= ~bit(s);
    if (impact__sql_is_one_of(token, querying_words))
        s->statements |= bit(s);
    else
        s->statements &= ~bit(s);
    s->expects_target = impact__sql_is_one_of(token, naming_words);
    s->expects_object_type = impact__sql_is_one_of(token, defining_words);
    s->sets_option = is_first && impact__sql_is_one_of(token, option_words);
    s->copies = is_first && impact__sql_is_word(token, "COPY");
    return IMPACT__SQL_OPERATION;
}

static impact__sql_role take_target(impact__sql_statement *s)
{
    s->expects_target = false;
    s->expects_object_type = false;
    return IMPACT__SQL_TARGET;
}

/* The body of a trigger or a function has statements of its own, which do not run now. */
static impact__sql_role take_object_type(impact__sql_statement *s, impact__sql_token token)
{
    s->expects_object_type = false;
    s->expects_target = true;
    s->is_definition = impact__sql_is_one_of(token, code_words);
    return IMPACT__SQL_OBJECT_TYPE;
}

/* FROM also stands in IS DISTINCT FROM, and in calls such as EXTRACT(YEAR FROM x). */
static bool opens_list(const impact__sql_statement *s, impact__sql_token token)
{
    return impact__sql_is_word(token, "FROM") && (s->statements & bit(s)) &&
           !impact__sql_is_word(s->previous, "DISTINCT");
}

static impact__sql_role take_word(impact__sql_statement *s, impact__sql_token token)
{
    s->expects_target = s->expects_target && impact__sql_is_one_of(token, skipped_words);
    if (opens_list(s, token)) {
        s->lists |= bit(s);
        s->expects_target = true;
    } else if (impact__sql_is_one_of(token, reserved_words) ||
               impact__sql_is_one_of(token, clause_words)) {
        s->lists &= ~bit(s);
    }
    if (impact__sql_is_word(token, "JOIN") || impact__sql_is_word(token, "INTO"))
        s->expects_target = true;
    s->copies_input = s->copies_input || (s->copies && impact__sql_is_word(token, "STDIN"));
    s->expects_value = s->expects_value || (s->sets_option && impact__sql_is_word(token, "TO"));
    return IMPACT__SQL_PLAIN;
}

static void begin_statement(impact__sql_statement *s)
{
    *s = (impact__sql_statement){.expects_statement = true, .is_data = s->copies_input};
}

/* A target may stand in parentheses: FROM (a JOIN b). */
static void open_parenthesis(impact__sql_statement *s)
{
    s->depth++;
    s->statements &= ~bit(s);
    s->lists &= ~bit(s);
    s->expects_target = s->expects_target && impact__sql_is_word(s->previous, "FROM");
    s->expects_value = s->expects_value || s->sets_option;
}

static void take_operator(impact__sql_statement *s, impact__sql_token token)
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
    } else if (impact__sql_is_operator(token, '=')) {
        s->expects_value = s->expects_value || s->sets_option;
    }
}

static bool may_be_target(impact__sql_token token)
{
    return impact__sql_is_name(token) && !impact__sql_is_one_of(token, skipped_words) &&
           !impact__sql_is_one_of(token, reserved_words);
}

static impact__sql_role take(impact__sql_statement *s, impact__sql_token token,
                             impact__sql_source source)
{
    const bool is_qualified = impact__sql_is_operator(s->previous, '.');
    if (s->expects_value && impact__sql_is_name(token))
        return IMPACT__SQL_VALUE;
    if (is_qualified && impact__sql_is_name(token))
        return IMPACT__SQL_PLAIN;
    if (begins_operation(s, token, source))
        return take_operation(s, token);
    if (s->expects_object_type && impact__sql_is_one_of(token, object_words))
        return take_object_type(s, token);
    if (s->expects_target && may_be_target(token))
        return take_target(s);
    if (token.kind == IMPACT__SQL_WORD)
        return take_word(s, token);
    s->expects_target = s->expects_target && token.kind == IMPACT__SQL_OPERATOR;
    if (token.kind == IMPACT__SQL_OPERATOR)
        take_operator(s, token);
    return IMPACT__SQL_PLAIN;
}

impact__sql_role impact__sql_statement_take(impact__sql_statement *s, impact__sql_token token,
                                            impact__sql_source source)
{
    const impact__sql_role role = take(s, token, source);
    s->previous = token;
    return role;
}
