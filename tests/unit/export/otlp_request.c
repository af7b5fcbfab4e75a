/* Requests: a batch is cut where the limit is, and no part is above it. */
#include "export/otlp/request.h"

#include <string.h>

#include <impact/span_view.h>

#include "support/check.h"
#include "support/message.h"

enum { span_count = 6 };

typedef struct example {
    message resource;
    message scopes[2];
    message records[span_count];
    impact_text spans[span_count];
    message_batch batch;
} example;

/* Two scopes of three spans. */
static void fill(example *e)
{
    e->resource = message_resource("orders");
    for (size_t i = 0; i < 2; i++) {
        e->scopes[i] = (message){.size = 0};
        message_string(&e->scopes[i], 1, i ? "second" : "first");
    }
    for (uint8_t i = 0; i < span_count; i++) {
        e->records[i] = message_span((message_span_facts){.trace = 1, .id = i, .name = "s"});
        e->spans[i] = message_text(&e->records[i]);
    }
    message_batch_open(&e->batch, &e->resource);
    e->batch.shown.schema_url = impact_text_of("https://of.resource/1");
    for (size_t i = 0; i < 2; i++) {
        message_batch_add(&e->batch, message_text(&e->scopes[i]), e->spans + 3 * i, 3);
        e->batch.scopes[i].schema_url = impact_text_of("https://of.scope/2");
    }
}

/* The spans of `data`, which must be those from `first` on. */
static size_t count_spans(impact_text data, const impact_text *first)
{
    impact_message_walk resources = impact_message_walk_of(data, 1);
    impact_text resource_spans, scope_spans, span;
    size_t count = 0;
    CHECK(impact_message_walk_next(&resources, &resource_spans));
    impact_message_walk scopes = impact_message_walk_of(resource_spans, 2);
    while (impact_message_walk_next(&scopes, &scope_spans)) {
        impact_message_walk spans = impact_message_walk_of(scope_spans, 2);
        for (; impact_message_walk_next(&spans, &span); count++)
            CHECK(span.size == first[count].size &&
                  memcmp(span.data, first[count].data, span.size) == 0);
    }
    return count;
}

TEST(a_small_batch_is_one_request)
{
    example e;
    fill(&e);
    const impact__span_range all = otlp__request_range(&e.batch.shown, 0, OTLP__REQUEST_LIMIT);
    CHECK_EQUAL(all.first, 0);
    CHECK_EQUAL(all.count, span_count);
}

TEST(every_part_is_within_the_limit_and_as_large_as_it_may_be)
{
    example e;
    fill(&e);
    const size_t whole = impact__gather_size(&e.batch.shown, (impact__span_range){0, span_count});
    size_t most_parts = 0;
    for (size_t limit = 230; limit < whole + 200; limit++) {
        size_t parts = 0;
        for (size_t first = 0; first < span_count; parts++) {
            impact__buffer request = IMPACT__BUFFER(NULL);
            const impact__span_range part = otlp__request_range(&e.batch.shown, first, limit);
            const impact__span_range one_more = {first, part.count + 1};
            REQUIRE(part.first == first && part.count > 0);
            CHECK_EQUAL(impact__gather_append(&request, &e.batch.shown, part), IMPACT_OK);
            CHECK(request.size <= limit);
            CHECK_EQUAL(request.size, impact__gather_size(&e.batch.shown, part));
            CHECK_EQUAL(count_spans(impact__buffer_text(&request), e.spans + first), part.count);
            impact__buffer_close(&request);
            first += part.count;
            CHECK(first == span_count || impact__gather_size(&e.batch.shown, one_more) > limit);
        }
        most_parts = parts > most_parts ? parts : most_parts;
    }
    CHECK(most_parts > 1);
}

enum {
    mebibyte = 1024 * 1024,
    large_count = 64,
    span_head_size = 1 + 3, /* its tag and its length, of three bytes up to 2 MiB */
};

/* 64 spans, in all `size` bytes with the heads that stand before each of them, and nothing else. */
static void fill_large(example *e, impact_text *spans, char *memory, size_t size)
{
    e->resource.size = 0;
    for (size_t i = 0; i < large_count; i++) /* one memory serves them all */
        spans[i] = impact_text_from(memory, mebibyte);
    spans[large_count - 1].size =
        size - (large_count - 1) * (size_t)(mebibyte + span_head_size) - span_head_size;
    message_batch_open(&e->batch, &e->resource);
    message_batch_add(&e->batch, impact_text_from(NULL, 0), spans, large_count);
}

TEST(the_limit_of_64_mib_counts_the_envelope)
{
    static char memory[mebibyte];
    static impact_text spans[large_count];
    example e;
    const impact__span_range all = {0, large_count};
    /* ScopeSpans: tag and a length of 4; the empty resource: 2; ResourceSpans: tag and a length of
     * 4. */
    const size_t envelope = 5 + 2 + 5;
    fill_large(&e, spans, memory, OTLP__REQUEST_LIMIT - envelope);
    CHECK_EQUAL(impact__gather_size(&e.batch.shown, all), 64 * mebibyte);
    CHECK_EQUAL(otlp__request_range(&e.batch.shown, 0, OTLP__REQUEST_LIMIT).count, large_count);
    for (size_t beyond = 1; beyond <= envelope; beyond++) {
        fill_large(&e, spans, memory, OTLP__REQUEST_LIMIT - envelope + beyond);
        CHECK_EQUAL(otlp__request_range(&e.batch.shown, 0, OTLP__REQUEST_LIMIT).count,
                    large_count - 1);
    }
}

TEST(a_span_above_the_limit_makes_an_empty_part)
{
    example e;
    fill(&e);
    const size_t alone = impact__gather_size(&e.batch.shown, (impact__span_range){2, 1});
    CHECK_EQUAL(otlp__request_range(&e.batch.shown, 2, alone - 1).count, 0);
    CHECK_EQUAL(otlp__request_range(&e.batch.shown, 2, alone).count, 1);
}
