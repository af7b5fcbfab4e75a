/* The spans that impact view keeps: by trace, bounded, counted. */
#include "store.h"

#include <stdio.h>

#include "ingest.h"
#include "support/check.h"
#include "support/faults.h"
#include "support/message.h"

static view_store store;

static void open_store(size_t span_limit, size_t size_limit)
{
    const view_store_options options = {.span_limit = span_limit, .size_limit = size_limit};
    CHECK_EQUAL(view_store_open(&store, &options), IMPACT_OK);
}

static bool equation_holds(const view_store *s)
{
    return s->received == s->span_count + s->evicted + s->repeated + s->refused;
}

static void close_store(void)
{
    CHECK(equation_holds(&store));
    view_store_close(&store);
}

static view_kept add_to(view_store *s, const char *service, const message *span)
{
    const message resource = message_resource(service);
    view_shared *r = view_store_share(s, message_text(&resource), true);
    view_shared *scope = view_store_share(s, impact_text_from(NULL, 0), false);
    const view_kept kept =
        r && scope ? view_store_add(s, message_text(span), r, scope) : view_kept_no_room;
    view_store_release(s, r);
    view_store_release(s, scope);
    return kept;
}

static view_kept add_span(message_span_facts facts)
{
    const message span = message_span(facts);
    return add_to(&store, "orders", &span);
}

static view_trace *find(uint8_t number)
{
    const impact_trace_id id = {{0xaa, [15] = number}};
    return view_store_find(&store, &id);
}

TEST(a_trace_is_what_its_spans_say)
{
    open_store(0, 0);
    CHECK_EQUAL(add_span((message_span_facts){.trace = 1,
                                              .id = 2,
                                              .parent = 1,
                                              .name = "child",
                                              .start_ns = 30,
                                              .end_ns = 70,
                                              .status = 2}),
                view_kept_it);
    CHECK_EQUAL(add_span((message_span_facts){
                    .trace = 1, .id = 1, .name = "root", .start_ns = 40, .end_ns = 60}),
                view_kept_it);
    const view_trace *trace = find(1);
    REQUIRE(trace);
    CHECK_EQUAL(trace->span_count, 2);
    CHECK_EQUAL(trace->error_count, 1);
    CHECK_EQUAL(trace->start_ns, 30);
    CHECK_EQUAL(trace->end_ns, 70);
    CHECK(trace->root == trace->last);
    CHECK(impact_text_of("orders").size == trace->root->resource->service.size);
    CHECK(!find(2));
    const impact_span_id id = {{0xbb, [7] = 2}};
    CHECK(view_store_find_span(&store, &trace->id, &id) == trace->first);
    close_store();
}

TEST(a_span_that_ends_before_it_starts_takes_no_time)
{
    open_store(0, 0);
    (void)add_span(
        (message_span_facts){.trace = 1, .id = 1, .name = "a", .start_ns = 9, .end_ns = 3});
    REQUIRE(find(1));
    CHECK_EQUAL(find(1)->end_ns, 9);
    CHECK_EQUAL(find(1)->first->duration_ns, 0);
    close_store();
}

TEST(the_trace_that_has_not_changed_for_longest_makes_room)
{
    open_store(3, 0);
    (void)add_span((message_span_facts){.trace = 1, .id = 1, .name = "a"});
    (void)add_span((message_span_facts){.trace = 2, .id = 1, .name = "a"});
    (void)add_span((message_span_facts){.trace = 1, .id = 2, .name = "a"});
    CHECK_EQUAL(add_span((message_span_facts){.trace = 3, .id = 1, .name = "a"}), view_kept_it);
    CHECK(find(1) && !find(2) && find(3));
    CHECK_EQUAL(store.evicted, 1);
    CHECK_EQUAL(add_span((message_span_facts){.trace = 3, .id = 2, .name = "a"}), view_kept_it);
    CHECK(!find(1));
    CHECK_EQUAL(store.evicted, 3);
    CHECK_EQUAL(store.span_count, 2);
    CHECK_EQUAL(store.trace_count, 1);
    close_store();
}

TEST(a_trace_that_fills_the_store_alone_gets_no_more_spans)
{
    open_store(2, 0);
    for (uint8_t i = 1; i <= 4; i++)
        (void)add_span((message_span_facts){.trace = 1, .id = i, .name = "a"});
    CHECK_EQUAL(store.span_count, 2);
    CHECK_EQUAL(store.refused, 2);
    close_store();
}

TEST(bytes_are_bounded)
{
    enum { limit = 20000 };
    open_store(0, limit);
    for (int i = 0; i < 200; i++) {
        (void)add_span((message_span_facts){.trace = (uint8_t)(i + 1), .id = 1, .name = "a"});
        CHECK(store.size <= limit);
    }
    CHECK(store.evicted > 0 && store.span_count > 10);
    CHECK(find(200) != NULL);
    close_store();
}

TEST(what_came_twice_is_kept_once)
{
    open_store(0, 0);
    const message_span_facts facts = {.trace = 1, .id = 1, .name = "a", .end_ns = 4};
    CHECK_EQUAL(add_span(facts), view_kept_it);
    const uint64_t version = store.version;
    CHECK_EQUAL(add_span(facts), view_kept_already);
    CHECK_EQUAL(store.version, version);
    CHECK_EQUAL(store.repeated, 1);
    CHECK_EQUAL(add_span((message_span_facts){.trace = 1, .id = 1, .name = "b"}), view_kept_it);
    CHECK_EQUAL(store.span_count, 2);
    close_store();
}

