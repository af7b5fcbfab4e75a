/* The list of traces, in JSON. */
#include "trace_list.h"

#include <inttypes.h>

#include "base/json.h"
#include "base/text.h"

enum { service_limit = 500 };

static void append_id(impact__buffer *to, const impact_trace_id *id)
{
    char digits[2 * sizeof id->bytes];
    impact__hex_format(digits, id->bytes, sizeof id->bytes);
    impact__buffer_append_char(to, '"');
    impact__buffer_append(to, digits, sizeof digits);
    impact__buffer_append_string(to, "\",");
}

/* Microseconds: a double has room for them until the year 2255. */
static void append_trace(impact__buffer *to, const view_trace *trace)
{
    impact_span_view root = {.name = {NULL, 0}};
    (void)impact_span_view_parse(&root, trace->root->bytes); /* it was read before */
    impact__buffer_printf(to, "[%" PRIu64 ",%" PRIu64 ",", trace->number, trace->version);
    append_id(to, &trace->id);
    impact__json_html_string(to, trace->root->resource->service);
    impact__buffer_append_char(to, ',');
    impact__json_html_string(to, root.name);
    impact__buffer_printf(to, ",%" PRIu64 ",%" PRIu64 ",%zu,%zu]", trace->start_ns / 1000,
                          trace->end_ns - trace->start_ns, trace->span_count, trace->error_count);
}

static void append_traces(impact__buffer *to, const view_store *store, const view_search *search,
                          uint64_t since)
{
    const char *between = "";
    for (const view_trace *t = store->last; t && t->version > since; t = t->earlier)
        if (view_search_matches(search, t)) {
            impact__buffer_append_string(to, between);
            append_trace(to, t);
            between = ",";
        }
}

/* Each once. */
static size_t collect_services(const view_store *store, impact_text names[service_limit])
{
    size_t count = 0;
    for (size_t i = 0; i < store->bucket_count; i++)
        for (const view_shared *s = store->shared[i]; s && count < service_limit; s = s->next) {
            size_t at = 0;
            while (at < count && !impact__text_equal(names[at], s->service))
                at++;
            if (at == count && s->service.size)
                names[count++] = s->service;
        }
    return count;
}

static void append_services(impact__buffer *to, const view_store *store)
{
    impact_text names[service_limit];
    const size_t count = collect_services(store, names);
    for (size_t i = 0; i < count; i++) {
        impact__buffer_append_string(to, i ? "," : "");
        impact__json_html_string(to, names[i]);
    }
}

void view_append_list(impact__buffer *to, const view_store *store, const view_search *search,
                      uint64_t since)
{
    impact__buffer_printf(
        to, "{\"instance\":%" PRIu64 ",\"version\":%" PRIu64 ",\"oldest\":%" PRIu64 ",\"traces\":[",
        store->instance, store->version, store->first ? store->first->version : store->version + 1);
    append_traces(to, store, search, since);
    impact__buffer_append_string(to, "],\"services\":[");
    append_services(to, store);
    impact__buffer_printf(to,
                          "],\"trace_count\":%zu,\"spans\":%zu,\"bytes\":%zu,\"received\":%" PRIu64
                          ",\"evicted\":%" PRIu64 ",\"repeated\":%" PRIu64 ",\"refused\":%" PRIu64
                          "}\n",
                          store->trace_count, store->span_count, store->size, store->received,
                          store->evicted, store->repeated, store->refused);
}
