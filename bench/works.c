/* The spans that are timed, compared and counted. */
#include "works.h"

void work_start_end(impact_tracer *tracer, size_t count)
{
    for (size_t i = 0; i < count; i++)
        impact_span_end(impact_span_start(tracer, "checkout", NULL));
}

void work_three_attributes(impact_tracer *tracer, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        impact_span *span = impact_span_start(tracer, "checkout", NULL);
        impact_span_set(span, impact_int("cart.items", (int64_t)i));
        impact_span_set(span, impact_string("user.tier", "gold"));
        impact_span_set(span, impact_bool("cart.is_gift", true));
        impact_span_end(span);
    }
}

void work_spec(impact_tracer *tracer, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        impact_span *span = impact_span_start(tracer, "checkout", NULL);
        impact_span_set(span, impact_int("cart.items", (int64_t)i));
        impact_span_add_event(span, "paid", 0, NULL, 0);
        impact_span_end(span);
    }
}

void work_ten_attributes(impact_tracer *tracer, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        impact_span *span = impact_span_start(tracer, "checkout", NULL);
        impact_span_set(span, impact_string("attribute.number.one", "text.of.attribute.01"));
        impact_span_set(span, impact_string("attribute.number.two", "text.of.attribute.02"));
        impact_span_set(span, impact_string("attribute.number.thr", "text.of.attribute.03"));
        impact_span_set(span, impact_string("attribute.number.fou", "text.of.attribute.04"));
        impact_span_set(span, impact_string("attribute.number.fiv", "text.of.attribute.05"));
        impact_span_set(span, impact_string("attribute.number.six", "text.of.attribute.06"));
        impact_span_set(span, impact_string("attribute.number.sev", "text.of.attribute.07"));
        impact_span_set(span, impact_string("attribute.number.eig", "text.of.attribute.08"));
        impact_span_set(span, impact_string("attribute.number.nin", "text.of.attribute.09"));
        impact_span_set(span, impact_string("attribute.number.ten", "text.of.attribute.10"));
        impact_span_end(span);
    }
}

void work_no_provider(size_t count)
{
    for (size_t i = 0; i < count; i++)
        impact_span_end(impact_span_start(NULL, "checkout", NULL));
}

/* ---- an exporter that does nothing ---- */

static impact_status take_batch(impact_exporter *exporter, const impact_batch *batch,
                                uint32_t timeout_ms, size_t *rejected)
{
    (void)exporter;
    (void)batch;
    (void)timeout_ms;
    (void)rejected;
    return IMPACT_OK;
}

static void close_nothing(impact_exporter *exporter)
{
    (void)exporter;
}

static impact_exporter null_exporter = {.size = sizeof null_exporter,
                                        .name = "nothing",
                                        .export_batch = take_batch,
                                        .close = close_nothing};
impact_exporter *const work_null_exporter = &null_exporter;
