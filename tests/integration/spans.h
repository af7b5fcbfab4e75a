/* Finished spans as tests look at them: recorded in memory, found by name, read by key. */
#ifndef IMPACT_TESTS_INTEGRATION_SPANS_H
#define IMPACT_TESTS_INTEGRATION_SPANS_H

#include <stdbool.h>
#include <stdint.h>

#include <impact/span_view.h>

/* Record from now on. The provider's memory is malloc's, whatever the default allocator is: a test
 * that refuses memory refuses it to the instrumentation. */
bool spans_open(void);

/* Bring what has ended, and count it. Views are borrowed until the next call. */
size_t spans_count(void);

/* Wait until `count` spans have ended, on whatever thread, and bring them. False after ten
 * seconds. */
bool spans_wait_for(size_t count);

/* The span of this name, the `nth` from 0; NULL when there is none. */
const impact_span_view *spans_find(const char *name, size_t nth);

/* An attribute as text, numbers in decimal; NULL when it is not there. Lives until the next five
 * calls. */
const char *spans_text(const impact_span_view *span, const char *key);

/* An attribute of the last span that started with some, as its sampler saw it; NULL: it was not
 * there. */
const char *spans_sampler_saw(const char *key);

/* The span's parent is this one, in the same trace. */
bool spans_is_child_of(const impact_span_view *child, const impact_span_view *parent);

/* Check the equation of the counters, and stop recording. */
void spans_close(void);

#endif
