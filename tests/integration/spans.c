/* Finished spans as tests look at them. */
#include "spans.h"

#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <impact/exporter.h>
#include <impact/trace.h>

#include "memory_switch.h"
#include "support/check.h"

enum { span_limit = 256, text_limit = 512, text_count = 6, seen_limit = 32, patience_seconds = 60 };

static impact_exporter *exporter;
static impact_span_view spans[span_limit];
static size_t span_count;

/* ---- what a sampler gets to see ---- */

static pthread_mutex_t seen_lock = PTHREAD_MUTEX_INITIALIZER; /* guards all below */
static char seen[seen_limit][2][text_limit];
static size_t seen_count;

static void note(const impact_attribute *attribute)
{
    char(*pair)[text_limit] = seen[seen_count++];
    (void)snprintf(pair[0], text_limit, "%.*s", (int)attribute->key.size, attribute->key.data);
    if (attribute->value.type == IMPACT_VALUE_INT)
        (void)snprintf(pair[1], text_limit, "%" PRId64, attribute->value.integer);
    else
        (void)snprintf(pair[1], text_limit, "%.*s", (int)attribute->value.count,
                       attribute->value.string);
}

/* Decides as the default sampler does, and keeps what it was shown of the last span with
 * attributes. */
static void look(impact_user_sampler *sampler, const impact_sampling_request *request,
                 impact_sampling_result *result)
{
    const impact_sampler unset = impact_sampler_of(IMPACT_SAMPLER_UNSET, 0);
    (void)sampler;
    (void)pthread_mutex_lock(&seen_lock);
    if (request->attribute_count)
        seen_count = 0;
    for (size_t i = 0; i < request->attribute_count && i < seen_limit; i++)
        if (request->attributes[i].value.type != IMPACT_VALUE_NONE)
            note(&request->attributes[i]);
    (void)pthread_mutex_unlock(&seen_lock);
    CHECK(impact_sampler_decide(&unset, request, result));
}

static impact_user_sampler sampler = {.size = sizeof sampler, .should_sample = look};

const char *spans_sampler_saw(const char *key)
{
    const char *found = NULL;
    (void)pthread_mutex_lock(&seen_lock);
    for (size_t i = 0; i < seen_count; i++)
        if (strcmp(seen[i][0], key) == 0)
            found = seen[i][1];
    (void)pthread_mutex_unlock(&seen_lock);
    return found;
}

/* ---- spans ---- */

bool spans_open(void)
{
    if (impact_exporter_memory_open(&exporter, &memory_switch_plain))
        return false;
    impact_exporter *const exporters[] = {exporter};
    const impact_trace_options *options =
        IMPACT_TRACE_OPTIONS(.allocator = &memory_switch_plain, .service_name = "test",
                             .exporters = exporters, .exporter_count = 1,
                             .sampler = impact_sampler_user(&sampler));
    if (impact_trace_init(options) == IMPACT_OK)
        return true;
    impact_exporter_close(exporter);
    return false;
}

/* Field 1 of TracesData is ResourceSpans, field 2 of that ScopeSpans, field 2 of that Span. */
static void take_message(impact_text message, int level)
{
    if (level == 3) {
        if (span_count < span_limit && impact_span_view_parse(&spans[span_count], message))
            span_count++;
        return;
    }
    impact_message_walk walk = impact_message_walk_of(message, level == 0 ? 1 : 2);
    impact_text part;
    while (impact_message_walk_next(&walk, &part))
        take_message(part, level + 1);
}

size_t spans_count(void)
{
    CHECK_EQUAL(impact_trace_flush(10000), IMPACT_OK);
    span_count = 0;
    take_message(impact_exporter_memory_data(exporter), 0);
    return span_count;
}

/* Ended on the server's thread, some time after the client had its answer. */
bool spans_wait_for(size_t count)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    const time_t until = now.tv_sec + patience_seconds;
    impact_trace_stats stats = {.size = sizeof stats};
    do {
        (void)sched_yield();
        impact_trace_get_stats(&stats);
        (void)clock_gettime(CLOCK_MONOTONIC, &now);
    } while (stats.ended < count && now.tv_sec < until);
    return spans_count() == count;
}

const impact_span_view *spans_find(const char *name, size_t nth)
{
    for (size_t i = 0; i < span_count; i++)
        if (spans[i].name.size == strlen(name) &&
            memcmp(spans[i].name.data, name, spans[i].name.size) == 0 && nth-- == 0)
            return &spans[i];
    return NULL;
}

static const char *text_of(const impact_value_view *value)
{
    static char texts[text_count][text_limit];
    static size_t next;
    char *text = texts[next++ % text_count];
    if (value->type == IMPACT_VALUE_INT)
        (void)snprintf(text, text_limit, "%" PRId64, value->integer);
    else
        (void)snprintf(text, text_limit, "%.*s", (int)value->string.size, value->string.data);
    return text;
}

const char *spans_text(const impact_span_view *span, const char *key)
{
    impact_message_walk walk = span ? span->attributes : (impact_message_walk){0};
    impact_text found;
    impact_value_view value;
    while (impact_attribute_view_next(&walk, &found, &value))
        if (found.size == strlen(key) && memcmp(found.data, key, found.size) == 0)
            return text_of(&value);
    return NULL;
}

bool spans_is_child_of(const impact_span_view *child, const impact_span_view *parent)
{
    return child && parent && child->has_parent &&
           memcmp(&child->parent_span_id, &parent->context.span_id, sizeof(impact_span_id)) == 0 &&
           memcmp(&child->context.trace_id, &parent->context.trace_id, sizeof(impact_trace_id)) ==
               0;
}

void spans_close(void)
{
    impact_trace_stats s = {.size = sizeof s};
    impact_trace_get_stats(&s);
    CHECK_EQUAL(s.ended, s.queued + s.in_flight + s.exported + s.dropped_full + s.dropped_memory +
                             s.dropped_closed + s.rejected + s.failed);
    CHECK_EQUAL(impact_trace_shutdown(10000), IMPACT_OK);
}
