/* An exporter of one's own, as a plugin: it says of each span how long it took.
 *
 *     cc -shared -fPIC -o libimpact-mine.so.0 exporter.c $(pkg-config --cflags --libs impact)
 *     IMPACT_PLUGIN_PATH=. OTEL_TRACES_EXPORTER=mine,otlp ./program
 */
#include <stdio.h>

#include <impact/plugin.h>
#include <impact/span_view.h>

typedef struct mine {
    impact_exporter base; /* first: a pointer to it is a pointer to this */
    const impact_allocator *allocator;
} mine;

/* True: it was said. */
static bool say(impact_text bytes)
{
    impact_span_view span;
    if (!impact_span_view_parse(&span, bytes))
        return false;
    const double took_ms = (double)(span.end_unix_ns - span.start_unix_ns) / 1e6;
    return printf("%.*s took %.3f ms\n", (int)span.name.size, span.name.data, took_ms) > 0;
}

/* On a thread of the exporter's own, within timeout_ms. What is not taken is rejected. */
static impact_status export_batch(impact_exporter *exporter, const impact_batch *batch,
                                  uint32_t timeout_ms, size_t *rejected)
{
    (void)exporter, (void)timeout_ms;
    for (size_t i = 0; i < batch->scope_count; i++)
        for (size_t k = 0; k < batch->scopes[i]->span_count; k++)
            *rejected += !say(batch->scopes[i]->spans[k]);
    return IMPACT_OK;
}

static void close_mine(impact_exporter *exporter)
{
    const impact_allocator *allocator = ((mine *)exporter)->allocator;
    (void)fflush(stdout);
    allocator->release(allocator->userdata, exporter);
}

static impact_status open_mine(impact_exporter **exporter, const impact_allocator *allocator)
{
    mine *opened = allocator->allocate(allocator->userdata, sizeof *opened);
    if (!opened)
        return IMPACT_ENOMEM;
    *opened = (mine){
        .base = {.size = sizeof opened->base,
                 .name = "mine",
                 .export_batch = export_batch,
                 .close = close_mine},
        .allocator = allocator,
    };
    *exporter = &opened->base;
    return IMPACT_OK;
}

IMPACT_API extern const impact_plugin impact_plugin_mine;
const impact_plugin impact_plugin_mine = {
    .size = sizeof(impact_plugin),
    .abi = IMPACT_PLUGIN_ABI,
    .name = "mine",
    .exporter_open = open_mine,
};
