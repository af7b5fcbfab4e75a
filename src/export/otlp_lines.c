/* OTLP as lines of JSON: of a batch, and the exporter that writes them to a descriptor. */
#include "export/otlp_lines.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "export/descriptor.h"
#include "export/gather.h"
#include "export/otlp_json.h"

enum { kept_size = 1024 * 1024 };

/* ---- a line ---- */

static void close_if_huge(impact__buffer *buffer)
{
    if (buffer->capacity > kept_size)
        impact__buffer_close(buffer);
    impact__buffer_clear(buffer);
}

void impact__otlp_line_close(impact__otlp_line *line)
{
    impact__buffer_close(&line->message);
    impact__buffer_close(&line->text);
}

impact_status impact__otlp_line_make(impact_text *made, impact__otlp_line *line,
                                     const impact_batch *batch)
{
    close_if_huge(&line->message);
    close_if_huge(&line->text);
    const impact_status status =
        impact__gather_append(&line->message, batch, (impact__span_range){0, batch->span_count});
    if (status)
        return status;
    if (!impact__otlp_json_append(&line->text, impact__buffer_text(&line->message)))
        return IMPACT_EINVAL;
    impact__buffer_append_char(&line->text, '\n');
    *made = impact__buffer_text(&line->text);
    return line->text.has_failed ? IMPACT_ENOMEM : IMPACT_OK;
}

/* ---- the exporter ---- */

typedef struct lines {
    impact_exporter base; /* first: a pointer to it is a pointer to this */
    impact__descriptor descriptor;
    impact__otlp_line line;
} lines;

static impact_status export_batch(impact_exporter *exporter, const impact_batch *batch,
                                  uint32_t timeout_ms, size_t *rejected)
{
    lines *to = (lines *)exporter;
    const uint64_t deadline_ns = impact__deadline_after_ms(timeout_ms);
    impact_text line;
    (void)rejected; /* a line is written or not */
    const impact_status status = impact__otlp_line_make(&line, &to->line, batch);
    return status ? status : impact__descriptor_write(&to->descriptor, line, deadline_ns);
}

static void interrupt(impact_exporter *exporter)
{
    impact__descriptor_interrupt(&((lines *)exporter)->descriptor);
}

static void close_lines(impact_exporter *exporter)
{
    lines *to = (lines *)exporter;
    const impact_allocator *allocator = to->line.text.allocator;
    impact__otlp_line_close(&to->line);
    impact__free(allocator, to);
}

impact_status impact_exporter_otlp_lines_open(impact_exporter **exporter, int descriptor,
                                              const impact_allocator *allocator)
{
    if (!exporter || descriptor < 0)
        return IMPACT_EINVAL;
    lines *to = impact__alloc(allocator, sizeof *to);
    if (!to)
        return IMPACT_ENOMEM;
    to->base = (impact_exporter){
        .size = sizeof to->base,
        .name = "otlp/stdout",
        .export_batch = export_batch,
        .interrupt = interrupt,
        .close = close_lines,
    };
    impact__descriptor_open(&to->descriptor, descriptor);
    to->line = (impact__otlp_line){IMPACT__BUFFER(allocator), IMPACT__BUFFER(allocator)};
    *exporter = &to->base;
    return IMPACT_OK;
}
