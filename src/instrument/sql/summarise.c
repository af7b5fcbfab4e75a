/* db.query.summary: operations and targets. */
#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "instrument/sql/lexer.h"
#include "instrument/sql/sql.h"
#include "instrument/sql/statement.h"

typedef struct summary {
    char *to;
    size_t size;
} summary;

/* All of it or nothing more: false ends the summary. */
static bool add(summary *s, impact_text text)
{
    const size_t blank = s->size ? 1 : 0;
    if (text.size + blank > IMPACT__SQL_SUMMARY_LIMIT - s->size)
        return false;
    if (blank)
        s->to[s->size++] = ' ';
    memcpy(s->to + s->size, text.data, text.size);
    s->size += text.size;
    return true;
}

/* With the rest of a name with dots: schema."table". */
static impact_text whole_name(impact_text name, impact__sql_source source)
{
    while (impact__sql_is_operator(impact__sql_next(&source), '.') &&
           impact__sql_is_name(impact__sql_next(&source)))
        name.size = (size_t)(source.rest.data - name.data);
    return name;
}

/* False: it says nothing more. */
static bool take(summary *s, impact__sql_statement *statement, impact__sql_token token,
                 impact__sql_source source)
{
    if (statement->is_data)
        return false;
    const impact__sql_role role = impact__sql_statement_take(statement, token, source);
    if (role == IMPACT__SQL_TARGET)
        return add(s, whole_name(token.text, source)) && !statement->is_definition;
    if (role == IMPACT__SQL_OPERATION || role == IMPACT__SQL_OBJECT_TYPE)
        return add(s, token.text);
    return true;
}

size_t impact__sql_summarise(char to[IMPACT__SQL_SUMMARY_LIMIT], impact_text sql,
                             impact__sql_dialect dialect)
{
    assert(sql.data || sql.size == 0);
    summary s = {.to = to};
    impact__sql_statement statement = {.expects_statement = true};
    impact__sql_source source = {sql, dialect};
    for (impact__sql_token token;
         (token = impact__sql_next_significant(&source)).kind != IMPACT__SQL_END;)
        if (!take(&s, &statement, token, source))
            break;
    return s.size;
}
