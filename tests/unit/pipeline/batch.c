/* Batches: arranged by scope, every span once, in the order in which they ended. */
#include "pipeline/batch.h"

#include <string.h>

#include "support/check.h"
#include "support/faults.h"

enum { limit = 8 };

static const impact_text resource = {"resource", 8};

static impact__batch_item item(const char *span, const char *scope, const char *schema_url)
{
    return (impact__batch_item){impact_text_of(span), impact_text_of(scope),
                                impact_text_of(schema_url)};
}

static bool is_text(impact_text text, const char *should)
{
    return text.size == strlen(should) && memcmp(text.data, should, text.size) == 0;
}

/* The spans of a scope, one behind the other. */
static bool has_spans(const impact_scope_batch *scope, const char *should)
{
    for (size_t i = 0; i < scope->span_count; i++)
        if (!is_text(scope->spans[i], (const char[]){should[i], 0}))
            return false;
    return scope->span_count == strlen(should);
}

static impact_batch show(impact__batch *batch, const impact__batch_item *items, size_t count)
{
    memcpy(batch->items, items, count * sizeof *items);
    batch->count = count;
    const impact_batch shown = impact__batch_show(batch, resource);
    CHECK_EQUAL(shown.size, sizeof shown);
    CHECK_EQUAL(shown.span_count, count);
    CHECK(shown.resource.data == resource.data);
    for (size_t i = 0; i < shown.scope_count; i++)
        CHECK_EQUAL(shown.scopes[i]->size, sizeof(impact_scope_batch));
    return shown;
}

TEST(spans_are_arranged_by_scope_in_their_order)
{
    impact__batch batch;
    REQUIRE(impact__batch_open(&batch, limit, NULL) == IMPACT_OK);
    const impact__batch_item items[] = {item("1", "a", ""), item("2", "b", ""), item("3", "a", ""),
                                        item("4", "", ""),  item("5", "b", ""), item("6", "a", "")};
    const impact_batch shown = show(&batch, items, 6);
    REQUIRE(shown.scope_count == 3);
    CHECK(is_text(shown.scopes[0]->scope, "a") && has_spans(shown.scopes[0], "136"));
    CHECK(is_text(shown.scopes[1]->scope, "b") && has_spans(shown.scopes[1], "25"));
    CHECK(is_text(shown.scopes[2]->scope, "") && has_spans(shown.scopes[2], "4"));
    impact__batch_close(&batch);
}

TEST(scopes_of_the_same_bytes_are_one_and_a_schema_url_tells_them_apart)
{
    char copy[] = "scope";
    impact__batch batch;
    REQUIRE(impact__batch_open(&batch, limit, NULL) == IMPACT_OK);
    const impact__batch_item items[] = {item("1", "scope", "u"), item("2", copy, "u"),
                                        item("3", copy, "v")};
    impact__batch_item apart[3];
    memcpy(apart, items, sizeof items);
    char another[] = "scope";
    apart[2].scope = impact_text_of(another);
    const impact_batch shown = show(&batch, apart, 3);
    REQUIRE(shown.scope_count == 2);
    CHECK(has_spans(shown.scopes[0], "12") && is_text(shown.scopes[0]->schema_url, "u"));
    CHECK(has_spans(shown.scopes[1], "3") && is_text(shown.scopes[1]->schema_url, "v"));
    impact__batch_close(&batch);
}

TEST(as_many_scopes_as_spans_fit_and_none_is_a_batch_too)
{
    static char names[limit][2];
    impact__batch batch;
    impact__batch_item items[limit];
    REQUIRE(impact__batch_open(&batch, limit, NULL) == IMPACT_OK);
    for (size_t i = 0; i < limit; i++) {
        names[i][0] = (char)('a' + i);
        items[i] = item("x", names[i], "");
    }
    CHECK_EQUAL(show(&batch, items, limit).scope_count, limit);
    CHECK_EQUAL(show(&batch, items, 0).scope_count, 0);
    impact__batch_close(&batch);
}

TEST(a_batch_that_finds_no_memory_is_not_opened)
{
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        impact__batch batch;
        const impact_status status = impact__batch_open(&batch, limit, &f.allocator);
        CHECK_EQUAL(status, atomic_load(&f.injected) ? IMPACT_ENOMEM : IMPACT_OK);
        impact__batch_close(&batch);
        impact__batch_close(&batch); /* all zero */
    }
}
