/* What the tokens of statements stand for.
 *
 * DESIGN: One pass over the tokens with a little state: which word is expected to be a target, and
 * for each depth of parentheses whether a statement stands there and whether its FROM list is open.
 * The two are sets of bits; what is nested deeper than they reach is not looked into. A name is
 * only taken for a target's where a table must stand: what is shown of double quotes depends on it.
 */
#include "instrument/sql/statement.h"

#include "instrument/sql/words.h"

enum { depth_limit = 63 };

static uint64_t bit(const impact__sql_statement *s)
{
    return s->depth <= depth_limit ? UINT64_C(1) << s->depth : 0;
}

/* A call: INSERT(...) and REPLACE(...) are functions as well. */
static bool is_called(impact__sql_source source)
{
    return impact__sql_is_operator(impact__sql_next_significant(&source), '(');
}

static bool begins_operation(const impact__sql_statement *s, unsigned word,
                             impact__sql_source source)
{
    if (s->expects_statement || (word & IMPACT__SQL_SELECTS))
        return true;
    /* The body of a common table expression, or what follows the last of them. */
    const bool may_follow = impact__sql_is_operator(s->previous, '(') ||
                            impact__sql_is_operator(s->previous, ')') ||
                            (s->previous_word & IMPACT__SQL_EXPLAINS);
    return may_follow && (word & IMPACT__SQL_CHANGES) && !is_called(source);
}

static impact__sql_role take_operation(impact__sql_statement *s, unsigned word)
{
    s->expects_statement = false;
    if (word & IMPACT__SQL_LEADS)
        return IMPACT__SQL_PLAIN;
    s->lists &= ~bit(s);
    if (word & IMPACT__SQL_QUERIES)
        s->statements |= bit(s);
    else
        s->statements &= ~bit(s);
    s->expects_target = word & IMPACT__SQL_NAMES;
    s->expects_object_type = word & IMPACT__SQL_DEFINES;
    s->sets_option = word & IMPACT__SQL_SETS;
    s->copies = word & IMPACT__SQL_COPIES;
    return IMPACT__SQL_OPERATION;
}

static impact__sql_role take_target(impact__sql_statement *s)
{
    s->expects_target = false;
    s->expects_object_type = false;
    return IMPACT__SQL_TARGET;
}

/* The body of a trigger or a function has statements of its own, which do not run now. */
static impact__sql_role take_object_type(impact__sql_statement *s, unsigned word)
{
    s->expects_object_type = false;
    s->expects_target = true;
    s->is_definition = word & IMPACT__SQL_CODE;
    return IMPACT__SQL_OBJECT_TYPE;
}

/* FROM also stands in IS DISTINCT FROM, and in calls such as EXTRACT(YEAR FROM x). */
static bool opens_list(const impact__sql_statement *s, unsigned word)
{
    return (word & IMPACT__SQL_LISTS) && (s->statements & bit(s)) &&
           !(s->previous_word & IMPACT__SQL_DISTINGUISH);
}

static impact__sql_role take_word(impact__sql_statement *s, unsigned word)
{
    const bool opens = opens_list(s, word);
    if (opens)
        s->lists |= bit(s);
    else if (word & IMPACT__SQL_ENDS_LIST)
        s->lists &= ~bit(s);
    s->expects_target = opens || (word & IMPACT__SQL_ANNOUNCES) ||
                        (s->expects_target && (word & IMPACT__SQL_SKIPPED));
    s->copies_input = s->copies_input || (s->copies && (word & IMPACT__SQL_INPUT));
    s->expects_value = s->expects_value || (s->sets_option && (word & IMPACT__SQL_ASSIGNS));
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
    s->expects_target = s->expects_target && (s->previous_word & IMPACT__SQL_LISTS);
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

static bool may_be_target(unsigned word)
{
    return !(word & (IMPACT__SQL_SKIPPED | IMPACT__SQL_RESERVED));
}

/* A word, or an identifier in quotes. */
static impact__sql_role take_name(impact__sql_statement *s, impact__sql_kind kind, unsigned word,
                                  impact__sql_source source)
{
    const bool is_word = kind == IMPACT__SQL_WORD;
    if (s->expects_value)
        return IMPACT__SQL_VALUE;
    if (impact__sql_is_operator(s->previous, '.'))
        return IMPACT__SQL_PLAIN;
    if (is_word && begins_operation(s, word, source))
        return take_operation(s, word);
    if (s->expects_object_type && (word & IMPACT__SQL_OBJECT))
        return take_object_type(s, word);
    if (s->expects_target && may_be_target(word))
        return take_target(s);
    if (is_word)
        return take_word(s, word);
    return IMPACT__SQL_PLAIN;
}

impact__sql_role impact__sql_statement_take(impact__sql_statement *s, impact__sql_token token,
                                            impact__sql_source source)
{
    const unsigned word = impact__sql_word(token);
    impact__sql_role role = IMPACT__SQL_PLAIN;
    if (impact__sql_is_name(token))
        role = take_name(s, token.kind, word, source);
    else if (token.kind == IMPACT__SQL_OPERATOR)
        take_operator(s, token);
    else
        s->expects_target = false;
    s->previous = token;
    s->previous_word = word;
    return role;
}
