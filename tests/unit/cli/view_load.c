/* Files of traces, and traces on a terminal. */
#include "load.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/clock.h"
#include "follow.h"
#include "support/check.h"
#include "support/faults.h"
#include "support/message.h"

static view_store store;

#define SPAN(id)                                                                                   \
    "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"traceId\":"                               \
    "\"aa00000000000000000000000000000" id "\",\"spanId\":\"bb0000000000000" id                    \
    "\",\"name\":\"work " id "\"}]}]}]}"

static void open_store(void)
{
    const view_store_options options = {.span_limit = 10};
    CHECK_EQUAL(view_store_open(&store, &options), IMPACT_OK);
}

static size_t bad_line;

static impact_status load(const char *text)
{
    return view_load(&store, impact_text_of(text), &bad_line);
}

TEST(a_file_is_one_request_or_one_a_line)
{
    open_store();
    CHECK_EQUAL(load("\n" SPAN("1") "\n"), IMPACT_OK);
    CHECK_EQUAL(store.span_count, 1);
    CHECK_EQUAL(load(SPAN("2") "\n\n" SPAN("3") "\n"), IMPACT_OK);
    CHECK_EQUAL(store.span_count, 3);
    const message span = message_span((message_span_facts){.trace = 4, .id = 4, .name = "a"});
    message scope_spans = {.size = 0};
    message resource_spans = {.size = 0};
    message request = {.size = 0};
    message_nested(&scope_spans, 2, &span);
    message_nested(&resource_spans, 2, &scope_spans);
    message_nested(&request, 1, &resource_spans);
    CHECK_EQUAL(view_load(&store, message_text(&request), &bad_line), IMPACT_OK);
    CHECK_EQUAL(store.span_count, 4);
    CHECK_EQUAL(bad_line, 0);
    view_store_close(&store);
}

TEST(a_line_that_is_none_is_told_and_the_others_are_taken)
{
    open_store();
    CHECK_EQUAL(load(SPAN("1") "\n{\"resourceSpans\n" SPAN("2") "\n{"), IMPACT_OK);
    CHECK_EQUAL(store.span_count, 2);
    CHECK_EQUAL(bad_line, 2);
    CHECK_EQUAL(load("{\n{\n"), IMPACT_EINVAL);
    CHECK_EQUAL(load("no traces"), IMPACT_EINVAL);
    CHECK_EQUAL(load(""), IMPACT_OK);
    view_store_close(&store);
}

TEST(a_file_that_is_not_there_is_told)
{
    open_store();
    const int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    CHECK(dup2(null, STDERR_FILENO) >= 0);
    CHECK(!view_load_file(&store, "/nothing/here"));
    CHECK_EQUAL(store.received, 0);
    (void)close(null);
    view_store_close(&store);
}

/* What the next view_follow prints. */
static const char *followed(int *next_ms, uint64_t now_ns)
{
    static char page[4096];
    view_outlet outlet;
    int ends[2];
    CHECK_EQUAL(pipe(ends), 0);
    view_outlet_open(&outlet, ends[1], NULL);
    *next_ms = view_follow(&store, &outlet, false, now_ns);
    view_outlet_close(&outlet);
    (void)close(ends[1]);
    const ssize_t got = read(ends[0], page, sizeof page - 1);
    page[got > 0 ? got : 0] = '\0';
    (void)close(ends[0]);
    return page;
}

TEST(a_trace_is_printed_once_it_is_at_rest_and_again_when_it_has_changed)
{
    int next_ms = 0;
    open_store();
    CHECK_STRING(followed(&next_ms, 1), "");
    CHECK_EQUAL(next_ms, -1);
    CHECK_EQUAL(load(SPAN("1") "\n" SPAN("2")), IMPACT_OK);
    const uint64_t now_ns = store.last->changed_ns;
    CHECK_STRING(followed(&next_ms, now_ns), "");
    CHECK(next_ms > 0 && next_ms <= view_rest_ms + 1);
    const uint64_t later_ns = now_ns + view_rest_ms * IMPACT__NS_PER_MS;
    const char *page = followed(&next_ms, later_ns);
    CHECK(check_contains(page, "work 1") && check_contains(page, "work 2"));
    CHECK_EQUAL(next_ms, -1);
    CHECK_STRING(followed(&next_ms, later_ns), "");
    CHECK_EQUAL(load("{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"traceId\":"
                     "\"aa000000000000000000000000000001\",\"spanId\":\"cc00000000000001\","
                     "\"name\":\"more\"}]}]}]}"),
                IMPACT_OK);
    page = followed(&next_ms, store.last->changed_ns + view_rest_ms * IMPACT__NS_PER_MS);
    CHECK(check_contains(page, "work 1") && check_contains(page, "more"));
    CHECK(!check_contains(page, "work 2"));
    view_store_close(&store);
}

/* Traces of one span, each with a name that is long. */
static void load_many(size_t count)
{
    impact__buffer document = IMPACT__BUFFER(NULL);
    impact__buffer_append_string(&document, "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[");
    for (size_t i = 1; i <= count; i++)
        impact__buffer_printf(&document,
                              "%s{\"traceId\":\"%032zx\",\"spanId\":\"cc00000000000001\","
                              "\"name\":\"many\"}",
                              i > 1 ? "," : "", i);
    impact__buffer_append_string(&document, "]}]}]}");
    CHECK_EQUAL(view_load(&store, impact__buffer_text(&document), &bad_line), IMPACT_OK);
    impact__buffer_close(&document);
}

static size_t count_shown(void)
{
    size_t count = 0;
    for (const view_trace *trace = store.first; trace; trace = trace->later)
        count += trace->is_shown;
    return count;
}

TEST(traces_wait_in_the_store_for_a_reader_who_is_slow)
{
    enum { count = 3000 };
    static char piece[4096];
    view_outlet outlet;
    int ends[2];
    const view_store_options options = {.span_limit = count};
    CHECK_EQUAL(view_store_open(&store, &options), IMPACT_OK);
    CHECK_EQUAL(pipe(ends), 0);
    view_outlet_open(&outlet, ends[1], NULL);
    load_many(count);
    const uint64_t now_ns = store.last->changed_ns + view_rest_ms * IMPACT__NS_PER_MS;
    CHECK_EQUAL(view_follow(&store, &outlet, false, now_ns), -1);
    const size_t shown = count_shown();
    CHECK(shown > 0 && shown < count);
    CHECK(view_outlet_awaited(&outlet) > 0);
    CHECK_EQUAL(view_follow(&store, &outlet, false, now_ns), -1);
    CHECK_EQUAL(count_shown(), shown);
    while (count_shown() < count) {
        CHECK(read(ends[0], piece, sizeof piece) > 0);
        view_outlet_send(&outlet);
        CHECK_EQUAL(view_follow(&store, &outlet, false, now_ns), -1);
    }
    view_outlet_close(&outlet);
    view_store_close(&store);
}

TEST(without_memory_nothing_is_loaded_and_nothing_leaks)
{
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        const view_store_options options = {.span_limit = 10, .allocator = &f.allocator};
        if (!view_store_open(&store, &options)) {
            const impact_status status = load(SPAN("1") "\n" SPAN("2"));
            CHECK(status == IMPACT_OK || status == IMPACT_ENOMEM);
            CHECK(atomic_load(&f.injected) || store.span_count == 2);
        }
        view_store_close(&store);
    }
}
