/* Ids and span contexts: what is valid, and how ids are written. */
#include <impact/span_context.h>
#include <impact/span_view.h>

#include "support/check.h"

TEST(a_context_is_valid_when_both_ids_are_other_than_zero)
{
    const impact_span_context none = {0};
    const impact_span_context trace_only = {.trace_id = {{[15] = 1}}};
    const impact_span_context span_only = {.span_id = {{[7] = 1}}};
    const impact_span_context both = {.trace_id = {{1}}, .span_id = {{[7] = 1}}};
    CHECK(!impact_span_context_is_valid(&none));
    CHECK(!impact_span_context_is_valid(&trace_only));
    CHECK(!impact_span_context_is_valid(&span_only));
    CHECK(impact_span_context_is_valid(&both));
}

TEST(every_single_bit_of_an_id_makes_it_valid)
{
    for (int bit = 0; bit < 128; bit++) {
        impact_span_context context = {.span_id = {{1}}};
        context.trace_id.bytes[bit / 8] = (uint8_t)(1 << bit % 8);
        CHECK(impact_span_context_is_valid(&context));
    }
    for (int bit = 0; bit < 64; bit++) {
        impact_span_context context = {.trace_id = {{1}}};
        context.span_id.bytes[bit / 8] = (uint8_t)(1 << bit % 8);
        CHECK(impact_span_context_is_valid(&context));
    }
}

TEST(the_sampled_flag_is_the_lowest_bit)
{
    const impact_span_context sampled = {.trace_flags = 0x03};
    const impact_span_context other = {.trace_flags = 0xFE};
    CHECK(impact_span_context_is_sampled(&sampled));
    CHECK(!impact_span_context_is_sampled(&other));
}

TEST(ids_are_written_in_network_order_and_lower_case)
{
    const impact_trace_id trace = {{0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, [15] = 0xff}};
    const impact_span_id span = {{0x01, 0xfe, [7] = 0xa0}};
    char trace_text[33];
    char span_text[17];
    impact_trace_id_format(trace_text, &trace);
    impact_span_id_format(span_text, &span);
    CHECK_STRING(trace_text, "0123456789abcdef00000000000000ff");
    CHECK_STRING(span_text, "01fe0000000000a0");
}

TEST(a_view_of_a_context_is_kept_as_one_with_what_is_valid_of_its_trace_state)
{
    char state[] = "a=1,b=2";
    impact_span_context_view view = {.trace_id = {{1}},
                                     .span_id = {{2}},
                                     .trace_flags = 3,
                                     .is_remote = true,
                                     .trace_state = impact_text_of(state)};
    const impact_span_context kept = impact_span_context_of_view(&view);
    memset(state, 'x', sizeof state - 1);
    const impact_span_context without = impact_span_context_of_view(&view);
    CHECK_STRING(kept.trace_state.text, "a=1,b=2");
    CHECK_STRING(without.trace_state.text, "");
    CHECK(kept.trace_id.bytes[0] == 1 && kept.span_id.bytes[0] == 2);
    CHECK(kept.trace_flags == 3 && kept.is_remote && without.is_remote);
}

TEST(null_is_no_context_and_an_id_of_zeros)
{
    char trace_text[33];
    char span_text[17];
    const impact_span_context of_null = impact_span_context_of_view(NULL);
    CHECK(!impact_span_context_is_valid(NULL) && !impact_span_context_is_valid(&of_null));
    CHECK(!impact_span_context_is_sampled(NULL));
    impact_trace_id_format(trace_text, NULL);
    impact_span_id_format(span_text, NULL);
    CHECK_STRING(trace_text, "00000000000000000000000000000000");
    CHECK_STRING(span_text, "0000000000000000");
    impact_trace_id_format(NULL, &(impact_trace_id){{1}});
    impact_span_id_format(NULL, &(impact_span_id){{1}});
}