TEST(of_one_id_no_more_are_kept_than_can_be_looked_through)
{
    char name[16];
    open_store(0, 0);
    for (int i = 0; i < 1000; i++) {
        (void)snprintf(name, sizeof name, "%d", i);
        (void)add_span((message_span_facts){.trace = 1, .id = 1, .name = name});
    }
    CHECK_EQUAL(store.span_count, 64);
    CHECK_EQUAL(store.repeated, 1000 - 64);
    CHECK_EQUAL(add_span((message_span_facts){.trace = 1, .id = 2, .name = "b"}), view_kept_it);
    close_store();
}

TEST(a_span_without_valid_ids_is_refused)
{
    open_store(0, 0);
    message span = {.size = 0};
    message_string(&span, 5, "nobody");
    CHECK_EQUAL(add_to(&store, "orders", &span), view_kept_not);
    message_bytes(&span, 1, "0123456789abcdef", 16);
    message_bytes(&span, 2, "short", 5);
    CHECK_EQUAL(add_to(&store, "orders", &span), view_kept_not);
    CHECK_EQUAL(store.refused, 2);
    close_store();
}

TEST(a_change_has_a_number_and_changed_traces_stand_at_the_end)
{
    open_store(0, 0);
    (void)add_span((message_span_facts){.trace = 1, .id = 1, .name = "a"});
    (void)add_span((message_span_facts){.trace = 2, .id = 1, .name = "a"});
    CHECK(store.last == find(2) && store.last->version == store.version);
    (void)add_span((message_span_facts){.trace = 1, .id = 2, .name = "a"});
    CHECK(store.last == find(1) && store.first == find(2));
    CHECK_EQUAL(find(1)->version, store.version);
    CHECK_EQUAL(find(1)->number, 1);
    close_store();
}

TEST(resources_are_kept_once_and_only_while_they_are_used)
{
    open_store(1, 0);
    const message a = message_resource("a");
    view_shared *first = view_store_share(&store, message_text(&a), true);
    view_shared *second = view_store_share(&store, message_text(&a), true);
    view_shared *scope = view_store_share(&store, message_text(&a), false);
    CHECK(first == second && scope != first);
    view_store_release(&store, second);
    view_store_release(&store, scope);
    view_store_release(&store, first);
    CHECK_EQUAL(store.size, 0);
    close_store();
}

TEST(what_leaves_is_what_came)
{
    open_store(0, 0);
    const message span = message_span((message_span_facts){.trace = 1, .id = 1, .name = "a"});
    const message resource = message_resource("orders");
    message scope_spans = {.size = 0};
    message resource_spans = {.size = 0};
    message request = {.size = 0};
    message_bytes(&scope_spans, 1, "", 0);
    message_nested(&scope_spans, 2, &span);
    message_nested(&resource_spans, 1, &resource);
    message_nested(&resource_spans, 2, &scope_spans);
    message_nested(&request, 1, &resource_spans);
    view_ingested ingested;
    CHECK_EQUAL(view_ingest(&store, message_text(&request), &ingested), IMPACT_OK);
    REQUIRE(find(1));
    impact__buffer out = IMPACT__BUFFER(NULL);
    view_append_request(&out, find(1));
    CHECK_EQUAL(out.size, request.size);
    CHECK(out.size == request.size && memcmp(out.data, request.data, out.size) == 0);
    impact__buffer_close(&out);
    close_store();
}

TEST(of_a_request_that_is_malformed_nothing_is_kept)
{
    open_store(0, 0);
    const message good = message_span((message_span_facts){.trace = 1, .id = 1, .name = "a"});
    message bad = message_span((message_span_facts){.trace = 2, .id = 1, .name = "a"});
    message_bytes(&bad, 9, "\x0A\x7F", 2); /* an attribute whose key is longer than it */
    message scope_spans = {.size = 0};
    message resource_spans = {.size = 0};
    message request = {.size = 0};
    message_nested(&scope_spans, 2, &good);
    message_nested(&scope_spans, 2, &bad);
    message_nested(&resource_spans, 2, &scope_spans);
    message_nested(&request, 1, &resource_spans);
    view_ingested ingested;
    CHECK_EQUAL(view_ingest(&store, message_text(&request), &ingested), IMPACT_EINVAL);
    CHECK_EQUAL(store.received, 0);
    close_store();
}

TEST(without_memory_a_span_is_refused_and_nothing_leaks)
{
    faults f;
    const message span = message_span((message_span_facts){.trace = 1, .id = 1, .name = "a"});
    const message other = message_span((message_span_facts){.trace = 2, .id = 1, .name = "a"});
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        view_store s;
        const view_store_options options = {.span_limit = 10, .allocator = &f.allocator};
        if (!view_store_open(&s, &options)) {
            const bool has_first = add_to(&s, "orders", &span) == view_kept_it;
            const bool has_second = add_to(&s, "cart", &other) == view_kept_it;
            CHECK_EQUAL(s.span_count, has_first + has_second);
            CHECK(atomic_load(&f.injected) || s.span_count == 2);
            CHECK(equation_holds(&s));
        }
        view_store_close(&s);
    }
}
