/* The current context's header lines before a header list of the application's. */
#include "instrument/curl/trace_headers.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <impact/propagation.h>

#include "base/alloc.h"

enum { line_limit = 64 * 1024 }; /* bytes: more than any server takes */

/* A node that has its text behind it. */
typedef struct header_line {
    struct curl_slist node; /* first: a pointer to it is a pointer to this */
    char text[];
} header_line;

/* Fields that say nothing without another: who sends that one sends these, or none. */
static const struct {
    const char *field;
    const char *leader;
} followers[] = {
    {"tracestate", "traceparent"},
    {"x-b3-spanid", "x-b3-traceid"},
    {"x-b3-sampled", "x-b3-traceid"},
    {"x-b3-flags", "x-b3-traceid"},
};

/* The line is of that name: "name: value", or "name:" and "name;", which are libcurl's ways to send
 * none and an empty one. */
static bool is_of(const struct curl_slist *line, const char *name)
{
    const size_t size = strlen(name);
    return line->data && strncasecmp(line->data, name, size) == 0 &&
           (line->data[size] == ':' || line->data[size] == ';');
}

static bool has_field(const struct curl_slist *list, const char *name)
{
    while (list && !is_of(list, name))
        list = list->next;
    return list != NULL;
}

static bool is_the_applications(const struct curl_slist *list, const char *name)
{
    if (has_field(list, name))
        return true;
    for (size_t i = 0; i < sizeof followers / sizeof *followers; i++)
        if (strcasecmp(name, followers[i].field) == 0)
            return has_field(list, followers[i].leader);
    return false;
}

/* A propagator of the program's own may write anything; nothing ends a header line early. */
static bool is_printable(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' ? *text != '\t' : *text == 0x7F)
            return false;
    return true;
}

/* What a field was set to before is replaced. */
static void remove_line(impact__trace_headers *headers, const char *name)
{
    struct curl_slist **at = &headers->first;
    while (*at != headers->application && !is_of(*at, name))
        at = &(*at)->next;
    if (*at == headers->application)
        return;
    struct curl_slist *line = *at;
    *at = line->next;
    impact__free(NULL, line);
}

static void set_field(void *carrier, const char *name, const char *value)
{
    impact__trace_headers *headers = carrier;
    const size_t name_size = strlen(name);
    const size_t value_size = strlen(value);
    if (!name_size || name_size > line_limit || value_size > line_limit || !is_printable(name) ||
        !is_printable(value) || strpbrk(name, ":; \t") ||
        is_the_applications(headers->application, name))
        return;
    remove_line(headers, name);
    const size_t size = name_size + 2 + value_size + 1;
    header_line *line = impact__alloc(NULL, sizeof *line + size);
    if (!line)
        return;
    /* As large as it is; a semicolon is libcurl's way to send an empty value. */
    (void)snprintf(line->text, size, value_size ? "%s: %s" : "%s;", name, value);
    line->node = (struct curl_slist){.data = line->text, .next = headers->first};
    headers->first = &line->node;
}

void impact__trace_headers_open(impact__trace_headers *headers, struct curl_slist *list)
{
    *headers = (impact__trace_headers){.first = list, .application = list};
    impact_propagation_inject(NULL, set_field, headers);
}

void impact__trace_headers_close(impact__trace_headers *headers)
{
    while (headers->first != headers->application) {
        struct curl_slist *line = headers->first;
        headers->first = line->next;
        impact__free(NULL, line);
    }
}
