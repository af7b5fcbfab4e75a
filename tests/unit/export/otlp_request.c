/* Requests: a batch is cut where the limit is, and no part is above it. */
#include "export/otlp/request.h"

#include "export/gather.h"
#include "support/check.h"
#include "support/message.h"

enum { span_count = 6 };

typedef struct example {
    message resource;
    message scopes[2];
    message records[span_count];
    impact_finished_span spans[span_count];
    impact_batch batch;
} example;

static void fill(example *e)
{
    e->resource = message_resource("orders");
    for (size_t i = 0; i < 2; i++) {
        e->scopes[i] = (message){.size = 0};
        message_string(&e->scopes[i], 1, i ? "second" : "first");
    }
    for (uint8_t i = 0; i < span_count; i++) {
        const message span = message_span((message_span_facts){.trace = 1, .id = i, .name = "s"});
        e->spans[i] = message_finished(&e->records[i], &span, message_text(&e->scopes[i % 2]));
    }
    e->batch = (impact_batch){message_text(&e->resource), e->spans, span_count};
}

TEST(a_small_batch_is_one_request)
{
    example e;
    fill(&e);
    const impact_batch part = otlp__request_part(&e.batch, 0, OTLP__REQUEST_LIMIT);
    CHECK_EQUAL(part.span_count, span_count);
    CHECK(part.spans == e.spans);
    CHECK(part.resource.data == e.batch.resource.data);
}

TEST(every_part_is_within_the_limit_and_none_is_lost)
{
    example e;
    fill(&e);
    const size_t whole = impact__gather_size(&e.batch);
    size_t most_parts = 0;
    for (size_t limit = 150; limit < whole + 200; limit++) {
        size_t parts = 0;
        for (size_t first = 0; first < span_count; parts++) {
            const impact_batch part = otlp__request_part(&e.batch, first, limit);
            REQUIRE(part.span_count > 0);
            CHECK(part.spans == e.spans + first);
            CHECK(impact__gather_size(&part) <= limit);
            first += part.span_count;
        }
        most_parts = parts > most_parts ? parts : most_parts;
    }
    CHECK(most_parts > 1);
}

TEST(a_span_above_the_limit_makes_an_empty_part)
{
    example e;
    fill(&e);
    CHECK_EQUAL(otlp__request_part(&e.batch, 2, e.spans[2].record.size).span_count, 0);
}
