/* The trace context's header lines before a header list of the application's. */
#include "instrument/curl/trace_headers.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* The list has a line of this name: "name: value", or "name:" and "name;", which are libcurl's ways to
 * send none and an empty one. */
static bool has_field(const struct curl_slist *list, const char *name)
{
    const size_t size = strlen(name);
    for (; list; list = list->next) {
        const char *line = list->data;
        if (line && strncasecmp(line, name, size) == 0 && (line[size] == ':' || line[size] == ';'))
            return true;
    }
    return false;
}

static void set_field(void *carrier, const char *name, const char *value)
{
    impact__trace_headers *headers = carrier;
    const bool is_parent = strcmp(name, "traceparent") == 0;
    char *line = is_parent ? headers->parent : headers->state;
    const size_t capacity = is_parent ? sizeof headers->parent : sizeof headers->state;
    const int size = snprintf(line, capacity, "%s: %s", name, value);
    if (size < 0 || (size_t)size >= capacity)
        *line = 0;
}

static struct curl_slist *put_before(struct curl_slist *node, char *line, struct curl_slist *list)
{
    if (!*line)
        return list;
    *node = (struct curl_slist){.data = line, .next = list};
    return node;
}

struct curl_slist *impact__trace_headers_before(impact__trace_headers *headers,
                                                struct curl_slist *list,
                                                const impact_span_context *context)
{
    if (has_field(list, "traceparent"))
        return list;
    headers->parent[0] = headers->state[0] = 0;
    impact_propagation_inject(context, set_field, headers);
    if (has_field(list, "tracestate"))
        headers->state[0] = 0;
    struct curl_slist *with_state = put_before(&headers->state_node, headers->state, list);
    return put_before(&headers->parent_node, headers->parent, with_state);
}
