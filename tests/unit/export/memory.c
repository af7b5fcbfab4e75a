/* The memory exporter: what it was given can be read again, whole, whatever memory does. */
#include <impact/exporter.h>
#include <impact/span_view.h>

#include "support/check.h"
#include "support/faults.h"
#include "support/message.h"

enum { span_count = 3 };

typedef struct example {
    message resource;
    message scopes[2];
    message records[span_count];
    impact_text spans[span_count];
    message_batch batch;
} example;

/* Three spans; the first two of one scope. */
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
    message_batch_add(&e->batch, message_text(&e->scopes[0]), e->spans, 2);
    message_batch_add(&e->batch, message_text(&e->scopes[1]), e->spans + 2, 1);
}

static bool is_text(impact_text text, const char *should)
{
    return text.size == strlen(should) && memcmp(text.data, should, text.size) == 0;
}

/* The ResourceSpans of `data`, each checked to be the example. */
static size_t count_examples(impact_text data)
{
    impact_message_walk all = impact_message_walk_of(data, 1);
    impact_text resource_spans;
    size_t count = 0;
    for (; impact_message_walk_next(&all, &resource_spans); count++) {
        impact_message_walk scopes = impact_message_walk_of(resource_spans, 2);
        for (size_t i = 0; i < 2; i++) {
            impact_text scope_spans;
            impact_text part;
            impact_scope_view scope;
            CHECK(impact_message_walk_next(&scopes, &scope_spans));
            impact_message_walk walk = impact_message_walk_of(scope_spans, 1);
            CHECK(impact_message_walk_next(&walk, &part) && impact_scope_view_parse(&scope, part));
            CHECK(is_text(scope.name, i ? "second" : "first"));
            walk = impact_message_walk_of(scope_spans, 2);
            for (size_t spans = i ? 1 : 2; spans; spans--)
                CHECK(impact_message_walk_next(&walk, &part));
            CHECK(!impact_message_walk_next(&walk, &part));
        }
        impact_text none;
        CHECK(!impact_message_walk_next(&scopes, &none));
    }
    return count;
}

TEST(batches_are_kept_with_resource_and_scopes)
{
    example e;
    fill(&e);
    impact_exporter *exporter = NULL;
    REQUIRE(impact_exporter_memory_open(&exporter, NULL) == IMPACT_OK);
    CHECK_STRING(exporter->name, "memory");
    CHECK_EQUAL(impact_exporter_memory_data(exporter).size, 0);
    size_t rejected = 0;
    CHECK_EQUAL(exporter->export_batch(exporter, &e.batch.shown, 0, &rejected), IMPACT_OK);
    CHECK_EQUAL(exporter->export_batch(exporter, &e.batch.shown, 0, &rejected), IMPACT_OK);
    CHECK_EQUAL(rejected, 0);
    CHECK_EQUAL(count_examples(impact_exporter_memory_data(exporter)), 2);
    impact_exporter_memory_clear(exporter);
    CHECK_EQUAL(impact_exporter_memory_data(exporter).size, 0);
    exporter->close(exporter);
}

TEST(spans_without_a_scope_get_none)
{
    example e;
    fill(&e);
    message_batch_open(&e.batch, &e.resource);
    message_batch_add(&e.batch, impact_text_from(NULL, 0), e.spans, span_count);
    impact_exporter *exporter = NULL;
    REQUIRE(impact_exporter_memory_open(&exporter, NULL) == IMPACT_OK);
    size_t rejected = 0;
    CHECK_EQUAL(exporter->export_batch(exporter, &e.batch.shown, 0, &rejected), IMPACT_OK);
    impact_message_walk walk = impact_message_walk_of(impact_exporter_memory_data(exporter), 1);
    impact_text part;
    REQUIRE(impact_message_walk_next(&walk, &part));
    walk = impact_message_walk_of(part, 2);
    REQUIRE(impact_message_walk_next(&walk, &part));
    walk = impact_message_walk_of(part, 1);
    CHECK(!impact_message_walk_next(&walk, &part));
    exporter->close(exporter);
}

static bool has_field(impact_text bytes, uint32_t field, const char *should)
{
    impact_message_walk walk = impact_message_walk_of(bytes, field);
    impact_text text;
    return impact_message_walk_next(&walk, &text) && is_text(text, should);
}

TEST(the_schema_urls_of_resource_and_scope_are_kept)
{
    example e;
    fill(&e);
    e.batch.shown.schema_url = impact_text_of("https://of.resource/1");
    e.batch.scopes[1].schema_url = impact_text_of("https://of.scope/2");
    impact_exporter *exporter = NULL;
    REQUIRE(impact_exporter_memory_open(&exporter, NULL) == IMPACT_OK);
    size_t rejected = 0;
    CHECK_EQUAL(exporter->export_batch(exporter, &e.batch.shown, 0, &rejected), IMPACT_OK);
    impact_message_walk walk = impact_message_walk_of(impact_exporter_memory_data(exporter), 1);
    impact_text resource_spans, first, second, none;
    REQUIRE(impact_message_walk_next(&walk, &resource_spans));
    CHECK(has_field(resource_spans, 3, "https://of.resource/1"));
    walk = impact_message_walk_of(resource_spans, 2);
    REQUIRE(impact_message_walk_next(&walk, &first) && impact_message_walk_next(&walk, &second));
    CHECK(has_field(second, 3, "https://of.scope/2"));
    walk = impact_message_walk_of(first, 3);
    CHECK(!impact_message_walk_next(&walk, &none));
    exporter->close(exporter);
}

TEST(a_batch_that_finds_no_memory_is_kept_not_at_all)
{
    example e;
    fill(&e);
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        impact_exporter *exporter = NULL;
        const impact_status status = impact_exporter_memory_open(&exporter, &f.allocator);
        CHECK_EQUAL(status, exporter ? IMPACT_OK : IMPACT_ENOMEM);
        if (!exporter)
            continue;
        size_t kept = 0;
        size_t rejected = 0;
        for (int i = 0; i < 8; i++)
            kept += exporter->export_batch(exporter, &e.batch.shown, 0, &rejected) == IMPACT_OK;
        CHECK_EQUAL(count_examples(impact_exporter_memory_data(exporter)), kept);
        CHECK_EQUAL(kept < 8, f.injected);
        if (!f.fails_for_good)
            CHECK(kept >= 7); /* the one after a failure is kept again */
        exporter->close(exporter);
    }
}

static void close_nothing(impact_exporter *exporter)
{
    (void)exporter;
}

TEST(null_and_other_exporters_hold_no_data)
{
    impact_exporter other = {.size = sizeof other, .name = "other", .close = close_nothing};
    CHECK_EQUAL(impact_exporter_memory_open(NULL, NULL), IMPACT_EINVAL);
    CHECK_EQUAL(impact_exporter_memory_data(NULL).size, 0);
    CHECK_EQUAL(impact_exporter_memory_data(&other).size, 0);
    impact_exporter_memory_clear(NULL);
    impact_exporter_memory_clear(&other);
}
