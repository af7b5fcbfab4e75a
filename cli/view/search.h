/* What traces are searched for. */
#ifndef IMPACT_CLI_VIEW_SEARCH_H
#define IMPACT_CLI_VIEW_SEARCH_H

#include "store.h"

enum { view_search_text_limit = 1024, view_search_word_limit = 16 };

/* Of a trace, one span has all of it but the duration, which is the trace's own. More spans never
 * make a trace match less: what was found stays found. */
typedef struct view_search {
    impact_text service; /* empty: any */
    struct {
        impact_text key; /* of an attribute; empty: a name or any value has the text in it */
        impact_text text;
    } words[view_search_word_limit];
    size_t word_count;
    uint64_t least_ns; /* of the trace's duration */
    bool has_error;
    char text[3 * view_search_text_limit]; /* what all of it is borrowed from */
    size_t text_size;
} view_search;

/* Read `query`, percent-encoded parameters: service, errors (1), least_ms and q, which has words:
 * "timeout" in a name, a status or a value, in any case; http.method=GET an attribute;
 * db.statement="SELECT 1" with blanks. False: it is none. Parameters of other names are others'. */
bool view_search_parse(view_search *search, impact_text query);

bool view_search_matches(const view_search *search, const view_trace *trace);

/* Whether a span of which only the service is known beside its own has all the words. */
bool view_search_matches_span(const view_search *search, const impact_span_view *span,
                              impact_text service);

/* The value of a parameter of a query, still encoded; false: it is not there. */
bool view_query_find(impact_text *value, impact_text query, const char *name);

#endif
