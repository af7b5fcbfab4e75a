/* Sanitiser and summary: any bytes, any capacity. */
#include "instrument/sql/sql.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/text.h"
#include "instrument/sql/lexer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool fact)
{
    if (!fact)
        abort();
}

static bool is_utf8(impact_text text)
{
    return impact__utf8_valid_prefix(text) == text.size;
}

/* The tokens in their order are the text. */
static void lex(impact_text sql)
{
    impact_text rest = sql;
    size_t size = 0;
    for (impact__sql_token token; (token = impact__sql_next(&rest)).kind != IMPACT__SQL_END;) {
        require(token.text.size > 0 && token.text.data == sql.data + size);
        size += token.text.size;
    }
    require(size == sql.size);
}

static void sanitise(impact_text sql, size_t capacity)
{
    char *to = malloc(capacity ? capacity : 1);
    require(to != NULL);
    const size_t size = impact__sql_sanitise(to, capacity, sql);
    require(size <= capacity && size <= sql.size);
    require(!is_utf8(sql) || is_utf8(impact_text_from(to, size)));
    free(to);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const impact_text sql = impact_text_from((const char *)data, size);
    lex(sql);
    sanitise(sql, size);
    sanitise(sql, size / 2);
    char *summary = malloc(IMPACT__SQL_SUMMARY_LIMIT);
    require(summary != NULL);
    const size_t summary_size = impact__sql_summarise(summary, sql);
    require(summary_size <= IMPACT__SQL_SUMMARY_LIMIT);
    require(!is_utf8(sql) || is_utf8(impact_text_from(summary, summary_size)));
    free(summary);
    return 0;
}
