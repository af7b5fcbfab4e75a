/* Metrics of sources as OpenMetrics text (compatibility/prometheus_and_openmetrics "OTLP Metric
 * points to Prometheus").
 *
 * DESIGN: names and keys get underscores for what Prometheus does not have in them, a unit that it
 * knows becomes the end of the name, a counter's sample ends with "_total". The points of a metric
 * come in a row: where the name changes, a family begins.
 */
#include "health/render/openmetrics_metrics.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/ascii.h"
#include "base/json.h"
#include "base/options.h"
#include "base/text.h"
#include "health/render/openmetrics.h"

enum { name_limit = 128 }; /* bytes of a family's name; a longer one is cut */

typedef struct page {
    impact__buffer *buffer;
    char family[name_limit]; /* whose samples are being written */
} page;

/* What unit a name ends with; NULL: none, as for "{span}", which only annotates. */
static const char *word_of(const char *unit)
{
    if (unit && strcmp(unit, "s") == 0)
        return "seconds";
    return unit && strcmp(unit, "By") == 0 ? "bytes" : NULL;
}

static const char *type_of(impact_metric_kind kind)
{
    switch (kind) {
    case IMPACT_METRIC_COUNTER:
        return "counter";
    case IMPACT_METRIC_HISTOGRAM:
        return "histogram";
    case IMPACT_METRIC_UP_DOWN_COUNTER:
        break;
    }
    return "gauge";
}

static void make_valid(char *name)
{
    for (; *name; name++)
        if (!impact__is_alphanumeric_or(*name, "_"))
            *name = '_';
}

static void name_family(char *family, const impact_metric *metric)
{
    const char *unit = word_of(metric->unit);
    const bool has_digit = impact__is_digit(metric->name[0]); /* no name begins so */
    (void)snprintf(family, name_limit, "%s%s%s%s", has_digit ? "_" : "", metric->name,
                   unit ? "_" : "", unit ? unit : ""); /* cut */
    make_valid(family);
}

static void begin_family(page *to, const impact_metric *metric)
{
    char family[name_limit];
    name_family(family, metric);
    if (strcmp(family, to->family) == 0)
        return;
    memcpy(to->family, family, sizeof family);
    impact__openmetrics_heading(to->buffer, family, type_of(metric->kind), word_of(metric->unit),
                                metric->description ? metric->description : "");
}

static void write_key(impact__buffer *buffer, impact_text key)
{
    char name[name_limit];
    (void)snprintf(name, sizeof name, "%.*s", (int)key.size, key.data); /* cut */
    make_valid(name);
    impact__buffer_append_string(buffer, name);
}

/* Up to what is no UTF-8. */
static void write_text(impact__buffer *buffer, impact_text text)
{
    text.size = impact__utf8_valid_prefix(text);
    impact__openmetrics_label_value(buffer, text);
}

static void write_value(impact__buffer *buffer, const impact_value *value)
{
    if (value->type == IMPACT_VALUE_STRING)
        write_text(buffer, impact_text_from(value->string, value->count));
    else if (value->type == IMPACT_VALUE_INT)
        impact__buffer_printf(buffer, "%" PRId64, value->integer);
}

/* The sample of a bucket says where that ends. */
static void write_labels(impact__buffer *buffer, const impact_metric *metric, bool is_bucket)
{
    impact__buffer_append_char(buffer, '{');
    for (size_t i = 0; i < metric->attribute_count; i++) {
        write_key(buffer, metric->attributes[i].key);
        impact__buffer_append_string(buffer, "=\"");
        write_value(buffer, &metric->attributes[i].value);
        const bool is_last = i + 1 == metric->attribute_count && !is_bucket;
        impact__buffer_append_string(buffer, is_last ? "\"" : "\",");
    }
    impact__buffer_append_string(buffer, is_bucket ? "le=\"+Inf\"}" : "}");
}

static void begin_sample(page *to, const impact_metric *metric, const char *ending)
{
    impact__buffer_append_string(to->buffer, to->family);
    impact__buffer_append_string(to->buffer, ending);
    write_labels(to->buffer, metric, strcmp(ending, "_bucket") == 0);
    impact__buffer_append_char(to->buffer, ' ');
}

static void write_count(page *to, const impact_metric *metric, const char *ending)
{
    begin_sample(to, metric, ending);
    impact__buffer_printf(to->buffer, "%" PRIu64 "\n", metric->value);
}

/* A source may be of another version. */
static void take_point(void *userdata, const impact_metric *given)
{
    page *to = userdata;
    impact_metric known;
    const impact_metric *metric = &known;
    if (!given || !impact__struct_read(&known, sizeof known, given) || !known.name)
        return;
    begin_family(to, metric);
    if (metric->kind != IMPACT_METRIC_HISTOGRAM) {
        write_count(to, metric, metric->kind == IMPACT_METRIC_COUNTER ? "_total" : "");
        return;
    }
    write_count(to, metric, "_bucket");
    write_count(to, metric, "_count");
    begin_sample(to, metric, "_sum");
    impact__json_double(to->buffer, metric->sum);
    impact__buffer_append_char(to->buffer, '\n');
}

void impact__openmetrics_render(impact__buffer *buffer, const impact__metric_sources *metrics)
{
    page to = {.buffer = buffer};
    for (size_t i = 0; i < metrics->count; i++)
        metrics->all[i].read(metrics->all[i].source, take_point, &to);
}
