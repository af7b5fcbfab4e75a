/* Any bytes as an export, into a store that has room for a few spans, at once and then a step at a
 * time: whatever comes, the equation holds, and what is kept can be listed, searched, drawn and
 * shown. */
#include "answer.h"

#include "ingest.h"
#include "must.h"

static impact_text header(void *carrier, const char *name)
{
    (void)name;
    return impact_text_of(carrier);
}

static void ask(view_store *store, const char *path, const char *query)
{
    view_response response;
    const view_request request = {
        .method = impact_text_of("GET"),
        .path = impact_text_of(path),
        .query = impact_text_of(query),
        .header = header,
        .carrier = (void *)"localhost",
    };
    view_answer(&response, store, &request, true);
    must(response.status == 200 && response.body.size);
    impact__buffer_close(&response.body);
}

static view_progress ingest_in_steps(view_store *store, impact_text request)
{
    view_ingestion ingestion;
    view_slice slice = view_slice_of(0);
    view_progress progress = view_goes_on;
    view_ingest_begin(&ingestion, store, request);
    while (progress == view_goes_on)
        progress = view_ingest_some(&ingestion, &slice);
    view_ingest_end(&ingestion);
    return progress;
}

static void show_all(view_store *store)
{
    impact__buffer request = IMPACT__BUFFER(NULL);
    for (const view_trace *trace = store->first; trace; trace = trace->later) {
        impact__buffer_clear(&request);
        view_append_request(&request, trace);
        must(view_store_find(store, &trace->id) == trace);
        must(trace->end_ns >= trace->start_ns && trace->root);
    }
    impact__buffer_close(&request);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    view_store store;
    view_ingested ingested;
    const view_store_options options = {.span_limit = 8, .size_limit = 16 << 10};
    must(!view_store_open(&store, &options));
    const impact_text request = impact_text_from((const char *)data, size);
    const impact_status status = view_ingest(&store, request, &ingested);
    const uint64_t received = store.received;
    must((ingest_in_steps(&store, request) == view_is_done) == !status);
    must(store.received == 2 * received);
    must(store.received == store.span_count + store.evicted + store.repeated + store.refused);
    must(store.span_count <= 8 && store.size <= (16 << 10));
    ask(&store, "/api/traces", "q=a+http.method=GET&errors=1");
    ask(&store, "/api/traces", NULL);
    ask(&store, "/api/map", NULL);
    show_all(&store);
    view_store_close(&store);
    return 0;
}
